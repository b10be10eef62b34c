// ProjectTables on SQL.
#pragma once

#include "context.h"

namespace regatta::storage {

class SqlProjectTables : public tracking::ProjectTables {
 public:
  explicit SqlProjectTables(Context& context) : context_(context) {}

  Result<std::optional<tracking::Project>> Find(tracking::ProjectId id) const override;
  Result<std::optional<tracking::Project>> FindByName(tracking::EntityId entity,
                                                      std::string_view name) const override;
  Result<std::vector<tracking::Project>> List(tracking::EntityId entity) const override;
  Result<void> Insert(tracking::Project& project) override;
  Result<void> Update(const tracking::Project& project) override;
  Result<void> Delete(tracking::ProjectId id) override;

 private:
  Context& context_;
};

}  // namespace regatta::storage
