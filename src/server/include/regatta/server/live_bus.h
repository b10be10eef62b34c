// Who watches which project, and what to tell them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/net/responder.h"
#include "regatta/tracking/store.h"

namespace regatta::server {

// Thread-safe. Publishing never blocks: each stream has its own bounded buffer.
class LiveBus {
 public:
  // Of one person at once. A browser has six for one host.
  static constexpr std::size_t kStreamsOfUserMax = 100;

  struct Subscription {
    tracking::UserId user{};
    tracking::ProjectId project{};
    // Empty: all runs of the project.
    std::string run_name;
    // Of before the user's rights were looked at.
    std::uint64_t generation = 0;
  };

  LiveBus();
  ~LiveBus();

  // Counts CloseAll.
  std::uint64_t generation() const;

  // Sends committed changes to the stream that `start` makes, until it ends. `start` is called
  // once, and only without an error. Errors: kResourceExhausted when the user has
  // kStreamsOfUserMax; kUnavailable when rights have changed since `generation`, so that they have
  // to be looked at again.
  Result<void> Subscribe(const Subscription& subscription, FunctionRef<net::EventStream()> start);

  // Called by one thread at a time, in the order of the commits.
  void Publish(const std::vector<tracking::Change>& changes);

  // Ends all streams: somebody's rights have changed. Clients come back, and are looked at again.
  void CloseAll();

  std::size_t subscriber_count() const;

 private:
  struct State;
  // Shared with the streams, which may end after the bus.
  const std::shared_ptr<State> state_;
};

}  // namespace regatta::server
