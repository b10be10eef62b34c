// Lists of runs: filtered, ordered, a page at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "nodes.h"
#include "regatta/base/result.h"
#include "regatta/graphql/resolver.h"

namespace regatta::wandb {

// Where a list of runs comes from.
struct RunSource {
  std::shared_ptr<const ProjectNode> project;
  std::string sweep_name;  // empty: of any sweep, or none
  std::string agent_id;    // empty: of any agent, or none
};

// Answers a field of type RunConnection with the arguments `filters`, `order`, `first`, `after`,
// `last`, `before` and `names`, as far as it has them. Hidden runs are left out. Reads documents
// only where a filter or an order asks for them, and only the page's runs as a whole.
Result<graphql::Resolved> ListRuns(const RunSource& source, const graphql::FieldContext& field);

// How many runs the argument `filters` leaves.
Result<std::int64_t> CountRuns(const RunSource& source, const graphql::FieldContext& field);

}  // namespace regatta::wandb
