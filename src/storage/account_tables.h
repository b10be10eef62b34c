// AccountTables on SQL.
#pragma once

#include "context.h"

namespace regatta::storage {

class SqlAccountTables : public tracking::AccountTables {
 public:
  explicit SqlAccountTables(Context& context) : context_(context) {}

  Result<std::optional<tracking::User>> FindUser(tracking::UserId id) const override;
  Result<std::optional<tracking::User>> FindUserByName(std::string_view name) const override;
  Result<std::vector<tracking::User>> ListUsers() const override;
  Result<std::optional<tracking::Entity>> FindEntity(tracking::EntityId id) const override;
  Result<std::optional<tracking::Entity>> FindEntityByName(std::string_view name) const override;
  Result<std::vector<tracking::Entity>> ListEntitiesOf(tracking::UserId user) const override;
  Result<std::vector<tracking::Member>> ListMembers(tracking::EntityId team) const override;
  Result<std::optional<tracking::ApiKey>> FindKeyBySha256(
      std::string_view sha256_hex) const override;
  Result<std::optional<tracking::ApiKey>> FindKey(tracking::ApiKeyId id) const override;
  Result<std::vector<tracking::ApiKey>> ListKeys(tracking::UserId user) const override;
  Result<void> InsertUser(tracking::User& user) override;
  Result<void> UpdateUser(const tracking::User& user) override;
  Result<void> DeleteUser(tracking::UserId id) override;
  Result<void> InsertTeam(tracking::Entity& team) override;
  Result<void> DeleteTeam(tracking::EntityId id) override;
  Result<void> PutMember(tracking::EntityId team, const tracking::Member& member) override;
  Result<void> DeleteMember(tracking::EntityId team, tracking::UserId user) override;
  Result<void> InsertKey(tracking::ApiKey& key) override;
  Result<void> DeleteKey(tracking::ApiKeyId id) override;

 private:
  // One that no user, entity or key has had.
  Result<std::int64_t> NextId();
  Result<tracking::EntityId> InsertEntity(std::string_view name, bool is_team,
                                          Timestamp created_at);

  Context& context_;
};

}  // namespace regatta::storage
