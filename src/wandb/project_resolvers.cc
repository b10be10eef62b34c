// Projects, without what they hold.
#include <fmt/format.h>

#include "connection.h"
#include "regatta/tracking/run_rules.h"
#include "request_context.h"
#include "resolvers.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::Entity;
using tracking::Project;
using tracking::Tables;
using tracking::ToInt;
using tracking::User;

namespace {

std::string Text(std::optional<std::string_view> value) { return std::string(value.value_or("")); }

Resolved NullIfEmpty(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

Result<Resolved> QueryProject(const FieldContext& field) {
  Resolved found = nullptr;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    const Result<std::shared_ptr<const ProjectNode>> project =
        FindProject(tables, Context(field), field.args().StringOr("entityName", ""),
                    field.args().StringOr("name", ""));
    if (!project) return project.error();
    found = Resolved::Object("Project", *project);
    return Ok();
  });
  if (!read) return read.error();
  return found;
}

Result<Resolved> ListProjects(const FieldContext& field, std::string_view entity_name) {
  std::vector<Project> projects;
  bool may_write = false;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    const auto owner = FindVisibleEntity(tables, Context(field), entity_name);
    if (!owner) return owner.error();
    if (!*owner) return Ok();
    Result<std::vector<Project>> listed = tables.projects().List((*owner)->entity.id);
    if (!listed) return listed.error();
    projects = *std::move(listed);
    may_write = (*owner)->may_write;
    return Ok();
  });
  if (!read) return read.error();
  return PageOfList("ProjectConnection", "ProjectEdge", field.args(), projects,
                    [&](const Project& project) {
                      return Resolved::Own("Project", ProjectNode{project, may_write});
                    });
}

Result<Resolved> UpsertModel(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  const graphql::Arguments input = field.input();
  Project project;
  bool inserted = false;
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    std::string entity_name = input.StringOr("entityName", "");
    std::string name = input.StringOr("name", "");
    if (const auto id = input.String("id"); id && !id->empty()) {
      const Result<std::int64_t> number = DecodeId("Project", *id);
      if (!number) return number.error();
      const auto node = FindProject(tables, context, tracking::ProjectId{*number});
      if (!node) return node.error();
      if (*node == nullptr) return NotFound("no such project: it may have been deleted");
      if (Result<void> allowed = RequireWrite(**node); !allowed) return allowed;
      project = (*node)->project;
      if (!name.empty()) {
        Result<void> renamed = tracking::RenameProject(tables, project, name, context.Now());
        if (!renamed) return renamed;
      }
    } else {
      const Result<Entity> entity = RequireEntity(tables, context, entity_name);
      if (!entity) return entity.error();
      const Result<std::optional<Project>> found = tables.projects().FindByName(entity->id, name);
      if (!found) return found.error();
      inserted = !*found;
      Result<Project> made = tracking::FindOrCreateProject(
          tables, *entity, name.empty() ? kUncategorized : std::string_view(name), viewer->id,
          context.Now());
      if (!made) return made.error();
      project = *std::move(made);
    }
    if (input.IsSet("description")) project.description = Text(input.String("description"));
    if (input.IsSet("access")) project.access = Text(input.String("access"));
    if (input.IsSet("views")) project.views_json = Text(input.String("views"));
    if (input.IsSet("repo")) project.repo = Text(input.String("repo"));
    if (input.IsSet("dockerImage")) project.docker_image = Text(input.String("dockerImage"));
    project.updated_at = context.Now();
    return tables.projects().Update(project);
  });
  if (!written) return written.error();
  const auto node = std::make_shared<const ProjectNode>(ProjectNode{project, true});
  return Resolved(Record("UpsertModelPayload")
                      .Set("model", Resolved::Object("Project", node))
                      .Set("project", Resolved::Object("Project", node))
                      .Set("inserted", inserted));
}

Result<Resolved> DeleteModel(const FieldContext& field) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  const Result<std::int64_t> id = DecodeId("Project", field.input().StringOr("id", ""));
  if (!id) return id.error();
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    const auto node = FindProject(tables, context, tracking::ProjectId{*id});
    if (!node) return node.error();
    if (*node == nullptr) return NotFound("no such project: it may have been deleted");
    if (Result<void> allowed = RequireWrite(**node); !allowed) return allowed;
    return tables.projects().Delete((*node)->project.id);
  });
  if (!written) return written.error();
  return Resolved(Record("DeleteModelPayload").Set("success", true));
}

