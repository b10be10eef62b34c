// The one place where tracking keeps things: snapshots to read, atomic steps to write.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/tracking/account.h"
#include "regatta/tracking/artifact.h"
#include "regatta/tracking/project.h"
#include "regatta/tracking/run.h"
#include "regatta/tracking/run_file.h"
#include "regatta/tracking/stream.h"

namespace regatta::tracking {

// What a committed write touched, for people who watch.
struct Change {
  enum Kind : std::uint32_t {
    kState = 1,
    kHistory = 2,
    kConsole = 4,
    kSummary = 8,
    kConfig = 16,
    kFiles = 32,
    kEvents = 64,
    kSweep = 128,
    kDeleted = 256,
    kRenamed = 512,  // the project itself: whatever was found by its path may be elsewhere now
  };
  ProjectId project{};
  std::string run_name;    // empty: the sweep or the project itself
  std::string sweep_name;  // empty: no sweep
  std::uint32_t kinds = 0;
};

// All tables, as seen inside one Read (const) or one Write.
class Tables {
 public:
  virtual ~Tables() = default;

  virtual AccountTables& accounts() = 0;
  virtual ProjectTables& projects() = 0;
  virtual RunTables& runs() = 0;
  virtual StreamTables& streams() = 0;
  virtual RunFileTables& files() = 0;
  virtual ArtifactTables& artifacts() = 0;
  const AccountTables& accounts() const { return const_cast<Tables*>(this)->accounts(); }
  const ProjectTables& projects() const { return const_cast<Tables*>(this)->projects(); }
  const RunTables& runs() const { return const_cast<Tables*>(this)->runs(); }
  const StreamTables& streams() const { return const_cast<Tables*>(this)->streams(); }
  const RunFileTables& files() const { return const_cast<Tables*>(this)->files(); }
  const ArtifactTables& artifacts() const { return const_cast<Tables*>(this)->artifacts(); }

  // Told to the feed once the write is committed, and forgotten if it is not.
  virtual void Notify(Change change) = 0;
};

// Thread-safe. COMMIT is the one durability point: what Write or AppendStreams reported as done
// survives the death of the process and of the machine.
class Store {
 public:
  virtual ~Store() = default;

  // Runs `work` on the calling thread against one snapshot of the committed data. Blocks only for
  // the disk. Everything committed before the call is visible.
  virtual Result<void> Read(FunctionRef<Result<void>(const Tables&)> work) = 0;

  // Runs `work` on the writer's thread as one atomic step and blocks until it is durable. If `work`
  // or the commit fails nothing has changed. Work of several callers shares one commit. Errors:
  // those of `work`; kUnavailable if the disk is full or failing, or the store is closing.
  virtual Result<void> Write(FunctionRef<Result<void>(Tables&)> work) = 0;

  // Queues `append` and calls `done` on the writer's thread once it is durable, or failed. The hot
  // path: costs one insert, and no savepoint. `done` must not block.
  virtual void AppendStreams(StreamAppend append, std::function<void(Result<void>)> done) = 0;

  // Notes a sign of life of a run, kept in memory and written with the run's next change.
  virtual void TouchRun(RunId run, Timestamp at) = 0;

  virtual BlobStore& blobs() = 0;
};

// Hears of committed changes, on the writer's thread. Must not block.
using ChangeListener = std::function<void(const std::vector<Change>&)>;

}  // namespace regatta::tracking
