// The store on SQLite and a blob folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/storage/data_folder.h"
#include "regatta/tracking/store.h"

namespace regatta::storage {

struct StoreOptions {
  std::string folder;
  Clock* clock = nullptr;  // outlives the store
  // Hears of committed changes; may be empty.
  tracking::ChangeListener on_change;
  // Called on the writer's thread after a commit failed, or a Write's work threw, and everything it
  // held was undone, so that state derived from it can be thrown away; may be empty.
  std::function<void()> on_rollback;
  // Called on the writer's thread after each Write's work, kept or undone, so that what was derived
  // from an undone one can be thrown away; may be empty.
  std::function<void(bool kept)> on_step;
  // A registered SQLite VFS to go through, or empty. For tests that make the disk fail.
  std::string vfs;
  // Pages in the write-ahead log beyond which it is written back into the database.
  int checkpoint_frames = 2000;
};

// What a start found, for the log.
struct StoreSummary {
  bool is_new = false;
  std::int64_t migrated_from = 0;  // 0: was current
  std::string backup;              // the backup made before the migration, if any
  std::int64_t projects = 0;
  std::int64_t runs = 0;
  std::int64_t log_pieces = 0;
};

class SqlStore : public tracking::Store {
 public:
  // Opens the folder, which the caller holds by a FolderLock; migrates older data after backing it
  // up. Errors: kFailedPrecondition for newer data or an unusable folder.
  static Result<std::unique_ptr<SqlStore>> Open(StoreOptions options);
  // Commits what is queued, then closes.
  ~SqlStore() override = default;

  virtual const StoreSummary& summary() const = 0;
  // Folds summaries and heartbeats into the runs' rows, erases some of what was deleted, removes
  // blobs that no row names. To be called every few seconds, from any one thread. Each Write of it
  // is short.
  virtual Result<void> Maintain() = 0;
};

// Copies a consistent image of the data folder, which may be in use, into `target`, which must not
// exist.
Result<void> Backup(const std::string& folder, const std::string& target);

// Makes the data folder `folder`, which must be missing or empty, from a backup.
Result<void> Restore(const std::string& backup, const std::string& folder);

struct FsckReport {
  std::int64_t log_pieces = 0;
  std::int64_t lines = 0;
  std::int64_t blobs = 0;
  std::int64_t orphan_blobs = 0;      // harmless: no row names them
  std::vector<std::string> problems;  // one sentence each; empty: all is well
};

// Reads everything and checks it: the database's structure, each piece of the log, each blob's
// hash. The folder must not be in use. Errors: only if the folder cannot be read at all.
Result<FsckReport> Fsck(const std::string& folder);

}  // namespace regatta::storage
