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
  std::optional<ArtifactPart> artifact_part = {};
};

}  // namespace regatta::wandb
