// The objects that resolvers hand to each other: rows with what their fields need beside them.
#pragma once

#include <memory>
#include <string>

#include "regatta/tracking/account.h"
#include "regatta/tracking/project.h"
#include "regatta/tracking/run.h"
#include "regatta/tracking/run_file.h"

namespace regatta::wandb {

struct EntityNode {
  tracking::Entity entity;
};

struct ProjectNode {
  tracking::Project project;
};

struct RunNode {
  tracking::Run run;
  std::shared_ptr<const ProjectNode> project;
};

// A file of a run: stored, or only named so far (an upload to come).
struct FileNode {
  tracking::RunFile file;
  bool is_stored = true;
};

}  // namespace regatta::wandb
