// Where what the store tells of its changes goes.
#pragma once

#include <mutex>
#include <vector>

#include "regatta/tracking/store.h"

namespace regatta::app {

// The store is there before those who want to hear of its changes, and after them: its writer may
// still commit what was queued while they go. Thread-safe.
class ChangeHub {
 public:
  // Told of every change while it exists, and never after it has gone: its destructor waits for a
  // call that is under way. One at a time.
  class Listening {
   public:
    // `hub` outlives it. `listener` is called by the store's writer, and does not wait for it.
    Listening(ChangeHub& hub, tracking::ChangeListener listener);
    ~Listening();
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

   private:
    ChangeHub& hub_;
  };

  void Tell(const std::vector<tracking::Change>& changes);

 private:
  std::mutex mutex_;
  tracking::ChangeListener listener_;  // guarded by mutex_
};

}  // namespace regatta::app
