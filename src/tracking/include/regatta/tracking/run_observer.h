// Who else must know, inside the same write, what happens to a run: sweeps.
#pragma once

#include <cstdint>
#include <span>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/tracking/run.h"
#include "regatta/tracking/store.h"
#include "regatta/tracking/stream.h"

namespace regatta::tracking {

// Called on the writer's thread, inside the write that changes the run, for runs that name a sweep.
// An error undoes the whole write. Implementations may change `run` (its state, its stop flag); the
// caller stores it afterwards.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  // The run's process has shown itself: the run was pending, or is new, or had ended before.
  virtual Result<void> OnStarted(Tables& tables, Run& run, Timestamp now) = 0;
  // The process logged, or said that it is alive (then nothing is new). `history` holds the new
  // lines of every stream; `run.summary_json` is the newest summary.
  virtual Result<void> OnRows(Tables& tables, Run& run, std::span<const StreamLines> history,
                              bool summary_changed, Timestamp now) = 0;
  // The process announced that it may be taken away.
  virtual Result<void> OnPreempting(Tables& tables, Run& run, Timestamp now) = 0;
  // The process ended; `run.state` and `run.exit_code` say how.
  virtual Result<void> OnEnded(Tables& tables, Run& run, Timestamp now) = 0;
  // The run is about to be deleted.
  virtual Result<void> OnDeleting(Tables& tables, const Run& run, Timestamp now) = 0;
};

}  // namespace regatta::tracking
