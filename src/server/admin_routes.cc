#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "regatta/server/routes.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/run_rules.h"

namespace regatta::server {

using nlohmann::json;
using tracking::ApiKey;
using tracking::Entity;
using tracking::Tables;
using tracking::ToInt;
using tracking::User;

namespace {

std::string Dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

using Work =
    std::function<Result<net::Response>(const Services&, const net::Request&, const json&)>;

// A route for administrators, worked on by a thread that may wait for the disk.
void Add(net::Router& router, const Services& services, const char* method, const char* pattern,
         Work work) {
  router.Add(method, pattern,
             [&services, work = std::move(work)](net::Request request, net::Responder responder) {
               services.workers.Post([&services, work, request = std::move(request), responder] {
                 const Result<User> viewer = services.viewer(request);
                 if (!viewer) return responder.Send(viewer.error());
                 if (!viewer->is_admin) {
                   return responder.Send(
                       PermissionDenied("only an administrator can do this: use the key in the "
                                        "data folder's api-key file"));
                 }
                 const std::optional<json> body =
                     tracking::ParseStrictJson(request.body.empty() ? "{}" : request.body);
                 if (!body || !body->is_object()) {
                   return responder.Send(InvalidArgument(
                       "the body is not a JSON object, or nests deeper than 200 levels"));
                 }
                 Result<net::Response> response = work(services, request, *body);
                 if (!response) return responder.Send(response.error());
                 responder.Send(*std::move(response));
               });
             },
             {.body_bytes_max = std::uint64_t{1} << 20, .gate = RequireKey(services)});
}

std::string StringOf(const json& body, const char* name, std::string fallback = {}) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : fallback;
}

json Describe(const User& user) {
  return {{"name", user.name},
          {"entity", user.name},
          {"email", user.email},
          {"admin", user.is_admin},
          {"created_at", FormatTime(user.created_at)}};
}

Result<net::Response> CreateUser(const Services& services, const net::Request&, const json& body) {
  User user{.name = StringOf(body, "name"),
            .email = StringOf(body, "email"),
            .is_admin = body.value("admin", json(false)).is_boolean() && body.value("admin", false),
            .created_at = services.clock.Now()};
  if (const std::string problem = tracking::EntityNameProblem(user.name); !problem.empty()) {
    return InvalidArgument(fmt::format("user name \"{}\" {}", user.name.substr(0, 80), problem));
  }
  const std::string given_key = StringOf(body, "api_key");
  if (!given_key.empty()) {
    if (const std::string problem = tracking::ApiKeyProblem(given_key); !problem.empty()) {
      return InvalidArgument(fmt::format("the given API key {}", problem));
    }
  }
  const std::string key = given_key.empty() ? tracking::NewApiKey() : given_key;
  const Result<void> written = services.store.Write([&](Tables& tables) -> Result<void> {
    if (Result<void> inserted = tables.accounts().InsertUser(user); !inserted) return inserted;
    ApiKey row = tracking::MakeKeyRow(user.id, key, "made with the user", services.clock.Now());
    return tables.accounts().InsertKey(row);
  });
  if (!written) return written.error();
  services.authenticator.Forget();
  json answer = Describe(user);
  // A key that the caller gave is not repeated.
  if (given_key.empty()) answer["api_key"] = key;
  return net::JsonResponse(Dump(answer), 201);
}

Result<net::Response> ListUsers(const Services& services, const net::Request&, const json&) {
  json users = json::array();
  const Result<void> read = services.store.Read([&](const Tables& tables) -> Result<void> {
    const Result<std::vector<User>> listed = tables.accounts().ListUsers();
    if (!listed) return listed.error();
    for (const User& user : *listed) users.push_back(Describe(user));
    return Ok();
  });
  if (!read) return read.error();
  return net::JsonResponse(Dump({{"users", users}}));
}

Result<User> RequireUser(const Tables& tables, std::string_view name) {
  Result<std::optional<User>> user = tables.accounts().FindUserByName(name);
  if (!user) return user.error();
  if (!*user) return NotFound(fmt::format("user \"{}\" does not exist", name));
  return **std::move(user);
}

Result<void> DeleteProjects(Tables& tables, tracking::EntityId entity) {
  const Result<std::vector<tracking::Project>> projects = tables.projects().List(entity);
  if (!projects) return projects.error();
  for (const tracking::Project& project : *projects) {
    if (Result<void> done = tables.projects().Delete(project.id); !done) return done;
  }
  return Ok();
}

Result<net::Response> DeleteUser(const Services& services, const net::Request& request,
                                 const json&) {
  const Result<void> written = services.store.Write([&](Tables& tables) -> Result<void> {
    const Result<User> user = RequireUser(tables, request.Param("name"));
    if (!user) return user.error();
    if (user->is_admin) {
      const Result<std::vector<User>> users = tables.accounts().ListUsers();
      if (!users) return users.error();
      if (std::ranges::count_if(*users, &User::is_admin) == 1) {
        return Conflict(fmt::format(
            "user \"{}\" is the last administrator: make another one first, with \"admin\": true",
            user->name));
      }
    }
    if (Result<void> done = DeleteProjects(tables, user->entity); !done) return done;
    return tables.accounts().DeleteUser(user->id);
  });
  if (!written) return written.error();
  services.authenticator.Forget();
  return net::Response{.status = 204};
}

Result<net::Response> CreateKey(const Services& services, const net::Request& request,
                                const json& body) {
  const std::string key = tracking::NewApiKey();
  ApiKey row;
  const Result<void> written = services.store.Write([&](Tables& tables) -> Result<void> {
    const Result<User> user = RequireUser(tables, request.Param("name"));
    if (!user) return user.error();
    row = tracking::MakeKeyRow(user->id, key, StringOf(body, "description"), services.clock.Now());
    return tables.accounts().InsertKey(row);
  });
  if (!written) return written.error();
  return net::JsonResponse(Dump({{"id", ToInt(row.id)}, {"api_key", key}}), 201);
}

Result<net::Response> ListKeys(const Services& services, const net::Request& request, const json&) {
  json keys = json::array();
  const Result<void> read = services.store.Read([&](const Tables& tables) -> Result<void> {
    const Result<User> user = RequireUser(tables, request.Param("name"));
    if (!user) return user.error();
    const Result<std::vector<ApiKey>> rows = tables.accounts().ListKeys(user->id);
    if (!rows) return rows.error();
    for (const ApiKey& row : *rows) {
      keys.push_back({{"id", ToInt(row.id)},
                      {"prefix", row.prefix},
                      {"description", row.description},
                      {"created_at", FormatTime(row.created_at)}});
    }
    return Ok();
  });
  if (!read) return read.error();
  return net::JsonResponse(Dump({{"keys", keys}}));
}

Result<net::Response> DeleteKey(const Services& services, const net::Request& request,
                                const json&) {
  const std::string_view text = request.Param("id");
  std::int64_t id = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || stop != text.data() + text.size()) {
    return InvalidArgument(fmt::format("\"{}\" is no key id: `regatta key list` shows them", text));
  }
  const Result<void> written = services.store.Write([&](Tables& tables) -> Result<void> {
    const Result<std::optional<ApiKey>> key = tables.accounts().FindKey(tracking::ApiKeyId{id});
    if (!key) return key.error();
    if (!*key) return NotFound(fmt::format("key {} does not exist", id));
    return tables.accounts().DeleteKey((*key)->id);
  });
  if (!written) return written.error();
  services.authenticator.Forget();
  return net::Response{.status = 204};
}

