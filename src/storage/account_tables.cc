#include "account_tables.h"

#include <fmt/format.h>

#include "rows.h"

namespace regatta::storage {

using tracking::ApiKey;
using tracking::ApiKeyId;
using tracking::Entity;
using tracking::EntityId;
using tracking::Member;
using tracking::Role;
using tracking::ToInt;
using tracking::User;
using tracking::UserId;

namespace {

User ReadUser(const Statement& row) {
  return {.id = UserId{row.Int(0)},
          .name = row.Text(1),
          .email = row.Text(2),
          .is_admin = row.Bool(3),
          .entity = EntityId{row.Int(4)},
          .created_at = FromMicros(row.Int(5))};
}

Entity ReadEntity(const Statement& row) {
  return {.id = EntityId{row.Int(0)},
          .name = row.Text(1),
          .is_team = row.Bool(2),
          .created_at = FromMicros(row.Int(3))};
}

ApiKey ReadKey(const Statement& row) {
  return {.id = ApiKeyId{row.Int(0)},
          .user = UserId{row.Int(1)},
          .sha256_hex = row.Text(2),
          .prefix = row.Text(3),
          .description = row.Text(4),
          .created_at = FromMicros(row.Int(5))};
}

}  // namespace

Result<std::optional<User>> SqlAccountTables::FindUser(UserId id) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, name, email, is_admin, entity_id, created_us FROM users WHERE id = ?");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadUser);
}

Result<std::optional<User>> SqlAccountTables::FindUserByName(std::string_view name) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, name, email, is_admin, entity_id, created_us FROM users WHERE name = ?");
  statement.Bind(name);
  return One(std::move(statement), ReadUser);
}

Result<std::vector<User>> SqlAccountTables::ListUsers() const {
  return All(
      context_.connection->Prepare(
          "SELECT id, name, email, is_admin, entity_id, created_us FROM users ORDER BY name"),
      ReadUser);
}

Result<std::optional<Entity>> SqlAccountTables::FindEntity(EntityId id) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, name, is_team, created_us FROM entities WHERE id = ? AND id <> 0");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadEntity);
}

Result<std::optional<Entity>> SqlAccountTables::FindEntityByName(std::string_view name) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, name, is_team, created_us FROM entities WHERE name = ? AND id <> 0");
  statement.Bind(name);
  return One(std::move(statement), ReadEntity);
}

Result<std::vector<Entity>> SqlAccountTables::ListEntitiesOf(UserId user) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, name, is_team, created_us FROM entities WHERE id = (SELECT entity_id FROM users "
      "WHERE id = ?1) OR id IN (SELECT team_id FROM members WHERE user_id = ?1) "
      "ORDER BY is_team, name");
  statement.Bind(ToInt(user));
  return All(std::move(statement), ReadEntity);
}

Result<std::vector<Member>> SqlAccountTables::ListMembers(EntityId team) const {
  Statement statement = context_.connection->Prepare(
      "SELECT user_id, role FROM members WHERE team_id = ? ORDER BY user_id");
  statement.Bind(ToInt(team));
  return All(std::move(statement), [](const Statement& row) {
    return Member{.user = UserId{row.Int(0)}, .role = static_cast<Role>(row.Int(1))};
  });
}

Result<std::optional<ApiKey>> SqlAccountTables::FindKeyBySha256(std::string_view sha256_hex) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, user_id, sha256, prefix, description, created_us FROM api_keys WHERE sha256 = ?");
  statement.Bind(sha256_hex);
  return One(std::move(statement), ReadKey);
}

Result<std::optional<ApiKey>> SqlAccountTables::FindKey(ApiKeyId id) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, user_id, sha256, prefix, description, created_us FROM api_keys WHERE id = ?");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadKey);
}

Result<std::vector<ApiKey>> SqlAccountTables::ListKeys(UserId user) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, user_id, sha256, prefix, description, created_us FROM api_keys WHERE user_id = ? "
      "ORDER BY id");
  statement.Bind(ToInt(user));
  return All(std::move(statement), ReadKey);
}

Result<std::int64_t> SqlAccountTables::NextId() {
  Statement statement =
      context_.connection->Prepare("UPDATE account_ids SET last = last + 1 RETURNING last");
  const Result<std::optional<std::int64_t>> next =
      One(std::move(statement), [](const Statement& row) { return row.Int(0); });
  if (!next) return next.error();
  if (!*next) return Internal("table account_ids is empty: run `regatta fsck`");
  return **next;
}

