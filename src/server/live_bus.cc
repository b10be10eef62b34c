#include "regatta/server/live_bus.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace regatta::server {

using tracking::Change;

namespace {

constexpr std::pair<std::uint32_t, const char*> kKindNames[] = {
    {Change::kState, "state"},     {Change::kHistory, "history"}, {Change::kConsole, "console"},
    {Change::kSummary, "summary"}, {Change::kConfig, "config"},   {Change::kFiles, "files"},
    {Change::kEvents, "events"},   {Change::kSweep, "sweep"},     {Change::kDeleted, "deleted"},
};

std::string Describe(const Change& change) {
  nlohmann::json kinds = nlohmann::json::array();
  for (const auto& [bit, name] : kKindNames) {
    if ((change.kinds & bit) != 0) kinds.push_back(name);
  }
  nlohmann::json data = {{"run", change.run_name}, {"kinds", std::move(kinds)}};
  data["sweep"] = change.sweep_name.empty() ? nlohmann::json() : nlohmann::json(change.sweep_name);
  return data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

// A stream that ends calls back into Leave, from Send and Close too, so those are never called
// under the mutex.
struct LiveBus::State {
  struct Subscriber {
    Subscription subscription;
    net::EventStream stream;
  };
  using Subscribers = std::unordered_map<std::uint64_t, Subscriber>;

  mutable std::mutex mutex;
  // Guarded by mutex.
  Subscribers subscribers;  // by the number that Join gave
  std::multimap<tracking::ProjectId, std::uint64_t> by_project;
  std::unordered_map<std::int64_t, std::size_t> of_user;
  std::uint64_t next_subscriber = 1;
  std::uint64_t next_event = 1;
  std::uint64_t generation = 0;

  Result<std::uint64_t> Join(const Subscription& subscription) {
    const std::lock_guard lock(mutex);
    if (subscription.generation != generation) {
      return Unavailable("keys or users have just changed: ask again");
    }
    std::size_t& own = of_user[tracking::ToInt(subscription.user)];
    if (own >= kStreamsOfUserMax) {
      return ResourceExhausted(
          fmt::format("you follow changes by {} streams already: close a page or a `regatta watch`",
                      kStreamsOfUserMax));
    }
    ++own;
    const std::uint64_t id = next_subscriber++;
    subscribers[id].subscription = subscription;
    by_project.emplace(subscription.project, id);
    return id;
  }

  // False when it has left already.
  bool Attach(std::uint64_t id, const net::EventStream& stream) {
    const std::lock_guard lock(mutex);
    const auto found = subscribers.find(id);
    if (found == subscribers.end()) return false;
    found->second.stream = stream;
    return true;
  }

  void Leave(std::uint64_t id) {
    Subscribers::node_type gone;  // destroyed after the lock
    const std::lock_guard lock(mutex);
    gone = subscribers.extract(id);
    if (gone.empty()) return;
    const Subscription& subscription = gone.mapped().subscription;
    auto [at, end] = by_project.equal_range(subscription.project);
    while (at != end && at->second != id) ++at;
    if (at != end) by_project.erase(at);
    const auto own = of_user.find(tracking::ToInt(subscription.user));
    if (--own->second == 0) of_user.erase(own);
  }
};

LiveBus::LiveBus() : state_(std::make_shared<State>()) {}
LiveBus::~LiveBus() = default;

std::uint64_t LiveBus::generation() const {
  const std::lock_guard lock(state_->mutex);
  return state_->generation;
}

Result<void> LiveBus::Subscribe(const Subscription& subscription,
                                FunctionRef<net::EventStream()> start) {
  const Result<std::uint64_t> id = state_->Join(subscription);
  if (!id) return id.error();
  net::EventStream stream = start();
  if (!state_->Attach(*id, stream)) {
    stream.Close();
    return Ok();
  }
  stream.OnClose([weak = std::weak_ptr(state_), id = *id] {
    if (const std::shared_ptr<State> state = weak.lock()) state->Leave(id);
  });
  return Ok();
}

void LiveBus::Publish(const std::vector<Change>& changes) {
  struct Event {
    net::EventStream stream;
    const char* name;
    std::string id;
    std::string data;
  };
  std::vector<Event> events;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->subscribers.empty()) return;
    for (const Change& change : changes) {
      const auto [begin, end] = state_->by_project.equal_range(change.project);
      if (begin == end) continue;
      const std::string id = fmt::format("{}", state_->next_event++);
      const std::string data = Describe(change);
      for (auto at = begin; at != end; ++at) {
        const State::Subscriber& subscriber = state_->subscribers.at(at->second);
        const std::string& run = subscriber.subscription.run_name;
        if (!change.run_name.empty() && (run.empty() || run == change.run_name)) {
          events.push_back({subscriber.stream, "change", id, data});
        }
        if (!change.sweep_name.empty() && run.empty()) {
          events.push_back({subscriber.stream, "sweep", id,
                            nlohmann::json{{"sweep", change.sweep_name}}.dump()});
        }
      }
    }
  }
  for (Event& event : events) event.stream.Send(event.name, event.id, event.data);
}

void LiveBus::CloseAll() {
  State::Subscribers ended;
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->generation;
    ended.swap(state_->subscribers);
    state_->by_project.clear();
    state_->of_user.clear();
  }
  for (auto& [id, subscriber] : ended) subscriber.stream.Close();
}

std::size_t LiveBus::subscriber_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->subscribers.size();
}

}  // namespace regatta::server
