// RunTables on SQL, with what the stream index knows better: newer summaries and heartbeats.
#pragma once

#include "context.h"

namespace regatta::storage {

class SqlRunTables : public tracking::RunTables {
 public:
  explicit SqlRunTables(Context& context) : context_(context) {}

  Result<std::optional<tracking::Run>> Find(tracking::RunId id) const override;
  Result<std::optional<tracking::Run>> FindByName(tracking::ProjectId project,
                                                  std::string_view name) const override;
  Result<void> ForEach(tracking::ProjectId project, bool newest_first,
                       FunctionRef<bool(const tracking::Run&)> visit) const override;
  Result<void> ForEachFrom(tracking::ProjectId project, bool newest_first, std::int64_t offset,
                           std::int64_t count,
                           FunctionRef<bool(const tracking::Run&)> visit) const override;
  Result<void> ForEachOfSweep(tracking::ProjectId project, std::string_view sweep_name,
                              FunctionRef<bool(const tracking::Run&)> visit) const override;
  Result<std::vector<tracking::Run>> ListSilent(Timestamp before) const override;
  Result<std::int64_t> Count(tracking::ProjectId project) const override;
  Result<void> Insert(tracking::Run& run) override;
  Result<void> Update(const tracking::Run& run) override;
  Result<void> Delete(tracking::RunId id) override;

  // Update without telling anybody: nothing that a reader can see changes.
  Result<void> Fold(const tracking::Run& run);

 private:
  tracking::Run ReadRun(const Statement& row) const;
  Result<void> Visit(Statement statement, FunctionRef<bool(const tracking::Run&)> visit) const;

  Context& context_;
};

}  // namespace regatta::storage
