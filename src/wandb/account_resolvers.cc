// People, teams and keys.
#include <fmt/format.h>

#include <algorithm>

#include "connection.h"
#include "request_context.h"
#include "resolvers.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::ApiKey;
using tracking::Entity;
using tracking::Member;
using tracking::Tables;
using tracking::ToInt;
using tracking::User;

namespace {

// Those that the one who asks belongs to as well.
Result<Resolved> ResolveTeams(const User& user, const FieldContext& field) {
  std::vector<Entity> entities;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    Result<std::vector<Entity>> listed = tables.accounts().ListEntitiesOf(user.id);
    if (!listed) return listed.error();
    for (Entity& entity : *listed) {
      const auto visible = FindVisibleEntity(tables, Context(field), entity.name);
      if (!visible) return visible.error();
      if (*visible) entities.push_back(std::move(entity));
    }
    return Ok();
  });
  if (!read) return read.error();
  return PageOfList(
      "EntityConnection", "EntityEdge", field.args(), entities,
      [](const Entity& entity) { return Resolved::Own("Entity", EntityNode{entity}); });
}

Result<Resolved> ResolveApiKeys(const User& user, const FieldContext& field) {
  RequestContext& context = Context(field);
  // Keys are their owner's business alone.
  if (!context.viewer || context.viewer->id != user.id) return Resolved(nullptr);
  std::vector<Resolved> edges;
  const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
    const Result<std::vector<ApiKey>> keys = tables.accounts().ListKeys(user.id);
    if (!keys) return keys.error();
    for (const ApiKey& key : *keys) {
      edges.emplace_back(Record("ApiKeyEdge")
                             .Set("node", Record("ApiKey")
                                              .Set("id", EncodeId("ApiKey", ToInt(key.id)))
                                              .Set("name", key.prefix)
                                              .Set("description", key.description)
                                              .Set("createdAt", FormatTime(key.created_at))));
    }
    return Ok();
  });
  if (!read) return read.error();
  return Resolved(Record("ApiKeyConnection").Set("edges", std::move(edges)));
}

Result<Resolved> SearchUsers(const FieldContext& field) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  const std::string query = field.args().StringOr("query", "");
  std::vector<User> found;
  const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
    Result<std::vector<User>> users = tables.accounts().ListUsers();
    if (!users) return users.error();
    for (User& user : *users) {
      const bool is_visible = context.viewer->is_admin || user.id == context.viewer->id;
      const bool matches = query.empty() || user.name == query || user.email == query;
      if (is_visible && matches) found.push_back(std::move(user));
    }
    return Ok();
  });
  if (!read) return read.error();
  return PageOfList("UserConnection", "UserEdge", field.args(), found,
                    [](const User& user) { return Resolved::Own("User", User(user)); });
}

Record MemberRecord(const User& user, tracking::Role role) {
  const bool is_admin = role == tracking::Role::kAdmin;
  Record record("Member");
  record.Set("id", EncodeId("User", ToInt(user.id)))
      .Set("admin", is_admin)
      .Set("pending", false)
      .Set("email", user.email)
      .Set("username", user.name)
      .Set("name", user.name)
      .Set("accountType", "USER")
      .Set("role", is_admin                          ? "admin"
                   : role == tracking::Role::kViewer ? "viewer"
                                                     : "member");
  return record;
}

// Nobody, where the entity itself is not to be seen: another one's own, by way of a run of theirs.
Result<Resolved> ResolveMembers(const EntityNode& node, const FieldContext& field) {
  std::vector<Resolved> members;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    const auto visible = FindVisibleEntity(tables, Context(field), node.entity.name);
    if (!visible) return visible.error();
    if (!*visible) return Ok();
    if (!node.entity.is_team) {
      const Result<std::optional<User>> owner = tables.accounts().FindUserByName(node.entity.name);
      if (!owner) return owner.error();
      if (*owner) members.emplace_back(MemberRecord(**owner, tracking::Role::kAdmin));
      return Ok();
    }
    const Result<std::vector<Member>> rows = tables.accounts().ListMembers(node.entity.id);
    if (!rows) return rows.error();
    for (const Member& row : *rows) {
      const Result<std::optional<User>> user = tables.accounts().FindUser(row.user);
      if (!user) return user.error();
      if (*user) members.emplace_back(MemberRecord(**user, row.role));
    }
    return Ok();
  });
  if (!read) return read.error();
  return Resolved(std::move(members));
}

