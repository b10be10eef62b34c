#include "request_context.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage_ids.h"

namespace regatta::wandb {

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

Result<std::optional<tracking::Entity>> FindEntity(const tracking::Tables& tables,
                                                   const RequestContext& context,
                                                   std::string_view name) {
  using Found = std::optional<tracking::Entity>;
  if (!context.viewer) return Found();
  if (name.empty()) return tables.accounts().FindEntity(context.viewer->entity);
  Result<Found> entity = tables.accounts().FindEntityByName(name);
  if (!entity || !*entity) return entity;
  if (context.viewer->is_admin || (*entity)->id == context.viewer->entity) return entity;
  const Result<std::vector<tracking::Member>> members =
      tables.accounts().ListMembers((*entity)->id);
  if (!members) return members.error();
  const bool is_member = std::any_of(members->begin(), members->end(), [&](const auto& member) {
    return member.user == context.viewer->id;
  });
  return is_member ? *std::move(entity) : Found();
}

Result<std::shared_ptr<const ProjectNode>> FindProject(const tracking::Tables& tables,
                                                       const RequestContext& context,
                                                       std::string_view entity,
                                                       std::string_view project) {
  using Found = std::shared_ptr<const ProjectNode>;
  const Result<std::optional<tracking::Entity>> owner = FindEntity(tables, context, entity);
  if (!owner) return owner.error();
  if (!*owner) return Found();
  const Result<std::optional<tracking::Project>> found =
      tables.projects().FindByName((*owner)->id, project.empty() ? kUncategorized : project);
  if (!found) return found.error();
  if (!*found) return Found();
  return Found(std::make_shared<const ProjectNode>(ProjectNode{**found}));
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
  return run;
}

Result<tracking::Entity> RequireEntity(const tracking::Tables& tables,
                                       const RequestContext& context, std::string_view name) {
  if (const Result<tracking::User> viewer = context.RequireViewer(); !viewer) {
    return viewer.error();
  }
  Result<std::optional<tracking::Entity>> entity = FindEntity(tables, context, name);
  if (!entity) return entity.error();
  if (!*entity) {
    return NotFound(fmt::format(
        "entity \"{}\" not found: use your own user name or a team that you belong to", name));
  }
  return **std::move(entity);
}

}  // namespace regatta::wandb
