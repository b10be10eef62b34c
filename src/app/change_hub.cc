#include "change_hub.h"

#include <utility>

namespace regatta::app {

ChangeHub::Listening::Listening(ChangeHub& hub, tracking::ChangeListener listener) : hub_(hub) {
  const std::lock_guard lock(hub_.mutex_);
  hub_.listener_ = std::move(listener);
}

ChangeHub::Listening::~Listening() {
  const std::lock_guard lock(hub_.mutex_);
  hub_.listener_ = nullptr;
}

void ChangeHub::Tell(const std::vector<tracking::Change>& changes) {
  const std::lock_guard lock(mutex_);
  if (listener_) listener_(changes);
}

}  // namespace regatta::app