Result<Resolved> GenerateApiKey(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  const std::string key = tracking::NewApiKey();
  ApiKey row = tracking::MakeKeyRow(viewer->id, key, field.input().StringOr("description", ""),
                                    context.Now());
  const Result<void> written =
      context.Write([&](Tables& tables) { return tables.accounts().InsertKey(row); });
  if (!written) return written.error();
  // The one and only time that the key itself is shown.
  return Resolved(Record("GenerateApiKeyPayload")
                      .Set("apiKey", Record("ApiKey")
                                         .Set("id", EncodeId("ApiKey", ToInt(row.id)))
                                         .Set("name", key)
                                         .Set("description", row.description)
                                         .Set("createdAt", FormatTime(row.created_at))));
}

Result<Resolved> DeleteApiKey(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  const Result<std::int64_t> id = DecodeId("ApiKey", field.input().StringOr("id", ""));
  if (!id) return id.error();
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    const Result<std::optional<ApiKey>> key = tables.accounts().FindKey(tracking::ApiKeyId{*id});
    if (!key) return key.error();
    if (!*key || ((*key)->user != viewer->id && !viewer->is_admin)) {
      return NotFound("you have no API key with this id");
    }
    return tables.accounts().DeleteKey((*key)->id);
  });
  if (!written) return written.error();
  context.services.authenticator.Forget();
  return Resolved(Record("DeleteApiKeyPayload").Set("success", true));
}

Result<Resolved> CreateUser(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  if (!viewer->is_admin) {
    return PermissionDenied("only an administrator can create users");
  }
  const std::string email = field.input().StringOr("email", "");
  User user{.name = field.input().StringOr("username", email.substr(0, email.find('@'))),
            .email = email,
            .is_admin = field.input().BoolOr("admin", false),
            .created_at = context.Now()};
  if (const std::string problem = tracking::EntityNameProblem(user.name); !problem.empty()) {
    return InvalidArgument(fmt::format("user name \"{}\" {}", user.name.substr(0, 80), problem));
  }
  const Result<void> written =
      context.Write([&](Tables& tables) { return tables.accounts().InsertUser(user); });
  if (!written) return written.error();
  return Resolved(Record("CreateUserPayload").Set("user", Resolved::Own("User", std::move(user))));
}

Result<Resolved> CreateTeam(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  Entity team{.name = field.input().StringOr("teamName", ""), .created_at = context.Now()};
  if (const std::string problem = tracking::EntityNameProblem(team.name); !problem.empty()) {
    return InvalidArgument(fmt::format("team name \"{}\" {}", team.name.substr(0, 80), problem));
  }
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    if (Result<void> inserted = tables.accounts().InsertTeam(team); !inserted) return inserted;
    return tables.accounts().PutMember(team.id,
                                       {.user = viewer->id, .role = tracking::Role::kAdmin});
  });
  if (!written) return written.error();
  return Resolved(
      Record("CreateTeamPayload").Set("entity", Resolved::Own("Entity", EntityNode{team})));
}

void AddUserFields(ResolverMap& resolvers) {
  resolvers.Field<User>("User", "id",
                        [](const User& user) { return EncodeId("User", ToInt(user.id)); });
  resolvers.Member("User", "name", &User::name);
  resolvers.Member("User", "username", &User::name);
  resolvers.Member("User", "email", &User::email);
  resolvers.Member("User", "admin", &User::is_admin);
  resolvers.Field<User>("User", "flags",
                        [](const User&) { return "{\"code_saving_enabled\":true}"; });
  resolvers.Member("User", "entity", &User::name);
  resolvers.Field<User>("User", "deletedAt", [](const User&) { return Resolved(nullptr); });
  resolvers.Field<User>("User", "photoUrl", [](const User&) { return Resolved(nullptr); });
  resolvers.Field<User>("User", "accountType", [](const User&) { return "USER"; });
  resolvers.Field<User>("User", "createdAt",
                        [](const User& user) { return FormatTime(user.created_at); });
  resolvers.Field<User>("User", "organizations",
                        [](const User&) { return Resolved(Resolved::Items()); });
  resolvers.Field<User>("User", "teams", ResolveTeams);
  resolvers.Field<User>("User", "apiKeys", ResolveApiKeys);
  resolvers.Field<User>("User", "defaultEntity", [](const User& user) {
    return Resolved::Own(
        "Entity",
        EntityNode{{.id = user.entity, .name = user.name, .created_at = user.created_at}});
  });
}