// A member's, where the body names none.
Result<tracking::Role> RoleOf(const json& body) {
  const std::string name = StringOf(body, "role", "member");
  if (name == "admin") return tracking::Role::kAdmin;
  if (name == "member") return tracking::Role::kMember;
  if (name == "viewer") return tracking::Role::kViewer;
  return InvalidArgument(
      fmt::format("no role is called \"{}\": write admin, member or viewer", name.substr(0, 80)));
}

Result<Entity> RequireTeam(const Tables& tables, std::string_view name) {
  Result<std::optional<Entity>> team = tables.accounts().FindEntityByName(name);
  if (!team) return team.error();
  if (!*team || !(*team)->is_team) {
    return NotFound(fmt::format("team \"{}\" does not exist", name));
  }
  return **std::move(team);
}

Result<net::Response> CreateTeam(const Services& services, const net::Request&, const json& body) {
  Entity team{.name = StringOf(body, "name"), .is_team = true, .created_at = services.clock.Now()};
  if (const std::string problem = tracking::EntityNameProblem(team.name); !problem.empty()) {
    return InvalidArgument(fmt::format("team name \"{}\" {}", team.name.substr(0, 80), problem));
  }
  const json members = body.value("members", json::array());
  if (!members.is_array()) return InvalidArgument("members is not a list of {\"name\", \"role\"}");
  const Result<void> written = services.store.Write([&](Tables& tables) -> Result<void> {
    if (Result<void> inserted = tables.accounts().InsertTeam(team); !inserted) return inserted;
    for (const json& member : members) {
      const Result<User> user = RequireUser(tables, StringOf(member, "name"));
      if (!user) return user.error();
      const Result<tracking::Role> role = RoleOf(member);
      if (!role) return role.error();
      const Result<void> put =
          tables.accounts().PutMember(team.id, {.user = user->id, .role = *role});
      if (!put) return put;
    }
    return Ok();
  });
  if (!written) return written.error();
  return net::JsonResponse(Dump({{"name", team.name}}), 201);
}

