// Sweeps and agents as resolvers hand them to each other.
#pragma once

#include <memory>
#include <string_view>

#include "nodes.h"
#include "regatta/base/result.h"
#include "regatta/sweeps/store.h"

namespace regatta::wandb {

struct SweepNode {
  sweeps::SweepRow row;
  sweeps::SweepRecord record;
  std::shared_ptr<const ProjectNode> project;
};

struct AgentNode {
  sweeps::AgentRecord agent;
  std::shared_ptr<const SweepNode> sweep;
};

// The sweep of that name in a project that the caller may see; null if there is none.
Result<std::shared_ptr<const SweepNode>> FindSweep(
    const tracking::Tables& tables, const std::shared_ptr<const ProjectNode>& project,
    std::string_view name);

}  // namespace regatta::wandb
