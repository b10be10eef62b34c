// Deletion of what is large: hidden at once, erased in pieces.
//
// To bury something is one small step inside a Write: from then on nothing finds it, its name is
// free, and its streams take no lines. Its rows are erased afterwards, a bounded number of them in
// each Write, so that nobody's write waits for somebody's deletion. The grave is an entity and a
// project of id 0, which own what is buried: so it outlives the process, and what a crash
// interrupts goes on after the next start.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "context.h"

namespace regatta::storage {

inline constexpr tracking::EntityId kGraveEntity{0};
inline constexpr tracking::ProjectId kGraveProject{0};

// Condition of SQL: the project whose id is `project_id` is not buried. A buried run is in a buried
// project.
#define REGATTA_IS_KEPT(project_id) \
  "(SELECT kept.entity_id FROM projects kept WHERE kept.id = " #project_id ") <> 0"

// Inside a Write.
class Graveyard {
 public:
  explicit Graveyard(Context& context) : context_(context) {}

  // Hides the run. What it made stays.
  Result<void> Bury(tracking::RunId id);
  // Hides the project with its runs, streams, files, sweeps and artifacts; the latter leave the
  // portfolios of other projects, and others leave its own.
  Result<void> Bury(tracking::ProjectId id);

  // Whether anything is buried. Also in a Read.
  static Result<bool> IsEmpty(Connection& connection);
  // Erases some of what is buried: about as much as takes ten milliseconds. Blobs that lose a row
  // are released.
  Result<void> EraseSome();

 private:
  Result<void> Run(std::string_view sql, std::int64_t id);
  // Repeats `sql`, which is told the id and what is left of the budget, until it answers no row or
  // the budget is spent. Each row that it answers is one that it changed; the first column, where
  // it is a text, is the blob that the row named.
  Result<void> RunSome(std::string_view sql, std::int64_t id);
  // The first few ids that `sql` answers for `id`.
  Result<std::vector<std::int64_t>> Some(std::string_view sql, std::int64_t id);
  bool is_spent() const { return budget_ <= 0; }

  // Each erases its subject as far as the budget goes.
  Result<void> EraseRuns(tracking::ProjectId project);
  Result<void> EraseRun(std::int64_t id);
  Result<void> EraseLog(tracking::RunId id);
  Result<void> EraseArtifacts(std::int64_t project);
  Result<void> EraseSweeps(std::int64_t project);
  Result<void> EraseProject(std::int64_t id);

  Context& context_;
  // What is left for this Write; a row costs one or more.
  std::int64_t budget_ = 0;
};

}  // namespace regatta::storage