Result<net::Response> DeleteTeam(const Services& services, const net::Request& request,
                                 const json&) {
  const Result<void> written = services.store.Write([&](Tables& tables) -> Result<void> {
    const Result<Entity> team = RequireTeam(tables, request.Param("name"));
    if (!team) return team.error();
    if (Result<void> done = DeleteProjects(tables, team->id); !done) return done;
    return tables.accounts().DeleteTeam(team->id);
  });
  if (!written) return written.error();
  services.authenticator.Forget();
  return net::Response{.status = 204};
}

// Adds somebody to a team, or changes their role.
Result<net::Response> PutMember(const Services& services, const net::Request& request,
                                const json& body) {
  const Result<tracking::Role> role = RoleOf(body);
  if (!role) return role.error();
  const Result<void> written = services.store.Write([&](Tables& tables) -> Result<void> {
    const Result<Entity> team = RequireTeam(tables, request.Param("name"));
    if (!team) return team.error();
    const Result<User> user = RequireUser(tables, request.Param("user"));
    if (!user) return user.error();
    return tables.accounts().PutMember(team->id, {.user = user->id, .role = *role});
  });
  if (!written) return written.error();
  services.authenticator.Forget();
  return net::Response{.status = 204};
}

Result<net::Response> DeleteMember(const Services& services, const net::Request& request,
                                   const json&) {
  const Result<void> written = services.store.Write([&](Tables& tables) -> Result<void> {
    const Result<Entity> team = RequireTeam(tables, request.Param("name"));
    if (!team) return team.error();
    const Result<User> user = RequireUser(tables, request.Param("user"));
    if (!user) return user.error();
    return tables.accounts().DeleteMember(team->id, user->id);
  });
  if (!written) return written.error();
  services.authenticator.Forget();
  return net::Response{.status = 204};
}

}  // namespace

void AddAdminRoutes(net::Router& router, const Services& services) {
  Add(router, services, "POST", "/api/admin/users", CreateUser);
  Add(router, services, "GET", "/api/admin/users", ListUsers);
  Add(router, services, "DELETE", "/api/admin/users/{name}", DeleteUser);
  Add(router, services, "POST", "/api/admin/users/{name}/keys", CreateKey);
  Add(router, services, "GET", "/api/admin/users/{name}/keys", ListKeys);
  Add(router, services, "DELETE", "/api/admin/keys/{id}", DeleteKey);
  Add(router, services, "POST", "/api/admin/teams", CreateTeam);
  Add(router, services, "DELETE", "/api/admin/teams/{name}", DeleteTeam);
  Add(router, services, "PUT", "/api/admin/teams/{name}/members/{user}", PutMember);
  Add(router, services, "DELETE", "/api/admin/teams/{name}/members/{user}", DeleteMember);
}

}  // namespace regatta::server
