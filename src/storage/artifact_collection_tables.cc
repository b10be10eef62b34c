// Types and collections of artifacts, which versions are their members, and under which aliases.
#include <fmt/format.h>

#include "artifact_tables.h"
#include "graveyard.h"
#include "rows.h"
#include "text_list.h"

namespace regatta::storage {

using tracking::AliasId;
using tracking::ArtifactAlias;
using tracking::ArtifactCollection;
using tracking::ArtifactId;
using tracking::ArtifactMembership;
using tracking::ArtifactType;
using tracking::ArtifactTypeId;
using tracking::CollectionId;
using tracking::MembershipId;
using tracking::ProjectId;
using tracking::ToInt;

namespace {

#define REGATTA_SELECT_TYPE \
  "SELECT id, project_id, name, description, created_us FROM artifact_types "

#define REGATTA_SELECT_COLLECTION                                                         \
  "SELECT c.id, c.project_id, c.type_id, t.name, c.name, c.description, c.is_portfolio, " \
  "c.tags, c.next_version, c.created_us, c.updated_us, c.is_described "                   \
  "FROM artifact_collections c "                                                          \
  "JOIN artifact_types t ON t.id = c.type_id "

#define REGATTA_SELECT_MEMBER \
  "SELECT id, collection_id, artifact_id, version, created_us FROM artifact_members "

#define REGATTA_SELECT_ALIAS "SELECT id, collection_id, artifact_id, alias FROM artifact_aliases "

ArtifactType ReadType(const Statement& row) {
  return {.id = ArtifactTypeId{row.Int(0)},
          .project = ProjectId{row.Int(1)},
          .name = row.Text(2),
          .description = row.Text(3),
          .created_at = FromMicros(row.Int(4))};
}

ArtifactCollection ReadCollection(const Statement& row) {
  return {.id = CollectionId{row.Int(0)},
          .project = ProjectId{row.Int(1)},
          .type = ArtifactTypeId{row.Int(2)},
          .type_name = row.Text(3),
          .name = row.Text(4),
          .description = row.Bool(11) ? std::optional(row.Text(5)) : std::nullopt,
          .is_portfolio = row.Bool(6),
          .tags = TextsFromJson(row.View(7)),
          .next_version = row.Int(8),
          .created_at = FromMicros(row.Int(9)),
          .updated_at = FromMicros(row.Int(10))};
}

ArtifactMembership ReadMember(const Statement& row) {
  return {.id = MembershipId{row.Int(0)},
          .collection = CollectionId{row.Int(1)},
          .artifact = ArtifactId{row.Int(2)},
          .version = row.Int(3),
          .created_at = FromMicros(row.Int(4))};
}

ArtifactAlias ReadAlias(const Statement& row) {
  return {.id = AliasId{row.Int(0)},
          .collection = CollectionId{row.Int(1)},
          .artifact = ArtifactId{row.Int(2)},
          .alias = row.Text(3)};
}

}  // namespace

Result<std::optional<ArtifactType>> SqlArtifactTables::FindType(ArtifactTypeId id) const {
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_TYPE "WHERE id = ?");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadType);
}

Result<std::optional<ArtifactType>> SqlArtifactTables::FindTypeByName(ProjectId project,
                                                                      std::string_view name) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_TYPE "WHERE project_id = ? AND name = ?");
  statement.Bind(ToInt(project), name);
  return One(std::move(statement), ReadType);
}

Result<std::vector<ArtifactType>> SqlArtifactTables::ListTypes(ProjectId project) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_TYPE "WHERE project_id = ? ORDER BY name");
  statement.Bind(ToInt(project));
  return All(std::move(statement), ReadType);
}

Result<void> SqlArtifactTables::InsertType(ArtifactType& type) {
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifact_types (project_id, name, description, created_us) VALUES (?,?,?,?)");
  statement.Bind(ToInt(type.project), type.name, type.description, ToMicros(type.created_at));
  if (Result<void> done = statement.Run(); !done) return done;
  type.id = ArtifactTypeId{context_.connection->last_insert_id()};
  return Ok();
}

Result<std::optional<ArtifactCollection>> SqlArtifactTables::FindCollection(CollectionId id) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_COLLECTION "WHERE c.id = ? AND " REGATTA_IS_KEPT(c.project_id));
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadCollection);
}

Result<std::optional<ArtifactCollection>> SqlArtifactTables::FindCollectionByName(
    ProjectId project, std::string_view name) const {
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_COLLECTION
                                                     "WHERE c.project_id = ? AND c.name = ?");
  statement.Bind(ToInt(project), name);
  return One(std::move(statement), ReadCollection);
}

Result<std::vector<ArtifactCollection>> SqlArtifactTables::ListCollections(
    ProjectId project, ArtifactTypeId type) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_COLLECTION
      "WHERE c.project_id = ?1 AND (?2 = 0 OR c.type_id = ?2) ORDER BY c.id DESC");
  statement.Bind(ToInt(project), ToInt(type));
  return All(std::move(statement), ReadCollection);
}

namespace {

Error NameTaken(const ArtifactCollection& collection, const Error& error) {
  if (error.code != ErrorCode::kAlreadyExists) return error;
  return AlreadyExists(
      fmt::format("artifact collection \"{}\" exists already in this project", collection.name));
}

}  // namespace

Result<void> SqlArtifactTables::InsertCollection(ArtifactCollection& collection) {
  const std::string tags = TextsToJson(collection.tags);
  const std::string description = collection.description.value_or("");
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifact_collections (project_id, type_id, name, description, is_portfolio, "
      "tags, next_version, created_us, updated_us, is_described) VALUES (?,?,?,?,?,?,?,?,?,?)");
  statement.Bind(ToInt(collection.project), ToInt(collection.type), collection.name, description,
                 collection.is_portfolio, tags, collection.next_version,
                 ToMicros(collection.created_at), ToMicros(collection.updated_at),
                 collection.description.has_value());
  if (Result<void> done = statement.Run(); !done) return NameTaken(collection, done.error());
  collection.id = CollectionId{context_.connection->last_insert_id()};
  return Ok();
}

