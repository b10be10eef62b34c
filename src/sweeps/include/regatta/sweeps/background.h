// How slow work leaves the writer's thread.
#pragma once

#include <functional>
#include <memory>

#include "regatta/base/clock.h"

namespace regatta::sweeps {

class WarmSearches;

struct Background {
  // Runs the work it is given on another thread, some time, in any order. It may be called from any
  // thread, never blocks, and is called by work that it runs. Empty: there is no other thread, and
  // everything is done where it is needed.
  std::function<void(std::function<void()>)> post;
  // Which searches keep the memory of their models; null: all.
  std::shared_ptr<WarmSearches> warm;
};

// Tells when a sweep's search has its next point at hand. Thread-safe; may outlive its sweep.
class Readiness {
 public:
  virtual ~Readiness() = default;
  // Waits until a point that rests on everything told so far is at hand, or none is wanted; false
  // when `longest` went by first.
  virtual bool Await(Duration longest) = 0;
};

}  // namespace regatta::sweeps
