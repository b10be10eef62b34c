#include "fair_pool.h"

#include <utility>

namespace regatta::wandb {

FairPool::FairPool(const Limits& limits)
    : limits_(limits), threads_(limits.threads, limits.niceness) {}

bool FairPool::Post(std::int64_t owner, std::function<void()> work) {
  if (is_closed_) return false;
  {
    const std::lock_guard lock(mutex_);
    Owner& own = owners_[owner];
    if (own.running >= limits_.running_of_owner_max) {
      if (own.waiting.size() >= limits_.waiting_of_owner_max) return false;
      own.waiting.push_back(std::move(work));
      return true;
    }
    ++own.running;
  }
  Start(owner, std::move(work));
  return true;
}

void FairPool::Start(std::int64_t owner, std::function<void()> work) {
  threads_.Post([this, owner, work = std::move(work)] {
    // Also when the work throws.
    struct AtEnd {
      FairPool& pool;
      std::int64_t owner;
      ~AtEnd() { pool.Finish(owner); }
    };
    const AtEnd at_end{*this, owner};
    if (!is_closed_) work();
  });
}

void FairPool::Finish(std::int64_t owner) {
  std::function<void()> next;
  // After the lock: what is dropped may answer somebody.
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    const auto found = owners_.find(owner);
    Owner& own = found->second;
    if (is_closed_) dropped.swap(own.waiting);
    if (own.waiting.empty()) {
      if (--own.running == 0) owners_.erase(found);
      return;
    }
    next = std::move(own.waiting.front());
    own.waiting.pop_front();
  }
  Start(owner, std::move(next));
}

}  // namespace regatta::wandb
