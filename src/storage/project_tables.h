// ProjectTables on SQL.
#pragma once

#include "context.h"

namespace regatta::storage {

class SqlProjectTables : public tracking::ProjectTables {
 public:
  // `runs` deletes the runs of a deleted project.
  SqlProjectTables(Context& context, tracking::RunTables& runs) : context_(context), runs_(runs) {}

  Result<std::optional<tracking::Project>> Find(tracking::ProjectId id) const override;
  Result<std::optional<tracking::Project>> FindByName(tracking::EntityId entity,
                                                      std::string_view name) const override;
  Result<std::vector<tracking::Project>> List(tracking::EntityId entity) const override;
  Result<void> Insert(tracking::Project& project) override;
  Result<void> Update(const tracking::Project& project) override;
  Result<void> Delete(tracking::ProjectId id) override;

 private:
  Context& context_;
  tracking::RunTables& runs_;
};

}  // namespace regatta::storage
