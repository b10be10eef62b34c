#include "project_tables.h"

#include <fmt/format.h>

#include "graveyard.h"
#include "rows.h"

namespace regatta::storage {

using tracking::EntityId;
using tracking::Project;
using tracking::ProjectId;
using tracking::ToInt;
using tracking::UserId;

namespace {

Project ReadProject(const Statement& row) {
  return {.id = ProjectId{row.Int(0)},
          .entity = EntityId{row.Int(1)},
          .entity_name = row.Text(2),
          .name = row.Text(3),
          .description = row.Text(4),
          .access = row.Text(5),
          .repo = row.Text(6),
          .docker_image = row.Text(7),
          .views_json = row.Text(8),
          .creator = UserId{row.Int(9)},
          .created_at = FromMicros(row.Int(10)),
          .updated_at = FromMicros(row.Int(11)),
          .next_run_number = row.Int(12)};
}

#define REGATTA_SELECT_PROJECT                                                                  \
  "SELECT p.id, p.entity_id, e.name, p.name, p.description, p.access, p.repo, p.docker_image, " \
  "p.views, p.creator_id, p.created_us, p.updated_us, p.next_run_number "                       \
  "FROM projects p JOIN entities e ON e.id = p.entity_id "

}  // namespace

Result<std::optional<Project>> SqlProjectTables::Find(ProjectId id) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_PROJECT "WHERE p.id = ? AND p.entity_id <> 0");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadProject);
}

Result<std::optional<Project>> SqlProjectTables::FindByName(EntityId entity,
                                                            std::string_view name) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_PROJECT "WHERE p.entity_id = ? AND p.name = ?");
  statement.Bind(ToInt(entity), name);
  return One(std::move(statement), ReadProject);
}

Result<std::vector<Project>> SqlProjectTables::List(EntityId entity) const {
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_PROJECT
                                                     "WHERE p.entity_id = ? ORDER BY p.id DESC");
  statement.Bind(ToInt(entity));
  return All(std::move(statement), ReadProject);
}

Result<void> SqlProjectTables::Insert(Project& project) {
  if (project.entity == kGraveEntity) return Internal("a new project has to name its entity");
  Statement statement = context_.connection->Prepare(
      "INSERT INTO projects (entity_id, name, description, access, repo, docker_image, views, "
      "creator_id, created_us, updated_us, next_run_number) VALUES (?,?,?,?,?,?,?,?,?,?,?)");
  statement.Bind(ToInt(project.entity), project.name, project.description, project.access,
                 project.repo, project.docker_image, project.views_json, ToInt(project.creator),
                 ToMicros(project.created_at), ToMicros(project.updated_at),
                 project.next_run_number);
  if (Result<void> done = statement.Run(); !done) {
    if (done.error().code == ErrorCode::kAlreadyExists) {
      return AlreadyExists(fmt::format("project \"{}\" exists already", project.name));
    }
    return done;
  }
  project.id = ProjectId{context_.connection->last_insert_id()};
  return Ok();
}

Result<void> SqlProjectTables::Update(const Project& project) {
  Statement statement = context_.connection->Prepare(
      "UPDATE projects SET name = ?, description = ?, access = ?, repo = ?, docker_image = ?, "
      "views = ?, updated_us = ?, next_run_number = ? WHERE id = ?");
  statement.Bind(project.name, project.description, project.access, project.repo,
                 project.docker_image, project.views_json, ToMicros(project.updated_at),
                 project.next_run_number, ToInt(project.id));
  return statement.Run();
}

Result<void> SqlProjectTables::Delete(ProjectId id) { return Graveyard(context_).Bury(id); }

}  // namespace regatta::storage