Result<void> SqlArtifactTables::UpdateCollection(const ArtifactCollection& collection) {
  const std::string tags = TextsToJson(collection.tags);
  const std::string description = collection.description.value_or("");
  Statement statement = context_.connection->Prepare(
      "UPDATE artifact_collections SET type_id = ?, name = ?, description = ?, "
      "is_described = ?, tags = ?, next_version = ?, updated_us = ? WHERE id = ?");
  statement.Bind(ToInt(collection.type), collection.name, description,
                 collection.description.has_value(), tags, collection.next_version,
                 ToMicros(collection.updated_at), ToInt(collection.id));
  if (Result<void> done = statement.Run(); !done) return NameTaken(collection, done.error());
  return Ok();
}

Result<void> SqlArtifactTables::DeleteCollection(CollectionId id) {
  Statement list = context_.connection->Prepare("SELECT id FROM artifacts WHERE sequence_id = ?");
  list.Bind(ToInt(id));
  const Result<std::vector<ArtifactId>> artifacts =
      All(std::move(list), [](const Statement& row) { return ArtifactId{row.Int(0)}; });
  if (!artifacts) return artifacts.error();
  for (const ArtifactId artifact : *artifacts) {
    if (Result<void> done = Erase(artifact); !done) return done;
  }
  for (const char* sql : {"DELETE FROM artifact_aliases WHERE collection_id = ?",
                          "DELETE FROM artifact_members WHERE collection_id = ?",
                          "DELETE FROM artifact_collections WHERE id = ?"}) {
    if (Result<void> done = RunWith(sql, ToInt(id)); !done) return done;
  }
  return Ok();
}

Result<std::optional<ArtifactMembership>> SqlArtifactTables::FindMember(CollectionId collection,
                                                                        ArtifactId artifact) const {
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_MEMBER
                                                     "WHERE collection_id = ? AND artifact_id = ?");
  statement.Bind(ToInt(collection), ToInt(artifact));
  return One(std::move(statement), ReadMember);
}

Result<std::optional<ArtifactMembership>> SqlArtifactTables::FindMemberByVersion(
    CollectionId collection, std::int64_t version) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_MEMBER "WHERE collection_id = ? AND version = ?");
  statement.Bind(ToInt(collection), version);
  return One(std::move(statement), ReadMember);
}

Result<std::vector<ArtifactMembership>> SqlArtifactTables::ListMembers(
    CollectionId collection) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_MEMBER "WHERE collection_id = ? ORDER BY version DESC");
  statement.Bind(ToInt(collection));
  return All(std::move(statement), ReadMember);
}

Result<std::vector<ArtifactMembership>> SqlArtifactTables::ListMemberships(
    ArtifactId artifact) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_MEMBER "WHERE artifact_id = ? ORDER BY id");
  statement.Bind(ToInt(artifact));
  return All(std::move(statement), ReadMember);
}

Result<void> SqlArtifactTables::InsertMember(ArtifactMembership& member) {
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifact_members (collection_id, artifact_id, version, created_us) "
      "VALUES (?,?,?,?)");
  statement.Bind(ToInt(member.collection), ToInt(member.artifact), member.version,
                 ToMicros(member.created_at));
  if (Result<void> done = statement.Run(); !done) return done;
  member.id = MembershipId{context_.connection->last_insert_id()};
  return Ok();
}

Result<void> SqlArtifactTables::DeleteMember(CollectionId collection, ArtifactId artifact) {
  for (const char* sql :
       {"DELETE FROM artifact_aliases WHERE collection_id = ? AND artifact_id = ?",
        "DELETE FROM artifact_members WHERE collection_id = ? AND artifact_id = ?"}) {
    Statement statement = context_.connection->Prepare(sql);
    statement.Bind(ToInt(collection), ToInt(artifact));
    if (Result<void> done = statement.Run(); !done) return done;
  }
  return Ok();
}

Result<std::optional<ArtifactAlias>> SqlArtifactTables::FindAlias(CollectionId collection,
                                                                  std::string_view alias) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_ALIAS "WHERE collection_id = ? AND alias = ?");
  statement.Bind(ToInt(collection), alias);
  return One(std::move(statement), ReadAlias);
}

Result<std::vector<ArtifactAlias>> SqlArtifactTables::ListAliases(CollectionId collection) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_ALIAS "WHERE collection_id = ? ORDER BY id");
  statement.Bind(ToInt(collection));
  return All(std::move(statement), ReadAlias);
}

Result<std::vector<ArtifactAlias>> SqlArtifactTables::ListAliasesOf(ArtifactId artifact) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_ALIAS "WHERE artifact_id = ? ORDER BY id");
  statement.Bind(ToInt(artifact));
  return All(std::move(statement), ReadAlias);
}

Result<void> SqlArtifactTables::SetAlias(CollectionId collection, std::string_view alias,
                                         ArtifactId artifact) {
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifact_aliases (collection_id, alias, artifact_id) VALUES (?,?,?) "
      "ON CONFLICT (collection_id, alias) DO UPDATE SET artifact_id = excluded.artifact_id");
  statement.Bind(ToInt(collection), alias, ToInt(artifact));
  return statement.Run();
}

Result<void> SqlArtifactTables::DeleteAlias(AliasId id) {
  return RunWith("DELETE FROM artifact_aliases WHERE id = ?", ToInt(id));
}

}  // namespace regatta::storage
