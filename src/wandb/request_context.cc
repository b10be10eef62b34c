#include "request_context.h"

#include <fmt/format.h>

#include "storage_ids.h"

namespace regatta::wandb {
namespace {

Error ViewersOnlyLook(std::string_view team) {
  return PermissionDenied(
      fmt::format("you are a viewer of team \"{}\": a viewer may look at all that is the team's, "
                  "and change nothing; ask the server's administrator to make you a member",
                  team));
}

}  // namespace

Result<void> RequestContext::Read(FunctionRef<Result<void>(const tracking::Tables&)> work) {
  if (snapshot_ != nullptr) return work(*snapshot_);
  return services.store.Read(work);
}

void RequestContext::ReadAll(FunctionRef<void()> work) {
  const Result<void> done = services.store.Read([&](const tracking::Tables& tables) {
    snapshot_ = &tables;
    work();
    snapshot_ = nullptr;
    return Ok();
  });
  // Without a snapshot each read reports the store's trouble by itself.
  if (!done) work();
}

Result<void> RequestContext::Write(FunctionRef<Result<void>(tracking::Tables&)> work) {
  return services.store.Write(work);
}

Result<tracking::User> RequestContext::RequireViewer() const {
  if (viewer) return *viewer;
  return Unauthenticated("no valid API key came with the request: log in with `wandb login`");
}

Result<std::optional<VisibleEntity>> FindVisibleEntity(const tracking::Tables& tables,
                                                       const RequestContext& context,
                                                       std::string_view name) {
  using Found = std::optional<VisibleEntity>;
  if (!context.viewer) return Found();
  const Result<std::optional<tracking::Entity>> entity =
      name.empty() ? tables.accounts().FindEntity(context.viewer->entity)
                   : tables.accounts().FindEntityByName(name);
  if (!entity) return entity.error();
  if (!*entity) return Found();
  if (context.viewer->is_admin || (*entity)->id == context.viewer->entity) {
    return Found({**entity, true});
  }
  const Result<std::vector<tracking::Member>> members =
      tables.accounts().ListMembers((*entity)->id);
  if (!members) return members.error();
  for (const tracking::Member& member : *members) {
    if (member.user == context.viewer->id) {
      return Found({**entity, member.role != tracking::Role::kViewer});
    }
  }
  return Found();
}

Result<std::optional<tracking::Entity>> FindEntity(const tracking::Tables& tables,
                                                   const RequestContext& context,
                                                   std::string_view name) {
  using Found = std::optional<tracking::Entity>;
  const Result<std::optional<VisibleEntity>> visible = FindVisibleEntity(tables, context, name);
  if (!visible) return visible.error();
  return *visible ? Found((*visible)->entity) : Found();
}

Result<std::shared_ptr<const ProjectNode>> FindProject(const tracking::Tables& tables,
                                                       const RequestContext& context,
                                                       std::string_view entity,
                                                       std::string_view project) {
  using Found = std::shared_ptr<const ProjectNode>;
  const Result<std::optional<VisibleEntity>> owner = FindVisibleEntity(tables, context, entity);
  if (!owner) return owner.error();
  if (!*owner) return Found();
  const Result<std::optional<tracking::Project>> found =
      tables.projects().FindByName((*owner)->entity.id, project.empty() ? kUncategorized : project);
  if (!found) return found.error();
  if (!*found) return Found();
  return Found(std::make_shared<const ProjectNode>(ProjectNode{**found, (*owner)->may_write}));
}

Result<std::shared_ptr<const ProjectNode>> FindProject(const tracking::Tables& tables,
                                                       const RequestContext& context,
                                                       tracking::ProjectId id) {
  using Found = std::shared_ptr<const ProjectNode>;
  const Result<std::optional<tracking::Project>> found = tables.projects().Find(id);
  if (!found) return found.error();
  if (!*found) return Found();
  return FindProject(tables, context, (*found)->entity_name, (*found)->name);
}

Result<std::shared_ptr<const RunNode>> FindRun(const tracking::Tables& tables,
                                               const RequestContext& context,
                                               std::string_view entity, std::string_view project,
                                               std::string_view run) {
  using Found = std::shared_ptr<const RunNode>;
  const Result<std::shared_ptr<const ProjectNode>> owner =
      FindProject(tables, context, entity, project);
  if (!owner) return owner.error();
  if (*owner == nullptr) return Found();
  const Result<std::optional<tracking::Run>> found =
      tables.runs().FindByName((*owner)->project.id, run);
  if (!found) return found.error();
  if (!*found) return Found();
  return Found(std::make_shared<const RunNode>(RunNode{**found, *owner}));
}

Result<void> RequireWrite(const ProjectNode& project) {
  if (project.may_write) return Ok();
  return ViewersOnlyLook(project.project.entity_name);
}

Result<std::shared_ptr<const RunNode>> RequireRun(const tracking::Tables& tables,
                                                  const RequestContext& context,
                                                  std::string_view storage_id) {
  const Result<RunPath> path = DecodeRunId(storage_id);
  if (!path) return path.error();
  Result<std::shared_ptr<const RunNode>> run =
      FindRun(tables, context, path->entity, path->project, path->run);
  if (!run) return run;
  if (*run == nullptr) {
    return NotFound(fmt::format("run {}/{}/{} not found", path->entity, path->project, path->run));
  }
  if (Result<void> allowed = RequireWrite(*(*run)->project); !allowed) return allowed.error();
  return run;
}

Result<tracking::Entity> RequireEntity(const tracking::Tables& tables,
                                       const RequestContext& context, std::string_view name) {
  if (const Result<tracking::User> viewer = context.RequireViewer(); !viewer) {
    return viewer.error();
  }
  const Result<std::optional<VisibleEntity>> visible = FindVisibleEntity(tables, context, name);
  if (!visible) return visible.error();
  if (!*visible) {
    return NotFound(fmt::format(
        "entity \"{}\" not found: use your own user name or a team that you belong to", name));
  }
  if (!(*visible)->may_write) return ViewersOnlyLook((*visible)->entity.name);
  return (*visible)->entity;
}

}  // namespace regatta::wandb
