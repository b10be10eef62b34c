// Who watches which project, and what to tell them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "regatta/net/responder.h"
#include "regatta/tracking/store.h"

namespace regatta::server {

// Thread-safe. Publishing never blocks: each stream has its own bounded buffer.
class LiveBus {
 public:
  // Sends committed changes of `project` to `stream`; with `run_name`, only that run's.
  void Subscribe(tracking::ProjectId project, std::string run_name, net::EventStream stream);
  void Publish(const std::vector<tracking::Change>& changes);
  std::size_t subscriber_count() const;

 private:
  struct Subscriber {
    std::string run_name;
    net::EventStream stream;
  };

  mutable std::mutex mutex_;
  std::multimap<tracking::ProjectId, Subscriber> subscribers_;  // guarded by mutex_
  std::uint64_t next_event_ = 1;                                // guarded by mutex_
};

}  // namespace regatta::server
