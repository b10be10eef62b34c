#include <memory>
#include <unordered_map>

#include "project_access.h"
#include "regatta/base/rng.h"
#include "regatta/server/routes.h"

namespace regatta::server {

using tracking::Tables;
using tracking::User;

namespace {

constexpr std::chrono::minutes kTicketLifetime{1};
constexpr std::uint64_t kTicketBodyBytesMax = 4096;  // nothing in it is read

// Browsers cannot send headers with an event stream, so a short-lived ticket stands for the person.
class Tickets {
 public:
  explicit Tickets(Clock& clock) : clock_(clock) {}

  std::string Make(const User& user) {
    const std::lock_guard lock(mutex_);
    const Timestamp now = clock_.Now();
    std::erase_if(tickets_, [&](const auto& entry) { return entry.second.until < now; });
    std::string ticket = RandomId(32);
    tickets_[ticket] = {user, now + kTicketLifetime};
    return ticket;
  }
  // Somebody's rights have changed: each comes for a new one.
  void Clear() {
    const std::lock_guard lock(mutex_);
    tickets_.clear();
  }
  std::optional<User> Find(std::string_view ticket) {
    const std::lock_guard lock(mutex_);
    const auto found = tickets_.find(std::string(ticket));
    if (found == tickets_.end() || found->second.until < clock_.Now()) return std::nullopt;
    return found->second.user;
  }

 private:
  struct Ticket {
    User user;
    Timestamp until;
  };
  Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Ticket> tickets_;  // guarded by mutex_
};

// The project that `user` may see under "entity/project".
Result<tracking::ProjectId> FindProject(const Services& services, const User& user,
                                        std::string_view path) {
  const std::size_t slash = path.find('/');
  const Error unknown = NotFound("no such project: pass project=ENTITY/PROJECT");
  if (slash == std::string_view::npos) return unknown;
  Result<tracking::ProjectId> found = unknown;
  const Result<void> read = services.store.Read([&](const Tables& tables) -> Result<void> {
    found =
        FindVisibleProject(tables, user, path.substr(0, slash), path.substr(slash + 1), unknown);
    return Ok();
  });
  if (!read) return read.error();
  return found;
}

}  // namespace

void AddLiveRoutes(net::Router& router, const Services& services) {
  const auto tickets = std::make_shared<Tickets>(services.clock);
  services.authenticator.OnForget([&live = services.live, tickets] {
    tickets->Clear();
    live.CloseAll();
  });
  router.Add(
      "POST", "/api/live-ticket",
      [&services, tickets](net::Request request, net::Responder responder) {
        services.workers.Post([&services, tickets, request = std::move(request), responder] {
          const Result<User> viewer = services.viewer(request);
          if (!viewer) return responder.Send(viewer.error());
          responder.Send(net::JsonResponse("{\"ticket\":\"" + tickets->Make(*viewer) + "\"}"));
        });
      },
      {.body_bytes_max = kTicketBodyBytesMax, .gate = RequireKey(services)});
  router.Add(
      "GET", "/api/live", [&services, tickets](net::Request request, net::Responder responder) {
        services.workers.Post([&services, tickets, request = std::move(request), responder] {
          const std::uint64_t generation = services.live.generation();
          std::optional<User> viewer = tickets->Find(request.Query("ticket"));
          if (!viewer) {
            Result<User> by_header = services.viewer(request);
            if (!by_header) {
              return responder.Send(Unauthenticated(
                  "the ticket is unknown or too old: get a new one from POST /api/live-ticket"));
            }
            viewer = *std::move(by_header);
          }
          const Result<tracking::ProjectId> project =
              FindProject(services, *viewer, request.Query("project"));
          if (!project) return responder.Send(project.error());
          const Result<void> subscribed =
              services.live.Subscribe({.user = viewer->id,
                                       .project = *project,
                                       .run_name = std::string(request.Query("run")),
                                       .generation = generation},
                                      [&] {
                                        net::EventStream stream = responder.StartEvents();
                                        stream.Send("hello", "", "{}");
                                        return stream;
                                      });
          if (!subscribed) responder.Send(subscribed.error());
        });
      });
}

}  // namespace regatta::server