Result<Resolved> ResolveCreator(const ProjectNode& node, const FieldContext& field) {
  Resolved creator = nullptr;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    Result<std::optional<User>> user = tables.accounts().FindUser(node.project.creator);
    if (!user) return user.error();
    if (*user) creator = Resolved::Own("User", **std::move(user));
    return Ok();
  });
  if (!read) return read.error();
  return creator;
}

void AddProjectFields(ResolverMap& resolvers) {
  const auto add = [&](const char* name, auto read) {
    resolvers.Field<ProjectNode>(
        "Project", name, [read](const ProjectNode& node) { return Resolved(read(node.project)); });
  };
  add("id", [](const Project& p) { return EncodeId("Project", ToInt(p.id)); });
  add("internalId", [](const Project& p) { return EncodeId("ProjectInternalId", ToInt(p.id)); });
  add("name", [](const Project& p) { return p.name; });
  add("entityName", [](const Project& p) { return p.entity_name; });
  add("createdAt", [](const Project& p) { return FormatTime(p.created_at); });
  add("updatedAt", [](const Project& p) { return FormatTime(p.updated_at); });
  add("isBenchmark", [](const Project&) { return false; });
  add("description", [](const Project& p) { return NullIfEmpty(p.description); });
  add("access", [](const Project& p) { return NullIfEmpty(p.access); });
  add("repo", [](const Project& p) { return NullIfEmpty(p.repo); });
  add("dockerImage", [](const Project& p) { return NullIfEmpty(p.docker_image); });
  add("views", [](const Project& p) { return NullIfEmpty(p.views_json); });
  add("tags", [](const Project&) {
    return Resolved(Record("TagConnection").Set("edges", Resolved(Resolved::Items())));
  });
  add("allViews",
      [](const Project&) { return Connection("ViewConnection", "ViewEdge", {}, {}, 0); });
  resolvers.Field<ProjectNode>("Project", "readOnly",
                               [](const ProjectNode& node) { return !node.may_write; });
  resolvers.Field<ProjectNode>("Project", "user", ResolveCreator);
  resolvers.Field<ProjectNode>(
      "Project", "entity",
      [](const ProjectNode& node, const FieldContext& field) -> Result<Resolved> {
        Resolved owner = nullptr;
        const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
          const Result<std::optional<Entity>> entity =
              tables.accounts().FindEntity(node.project.entity);
          if (!entity) return entity.error();
          if (*entity) owner = Resolved::Own("Entity", EntityNode{**entity});
          return Ok();
        });
        if (!read) return read.error();
        return owner;
      });
}

}  // namespace

void AddProjectResolvers(ResolverMap& resolvers) {
  resolvers.Add("Query", "project", QueryProject);
  resolvers.Add("Query", "model", QueryProject);
  resolvers.Add("Query", "models", [](const FieldContext& field) {
    return ListProjects(field, field.args().StringOr("entityName", ""));
  });
  resolvers.Field<EntityNode>("Entity", "projects",
                              [](const EntityNode& node, const FieldContext& field) {
                                return ListProjects(field, node.entity.name);
                              });
  resolvers.Field<User>("User", "projects", [](const User& user, const FieldContext& field) {
    return ListProjects(field, user.name);
  });
  resolvers.Field<EntityNode>(
      "Entity", "project",
      [](const EntityNode& node, const FieldContext& field) -> Result<Resolved> {
        Resolved found = nullptr;
        const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
          const auto project = FindProject(tables, Context(field), node.entity.name,
                                           field.args().StringOr("name", ""));
          if (!project) return project.error();
          found = Resolved::Object("Project", *project);
          return Ok();
        });
        if (!read) return read.error();
        return found;
      });
  resolvers.Add("Mutation", "upsertModel", UpsertModel);
  resolvers.Add("Mutation", "deleteModel", DeleteModel);
  AddProjectFields(resolvers);
  resolvers.Record("ProjectConnection", {"edges", "pageInfo", "totalCount"});
  resolvers.Record("ProjectEdge", {"node", "cursor"});
  resolvers.Record("ViewConnection", {"edges", "pageInfo"});
  resolvers.Record("ViewEdge", {"node", "cursor"});
  // Nothing here makes reports yet; a client that lists them selects these fields of none.
  resolvers.Record("View", {"id", "name", "displayName", "description", "user", "spec", "updatedAt",
                            "createdAt"});
  resolvers.Record("TagConnection", {"edges"});
  resolvers.Record("TagEdge", {"node"});
  resolvers.Record("Tag", {"id", "name", "tagCategoryName"});
  resolvers.Record("UpsertModelPayload", {"model", "project", "inserted", "clientMutationId"});
  resolvers.Record("DeleteModelPayload", {"success", "clientMutationId"});
}

}  // namespace regatta::wandb
