#include "graveyard.h"

#include <algorithm>
#include <vector>

#include "graveyard_sql.h"
#include "rows.h"

namespace regatta::storage {

using tracking::ProjectId;
using tracking::RunId;
using tracking::ToInt;

namespace {

// Also because SQLite takes longer over each statement the more a savepoint has changed: for each
// it walks the list of all pages that it keeps in memory for undoing (measured at 80 % of the time
// in which 10,000 runs were deleted in one Write).
constexpr std::int64_t kBudget = 2'000;
// A row of `runs` stands in five trees, and holds the config and the summary.
constexpr std::int64_t kRunCost = 10;
constexpr std::int64_t kArtifactCost = 10;
// A payload of the log costs a page for each so many bytes.
constexpr std::int64_t kPageBytes = 16'384;

}  // namespace

Result<void> Graveyard::Run(std::string_view sql, std::int64_t id) {
  Statement statement = context_.connection->Prepare(sql);
  statement.Bind(id);
  return statement.Run();
}

Result<void> Graveyard::RunSome(std::string_view sql, std::int64_t id) {
  bool has_more = true;
  while (has_more && !is_spent()) {
    Statement statement = context_.connection->Prepare(sql);
    statement.Bind(id, budget_);
    has_more = false;
    while (true) {
      const Result<bool> row = statement.Step();
      if (!row) return row.error();
      if (!*row) break;
      has_more = true;
      budget_ -= 1;
      if (statement.IsText(0)) context_.released_blobs.push_back(statement.Text(0));
    }
  }
  return Ok();
}

Result<std::vector<std::int64_t>> Graveyard::Some(std::string_view sql, std::int64_t id) {
  Statement statement = context_.connection->Prepare(sql);
  statement.Bind(id, std::max<std::int64_t>(budget_, 0));
  return All(std::move(statement), [](const Statement& row) { return row.Int(0); });
}

Result<void> Graveyard::Bury(RunId id) {
  Statement find = context_.connection->Prepare(
      "SELECT project_id, name, sweep_name FROM runs WHERE id = ? AND " REGATTA_IS_KEPT(
          project_id));
  find.Bind(ToInt(id));
  const Result<bool> found = find.Step();
  if (!found) return found.error();
  if (!*found) return Ok();
  context_.changes.push_back({.project = ProjectId{find.Int(0)},
                              .run_name = find.Text(1),
                              .sweep_name = find.Text(2),
                              .kinds = tracking::Change::kDeleted});
  return Run(grave_sql::kBuryRun, ToInt(id));
}

Result<void> Graveyard::Bury(ProjectId id) {
  for (const std::string_view sql : grave_sql::kBuryProject) {
    if (Result<void> done = Run(sql, ToInt(id)); !done) return done;
  }
  context_.changes.push_back(
      {.project = id, .run_name = "", .sweep_name = "", .kinds = tracking::Change::kDeleted});
  return Ok();
}

Result<bool> Graveyard::IsEmpty(Connection& connection) {
  Statement any = connection.Prepare(grave_sql::kIsAnyBuried);
  const Result<bool> row = any.Step();
  if (!row) return row.error();
  return !*row;
}

Result<void> Graveyard::EraseSome() {
  budget_ = kBudget;
  if (Result<void> done = EraseRuns(kGraveProject); !done) return done;
  if (is_spent()) return Ok();
  const Result<std::vector<std::int64_t>> projects =
      Some(grave_sql::kProjects, ToInt(kGraveEntity));
  if (!projects) return projects.error();
  for (const std::int64_t project : *projects) {
    if (is_spent()) return Ok();
    if (Result<void> done = EraseProject(project); !done) return done;
  }
  return Ok();
}

Result<void> Graveyard::EraseProject(std::int64_t id) {
  if (Result<void> done = EraseRuns(ProjectId{id}); !done) return done;
  if (Result<void> done = EraseArtifacts(id); !done) return done;
  if (Result<void> done = EraseSweeps(id); !done) return done;
  if (is_spent()) return Ok();
  budget_ -= 1;
  return Run("DELETE FROM projects WHERE id = ?", id);
}

Result<void> Graveyard::EraseRuns(ProjectId project) {
  while (!is_spent()) {
    const Result<std::vector<std::int64_t>> runs = Some(grave_sql::kRuns, ToInt(project));
    if (!runs) return runs.error();
    if (runs->empty()) return Ok();
    for (const std::int64_t run : *runs) {
      if (is_spent()) return Ok();
      if (Result<void> done = EraseRun(run); !done) return done;
    }
  }
  return Ok();
}

Result<void> Graveyard::EraseLog(RunId id) {
  const std::vector<std::int64_t> pieces =
      context_.LogIds(id, static_cast<std::size_t>(std::max<std::int64_t>(budget_, 0)));
  std::int64_t last = 0;
  for (const std::int64_t piece : pieces) {
    if (is_spent()) break;
    Statement size = context_.connection->Prepare("SELECT length(payload) FROM log WHERE id = ?");
    size.Bind(piece);
    const Result<bool> row = size.Step();
    if (!row) return row.error();
    budget_ -= 1 + (*row ? size.Int(0) / kPageBytes : 0);
    for (const std::string_view sql : grave_sql::kErasePiece) {
      if (Result<void> done = Run(sql, piece); !done) return done;
    }
    last = piece;
  }
  if (last != 0) context_.pending.push_back({.log_id = last, .run = id, .kind = LogKind::kErased});
  return Ok();
}

Result<void> Graveyard::EraseRun(std::int64_t id) {
  if (Result<void> done = EraseLog(RunId{id}); !done) return done;
  for (const std::string_view sql : grave_sql::kEraseOfRun) {
    if (Result<void> done = RunSome(sql, id); !done) return done;
  }
  // What is left comes with the next Write.
  if (is_spent()) return Ok();
  budget_ -= kRunCost;
  if (Result<void> done = Run("DELETE FROM runs WHERE id = ?", id); !done) return done;
  context_.pending.push_back({.run = RunId{id}, .kind = LogKind::kForget});
  return Ok();
}

Result<void> Graveyard::EraseArtifacts(std::int64_t project) {
  while (!is_spent()) {
    const Result<std::vector<std::int64_t>> artifacts = Some(grave_sql::kArtifacts, project);
    if (!artifacts) return artifacts.error();
    if (artifacts->empty()) break;
    for (const std::int64_t artifact : *artifacts) {
      for (const std::string_view sql : grave_sql::kEraseOfArtifact) {
        if (Result<void> done = RunSome(sql, artifact); !done) return done;
      }
      if (is_spent()) return Ok();
      budget_ -= kArtifactCost;
      if (Result<void> done = Run("DELETE FROM artifacts WHERE id = ?", artifact); !done) {
        return done;
      }
    }
  }
  for (const std::string_view sql : grave_sql::kEraseCollections) {
    if (Result<void> done = RunSome(sql, project); !done) return done;
  }
  return Ok();
}

Result<void> Graveyard::EraseSweeps(std::int64_t project) {
  while (!is_spent()) {
    const Result<std::vector<std::int64_t>> sweeps = Some(grave_sql::kSweeps, project);
    if (!sweeps) return sweeps.error();
    if (sweeps->empty()) return Ok();
    for (const std::int64_t sweep : *sweeps) {
      for (const std::string_view sql : grave_sql::kEraseOfSweep) {
        if (Result<void> done = RunSome(sql, sweep); !done) return done;
      }
      if (is_spent()) return Ok();
      budget_ -= 1;
      if (Result<void> done = Run("DELETE FROM sweeps WHERE id = ?", sweep); !done) return done;
    }
  }
  return Ok();
}

}  // namespace regatta::storage