Result<EntityId> SqlAccountTables::InsertEntity(std::string_view name, bool is_team,
                                                Timestamp created_at) {
  const Result<std::int64_t> id = NextId();
  if (!id) return id.error();
  Statement statement = context_.connection->Prepare(
      "INSERT INTO entities (id, name, is_team, created_us) VALUES (?, ?, ?, ?)");
  statement.Bind(*id, name, is_team, ToMicros(created_at));
  if (Result<void> done = statement.Run(); !done) {
    if (done.error().code == ErrorCode::kAlreadyExists) {
      return AlreadyExists(fmt::format("\"{}\" is the name of a user or team already", name));
    }
    return done.error();
  }
  return EntityId{*id};
}

Result<void> SqlAccountTables::InsertUser(User& user) {
  const Result<EntityId> entity = InsertEntity(user.name, false, user.created_at);
  if (!entity) return entity.error();
  user.entity = *entity;
  const Result<std::int64_t> id = NextId();
  if (!id) return id.error();
  Statement statement = context_.connection->Prepare(
      "INSERT INTO users (id, name, email, is_admin, entity_id, created_us) "
      "VALUES (?, ?, ?, ?, ?, ?)");
  statement.Bind(*id, user.name, user.email, user.is_admin, ToInt(user.entity),
                 ToMicros(user.created_at));
  if (Result<void> done = statement.Run(); !done) return done;
  user.id = UserId{*id};
  return Ok();
}

Result<void> SqlAccountTables::UpdateUser(const User& user) {
  Statement statement =
      context_.connection->Prepare("UPDATE users SET email = ?, is_admin = ? WHERE id = ?");
  statement.Bind(user.email, user.is_admin, ToInt(user.id));
  return statement.Run();
}

Result<void> SqlAccountTables::DeleteUser(UserId id) {
  const Result<std::optional<User>> user = FindUser(id);
  if (!user) return user.error();
  if (!*user) return Ok();
  Statement statement = context_.connection->Prepare("DELETE FROM users WHERE id = ?");
  statement.Bind(ToInt(id));
  if (Result<void> done = statement.Run(); !done) return done;
  return DeleteTeam((*user)->entity);
}

Result<void> SqlAccountTables::InsertTeam(Entity& team) {
  const Result<EntityId> id = InsertEntity(team.name, true, team.created_at);
  if (!id) return id.error();
  team.id = *id;
  team.is_team = true;
  return Ok();
}

Result<void> SqlAccountTables::DeleteTeam(EntityId id) {
  Statement statement = context_.connection->Prepare("DELETE FROM entities WHERE id = ?");
  statement.Bind(ToInt(id));
  return statement.Run();
}

Result<void> SqlAccountTables::PutMember(EntityId team, const Member& member) {
  Statement statement = context_.connection->Prepare(
      "INSERT INTO members (team_id, user_id, role) VALUES (?, ?, ?) "
      "ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role");
  statement.Bind(ToInt(team), ToInt(member.user), static_cast<int>(member.role));
  return statement.Run();
}

Result<void> SqlAccountTables::DeleteMember(EntityId team, UserId user) {
  Statement statement =
      context_.connection->Prepare("DELETE FROM members WHERE team_id = ? AND user_id = ?");
  statement.Bind(ToInt(team), ToInt(user));
  return statement.Run();
}

Result<void> SqlAccountTables::InsertKey(ApiKey& key) {
  const Result<std::int64_t> id = NextId();
  if (!id) return id.error();
  Statement statement = context_.connection->Prepare(
      "INSERT INTO api_keys (id, user_id, sha256, prefix, description, created_us) "
      "VALUES (?, ?, ?, ?, ?, ?)");
  statement.Bind(*id, ToInt(key.user), key.sha256_hex, key.prefix, key.description,
                 ToMicros(key.created_at));
  if (Result<void> done = statement.Run(); !done) {
    if (done.error().code == ErrorCode::kAlreadyExists) {
      return AlreadyExists("that API key is in use already: choose another one");
    }
    return done;
  }
  key.id = ApiKeyId{*id};
  return Ok();
}

Result<void> SqlAccountTables::DeleteKey(ApiKeyId id) {
  Statement statement = context_.connection->Prepare("DELETE FROM api_keys WHERE id = ?");
  statement.Bind(ToInt(id));
  return statement.Run();
}

}  // namespace regatta::storage
