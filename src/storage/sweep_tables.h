// SweepTables on SQL: one row for each record, written whole.
#pragma once

#include "context.h"
#include "regatta/sweeps/store.h"

namespace regatta::storage {

class SqlSweepTables : public sweeps::SweepTables {
 public:
  explicit SqlSweepTables(Context& context) : context_(context) {}

  Result<std::optional<sweeps::SweepRow>> Find(sweeps::SweepId id) const override;
  Result<std::optional<sweeps::SweepRow>> FindByName(tracking::ProjectId project,
                                                     std::string_view name) const override;
  Result<std::vector<sweeps::SweepRow>> List(tracking::ProjectId project) const override;
  Result<std::int64_t> Count(tracking::ProjectId project) const override;
  Result<std::int64_t> CountRuns(tracking::ProjectId project,
                                 std::string_view sweep_name) const override;

  Result<sweeps::SweepRecord> FindRecord(sweeps::SweepId id) const override;
  Result<std::optional<sweeps::SweepId>> FindSweepOfAgent(std::string_view agent_id) const override;
  Result<std::vector<sweeps::PointRecord>> ListPoints(sweeps::SweepId id) const override;
  Result<std::optional<sweeps::AttemptRecord>> FindAttemptOfRun(
      sweeps::SweepId id, std::string_view run_id) const override;
  Result<std::optional<sweeps::PointRecord>> FindPointOfRun(sweeps::SweepId id,
                                                            std::string_view run_id) const override;
  Result<std::vector<sweeps::AttemptRecord>> ListAttempts(sweeps::SweepId id) const override;
  Result<std::vector<sweeps::AgentRecord>> ListAgents(sweeps::SweepId id) const override;
  Result<std::optional<sweeps::AttemptRecord>> FindBest(sweeps::SweepId id,
                                                        bool maximize) const override;
  Result<std::vector<sweeps::ScheduledRun>> ListScheduled(sweeps::SweepId id) const override;
  Result<sweeps::SweepRecords> Load(sweeps::SweepId id) const override;
  Result<std::vector<sweeps::SweepId>> ListLeased() const override;

  Result<void> Insert(sweeps::SweepRow& row) override;
  Result<void> Update(const sweeps::SweepRow& row) override;

  Result<void> Put(sweeps::SweepId id, const sweeps::SweepRecord& record) override;
  Result<void> Put(sweeps::SweepId id, const sweeps::PointRecord& record) override;
  Result<void> Put(sweeps::SweepId id, const sweeps::AttemptRecord& record) override;
  Result<void> Put(sweeps::SweepId id, const sweeps::AgentRecord& record) override;
  Result<void> Put(sweeps::SweepId id, const sweeps::ValuesRecord& record) override;

 private:
  Result<std::vector<sweeps::ValuesRecord>> ListValues(sweeps::SweepId id) const;

  Context& context_;
};

}  // namespace regatta::storage
