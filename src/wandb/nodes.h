// The objects that resolvers hand to each other: rows with what their fields need beside them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "links.h"
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
  // Whether the one who asks may change it and what is in it, or only look at it.
  bool may_write = false;
};

struct RunNode {
  tracking::Run run;
  std::shared_ptr<const ProjectNode> project;
};

struct ArtifactNode;

// What a file has if it belongs to an artifact.
struct ArtifactPart {
  std::string id;  // on the wire
  std::string storage_path;
  std::string reference;        // where the content is, if not here
  std::optional<Grant> upload;  // none: there is nothing to upload
  std::shared_ptr<const ArtifactNode> artifact;
};

// A file of a run or an artifact: stored, or only named so far (an upload to come).
struct FileNode {
  tracking::RunFile file;
  bool is_stored = true;
  std::shared_ptr<const ProjectNode> run_project = {};  // null: the file is not a run's
  std::optional<ArtifactPart> artifact_part = {};
};

}  // namespace regatta::wandb
