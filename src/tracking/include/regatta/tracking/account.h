// People, teams and keys: who owns what, and who may see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/tracking/ids.h"

namespace regatta::tracking {

// A person. Owns the personal entity of the same name.
struct User {
  UserId id{};
  std::string name;
  std::string email;
  bool is_admin = false;
  EntityId entity{};  // the personal entity
  Timestamp created_at;
};

// An owner of projects: a person's own entity, or a team.
struct Entity {
  EntityId id{};
  std::string name;
  bool is_team = false;
  Timestamp created_at;
};

enum class Role : std::uint8_t { kAdmin, kMember, kViewer };

struct Member {
  UserId user{};
  Role role = Role::kMember;
};

// A credential. The key itself is never stored: only its SHA-256, and its first characters to tell
// it apart.
struct ApiKey {
  ApiKeyId id{};
  UserId user{};
  std::string sha256_hex;
  std::string prefix;
  std::string description;
  Timestamp created_at;
};

// "" if `name` may name a user or a team: 1 to 128 letters, digits, '-', '_' or '.', starting with
// a letter or digit, and no first part of an address that the server needs for itself, such as
// "settings"; else what is wrong with it.
std::string EntityNameProblem(std::string_view name);

// Accounts as stored. Const members read; the others belong to a write (see Store).
// Find* answers nullopt for what does not exist: that is an answer, not an error.
class AccountTables {
 public:
  virtual ~AccountTables() = default;

  virtual Result<std::optional<User>> FindUser(UserId id) const = 0;
  virtual Result<std::optional<User>> FindUserByName(std::string_view name) const = 0;
  // All users, by name.
  virtual Result<std::vector<User>> ListUsers() const = 0;
  virtual Result<std::optional<Entity>> FindEntity(EntityId id) const = 0;
  virtual Result<std::optional<Entity>> FindEntityByName(std::string_view name) const = 0;
  // The entities whose content `user` may see: the personal one first, then the teams by name.
  virtual Result<std::vector<Entity>> ListEntitiesOf(UserId user) const = 0;
  virtual Result<std::vector<Member>> ListMembers(EntityId team) const = 0;
  virtual Result<std::optional<ApiKey>> FindKeyBySha256(std::string_view sha256_hex) const = 0;
  virtual Result<std::optional<ApiKey>> FindKey(ApiKeyId id) const = 0;
  virtual Result<std::vector<ApiKey>> ListKeys(UserId user) const = 0;

  // Inserts the user and the personal entity; fills in `id` and `entity`.
  // Errors: kAlreadyExists if a user or an entity of that name exists.
  virtual Result<void> InsertUser(User& user) = 0;
  virtual Result<void> UpdateUser(const User& user) = 0;
  // Deletes the user, the personal entity and the keys. Requires: the entity owns no project any
  // more.
  virtual Result<void> DeleteUser(UserId id) = 0;
  // Errors: kAlreadyExists.
  virtual Result<void> InsertTeam(Entity& team) = 0;
  // Requires: the team owns no project any more.
  virtual Result<void> DeleteTeam(EntityId id) = 0;
  // Adds the member or changes the role.
  virtual Result<void> PutMember(EntityId team, const Member& member) = 0;
  virtual Result<void> DeleteMember(EntityId team, UserId user) = 0;
  // Errors: kAlreadyExists if that key is stored already.
  virtual Result<void> InsertKey(ApiKey& key) = 0;
  virtual Result<void> DeleteKey(ApiKeyId id) = 0;
};

}  // namespace regatta::tracking
