// ProjectTables on SQL.
#pragma once

#include "artifact_tables.h"
#include "context.h"
#include "sweep_tables.h"

namespace regatta::storage {

class SqlProjectTables : public tracking::ProjectTables {
 public:
  // `runs`, `artifacts` and `sweeps` delete what belongs to a deleted project.
  SqlProjectTables(Context& context, tracking::RunTables& runs, SqlArtifactTables& artifacts,
                   SqlSweepTables& sweeps)
      : context_(context), runs_(runs), artifacts_(artifacts), sweeps_(sweeps) {}

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
  SqlArtifactTables& artifacts_;
  SqlSweepTables& sweeps_;
};

}  // namespace regatta::storage
