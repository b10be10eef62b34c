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

void LiveBus::Subscribe(tracking::ProjectId project, std::string run_name,
                        net::EventStream stream) {
  const std::lock_guard lock(mutex_);
  subscribers_.emplace(project, Subscriber{std::move(run_name), std::move(stream)});
}

void LiveBus::Publish(const std::vector<Change>& changes) {
  const std::lock_guard lock(mutex_);
  if (subscribers_.empty()) return;
  for (const Change& change : changes) {
    auto [at, end] = subscribers_.equal_range(change.project);
    if (at == end) continue;
    const std::string id = fmt::format("{}", next_event_++);
    const std::string data = Describe(change);
    while (at != end) {
      Subscriber& subscriber = at->second;
      bool is_open = subscriber.stream.is_open();
      if (is_open && !change.run_name.empty() &&
          (subscriber.run_name.empty() || subscriber.run_name == change.run_name)) {
        is_open = subscriber.stream.Send("change", id, data);
      }
      if (is_open && !change.sweep_name.empty() && subscriber.run_name.empty()) {
        is_open = subscriber.stream.Send("sweep", id,
                                         nlohmann::json{{"sweep", change.sweep_name}}.dump());
      }
      at = is_open ? std::next(at) : subscribers_.erase(at);
    }
  }
}

std::size_t LiveBus::subscriber_count() const {
  const std::lock_guard lock(mutex_);
  return subscribers_.size();
}

}  // namespace regatta::server
