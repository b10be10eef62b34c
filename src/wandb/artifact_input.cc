#include "artifact_input.h"

#include <fmt/format.h>

#include "artifact_nodes.h"
#include "regatta/tracking/run_rules.h"

namespace regatta::wandb {

using graphql::Arguments;
using graphql::Record;
using graphql::Resolved;
using tracking::Artifact;
using tracking::Project;
using tracking::Tables;

Result<Resolved> ArtifactPayload(const Tables& tables, const RequestContext& context,
                                 graphql::StaticName type, Artifact artifact) {
  const auto node = ArtifactNodeOf(tables, context, std::move(artifact));
  if (!node) return node.error();
  return Resolved(Record(type).Set("artifact", Resolved::Object("Artifact", *node)));
}

std::vector<std::string> TextsOf(const Arguments& input, std::string_view list,
                                 std::string_view member) {
  std::vector<std::string> texts;
  for (const Arguments& item : input.ObjectList(list)) texts.push_back(item.StringOr(member, ""));
  return texts;
}

Result<std::shared_ptr<const RunNode>> RequireRunByName(const Tables& tables,
                                                        const RequestContext& context,
                                                        const Arguments& input) {
  const std::string entity = input.StringOr("entityName", "");
  const std::string project = input.StringOr("projectName", "");
  const std::string name = input.StringOr("runName", "");
  Result<std::shared_ptr<const RunNode>> run = FindRun(tables, context, entity, project, name);
  if (run && *run == nullptr) {
    return NotFound(fmt::format("run {}/{}/{} not found", entity, project, name));
  }
  if (!run) return run;
  if (Result<void> allowed = RequireWrite(*(*run)->project); !allowed) return allowed.error();
  return run;
}

Result<Project> TargetProject(Tables& tables, const RequestContext& context,
                              const Arguments& input) {
  const Result<tracking::Entity> entity =
      RequireEntity(tables, context, input.StringOr("entityName", ""));
  if (!entity) return entity.error();
  const std::string name = input.StringOr("projectName", "");
  return tracking::FindOrCreateProject(tables, *entity,
                                       name.empty() ? kUncategorized : std::string_view(name),
                                       context.viewer->id, context.Now());
}

}  // namespace regatta::wandb