void AddEntityFields(ResolverMap& resolvers) {
  const auto constant = [&](const char* name, auto value) {
    resolvers.Field<EntityNode>("Entity", name,
                                [value](const EntityNode&) { return Resolved(value); });
  };
  resolvers.Field<EntityNode>("Entity", "id", [](const EntityNode& node) {
    return EncodeId("Entity", ToInt(node.entity.id));
  });
  resolvers.Field<EntityNode>("Entity", "name",
                              [](const EntityNode& node) { return node.entity.name; });
  resolvers.Field<EntityNode>("Entity", "isTeam",
                              [](const EntityNode& node) { return node.entity.is_team; });
  resolvers.Field<EntityNode>("Entity", "entityType", [](const EntityNode& node) {
    return node.entity.is_team ? "TEAM" : "USER";
  });
  resolvers.Field<EntityNode>("Entity", "createdAt", [](const EntityNode& node) {
    return FormatTime(node.entity.created_at);
  });
  constant("available", false);
  constant("photoUrl", nullptr);
  resolvers.Field<EntityNode>(
      "Entity", "readOnly",
      [](const EntityNode& node, const FieldContext& field) -> Result<Resolved> {
        bool may_write = false;
        const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
          const auto visible = FindVisibleEntity(tables, Context(field), node.entity.name);
          if (!visible) return visible.error();
          may_write = *visible && (*visible)->may_write;
          return Ok();
        });
        if (!read) return read.error();
        return Resolved(!may_write);
      });
  constant("readOnlyAdmin", false);
  constant("privateOnly", false);
  constant("storageBytes", 0);
  constant("codeSavingEnabled", true);
  constant("defaultAccess", "PRIVATE");
  constant("isPaid", false);
  constant("limits", nullptr);
  constant("organization", nullptr);
  resolvers.Field<EntityNode>("Entity", "members", ResolveMembers);
  resolvers.Field<EntityNode>(
      "Entity", "user", [](const EntityNode& node, const FieldContext& field) -> Result<Resolved> {
        Resolved owner = nullptr;
        const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
          Result<std::optional<User>> user = tables.accounts().FindUserByName(node.entity.name);
          if (!user) return user.error();
          if (*user) owner = Resolved::Own("User", **std::move(user));
          return Ok();
        });
        if (!read) return read.error();
        return owner;
      });
  resolvers.Record("Member", {"id", "admin", "pending", "email", "username", "name", "photoUrl",
                              "accountType", "apiKey", "role"});
}

}  // namespace

void AddAccountResolvers(ResolverMap& resolvers) {
  resolvers.Add("Query", "viewer", [](const FieldContext& field) -> Result<Resolved> {
    const RequestContext& context = Context(field);
    if (!context.viewer) return Resolved(nullptr);
    return Resolved::Own("User", User(*context.viewer));
  });
  resolvers.Add("Query", "entity", [](const FieldContext& field) -> Result<Resolved> {
    Resolved found = nullptr;
    const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
      const Result<std::optional<Entity>> entity =
          FindEntity(tables, Context(field), field.args().StringOr("name", ""));
      if (!entity) return entity.error();
      if (*entity) found = Resolved::Own("Entity", EntityNode{**entity});
      return Ok();
    });
    if (!read) return read.error();
    return found;
  });
  resolvers.Add("Query", "organization",
                [](const FieldContext&) -> Result<Resolved> { return Resolved(nullptr); });
  resolvers.Add("Query", "users", SearchUsers);
  resolvers.Add("Mutation", "generateApiKey", GenerateApiKey);
  resolvers.Add("Mutation", "deleteApiKey", DeleteApiKey);
  resolvers.Add("Mutation", "createUser", CreateUser);
  resolvers.Add("Mutation", "createTeam", CreateTeam);
  AddUserFields(resolvers);
  AddEntityFields(resolvers);
  resolvers.Record("UserConnection", {"edges", "pageInfo"});
  resolvers.Record("UserEdge", {"node", "cursor"});
  resolvers.Record("EntityConnection", {"edges", "pageInfo"});
  resolvers.Record("EntityEdge", {"node", "cursor"});
  // There are no organizations: these types are only ever null, but clients ask for their fields.
  resolvers.Record("Organization",
                   {"id", "name", "coreWeaveOrganizationId", "orgEntity", "featureFlags"});
  resolvers.Record("RampFlag", {"rampKey", "isEnabled"});
  resolvers.Record("ApiKeyConnection", {"edges"});
  resolvers.Record("ApiKeyEdge", {"node"});
  resolvers.Record("ApiKey", {"id", "name", "description", "createdAt"});
  resolvers.Record("GenerateApiKeyPayload", {"apiKey", "clientMutationId"});
  resolvers.Record("DeleteApiKeyPayload", {"success", "clientMutationId"});
  resolvers.Record("CreateUserPayload", {"user", "clientMutationId"});
  resolvers.Record("CreateTeamPayload", {"entity", "clientMutationId"});
}

}  // namespace regatta::wandb
