#include "artifact_tables.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rows.h"

namespace regatta::storage {

using tracking::AliasId;
using tracking::Artifact;
using tracking::ArtifactAlias;
using tracking::ArtifactCollection;
using tracking::ArtifactEntry;
using tracking::ArtifactFile;
using tracking::ArtifactId;
using tracking::ArtifactManifest;
using tracking::ArtifactMembership;
using tracking::ArtifactState;
using tracking::ArtifactType;
using tracking::ArtifactTypeId;
using tracking::ArtifactUse;
using tracking::Blob;
using tracking::CollectionId;
using tracking::EntityId;
using tracking::ManifestId;
using tracking::ManifestKind;
using tracking::MembershipId;
using tracking::ProjectId;
using tracking::RunId;
using tracking::ToInt;
using tracking::UserId;

namespace {

#define REGATTA_SELECT_TYPE \
  "SELECT id, project_id, name, description, created_us FROM artifact_types "
#define REGATTA_SELECT_COLLECTION                                                         \
  "SELECT c.id, c.project_id, c.type_id, t.name, c.name, c.description, c.is_portfolio, " \
  "c.tags, c.next_version, c.created_us, c.updated_us, c.is_described "                   \
  "FROM artifact_collections c "                                                          \
  "JOIN artifact_types t ON t.id = c.type_id "
#define REGATTA_SELECT_ARTIFACT                                                              \
  "SELECT a.id, a.sequence_id, a.project_id, a.state, a.digest, a.description, a.metadata, " \
  "a.ttl_seconds, a.history_step, a.creator_id, a.run_id, a.distributed_id, a.tags, "        \
  "a.requested_aliases, a.version, a.manifest_id, a.size, a.file_count, a.created_us, "      \
  "a.updated_us FROM artifacts a "
#define REGATTA_SELECT_MEMBER \
  "SELECT id, collection_id, artifact_id, version, created_us FROM artifact_members "
#define REGATTA_SELECT_ALIAS "SELECT id, collection_id, artifact_id, alias FROM artifact_aliases "
#define REGATTA_SELECT_MANIFEST                                                              \
  "SELECT id, artifact_id, kind, name, digest, base_id, sha256, md5, size, created_us FROM " \
  "artifact_manifests "
#define REGATTA_SELECT_ENTRY                                                                    \
  "SELECT e.artifact_id, e.position, e.path, e.digest, e.reference, e.birth_artifact, e.size, " \
  "coalesce(b.sha256, '') FROM artifact_entries e LEFT JOIN artifact_blobs b "                  \
  "ON b.artifact_id = e.artifact_id AND b.md5 = e.digest AND e.reference = '' "

std::string TextsToJson(const std::vector<std::string>& texts) {
  return texts.empty() ? std::string() : nlohmann::json(texts).dump();
}

std::vector<std::string> TextsFromJson(std::string_view json) {
  if (json.empty()) return {};
  return nlohmann::json::parse(json, nullptr, false).get<std::vector<std::string>>();
}

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

Artifact ReadArtifact(const Statement& row) {
  return {.id = ArtifactId{row.Int(0)},
          .sequence = CollectionId{row.Int(1)},
          .project = ProjectId{row.Int(2)},
          .state = static_cast<ArtifactState>(row.Int(3)),
          .digest = row.Text(4),
          .description = row.Text(5),
          .metadata_json = row.Text(6),
          .ttl_seconds = row.Int(7),
          .history_step = row.OptionalInt(8),
          .creator = UserId{row.Int(9)},
          .run = RunId{row.Int(10)},
          .distributed_id = row.Text(11),
          .tags = TextsFromJson(row.View(12)),
          .requested_aliases = TextsFromJson(row.View(13)),
          .version = row.OptionalInt(14),
          .manifest = ManifestId{row.Int(15)},
          .size = row.Int(16),
          .file_count = row.Int(17),
          .created_at = FromMicros(row.Int(18)),
          .updated_at = FromMicros(row.Int(19))};
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

ArtifactManifest ReadManifest(const Statement& row) {
  return {.id = ManifestId{row.Int(0)},
          .artifact = ArtifactId{row.Int(1)},
          .kind = static_cast<ManifestKind>(row.Int(2)),
          .name = row.Text(3),
          .digest = row.Text(4),
          .base = ArtifactId{row.Int(5)},
          .blob = {.sha256_hex = row.Text(6), .md5_base64 = row.Text(7), .size = row.Int(8)},
          .created_at = FromMicros(row.Int(9))};
}

ArtifactFile ReadFile(const Statement& row) {
  return {.artifact = ArtifactId{row.Int(0)},
          .position = row.Int(1),
          .entry = {.path = row.Text(2),
                    .digest = row.Text(3),
                    .reference = row.Text(4),
                    .birth_artifact = row.Text(5),
                    .size = row.Int(6)},
          .sha256_hex = row.Text(7)};
}

}  // namespace

Result<void> SqlArtifactTables::RunWith(std::string_view sql, std::int64_t id) {
  Statement statement = context_.connection->Prepare(sql);
  statement.Bind(id);
  return statement.Run();
}

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
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_COLLECTION "WHERE c.id = ?");
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

Result<void> SqlArtifactTables::DeleteOfProject(ProjectId project) {
  const Result<std::vector<ArtifactCollection>> collections =
      ListCollections(project, ArtifactTypeId{});
  if (!collections) return collections.error();
  for (const ArtifactCollection& collection : *collections) {
    if (Result<void> done = DeleteCollection(collection.id); !done) return done;
  }
  return RunWith("DELETE FROM artifact_types WHERE project_id = ?", ToInt(project));
}

Result<std::optional<Artifact>> SqlArtifactTables::Find(ArtifactId id) const {
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_ARTIFACT "WHERE a.id = ?");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadArtifact);
}

Result<std::optional<Artifact>> SqlArtifactTables::FindByDigest(CollectionId sequence,
                                                                std::string_view digest) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_ARTIFACT
      "WHERE a.sequence_id = ? AND a.digest = ? AND a.state = 1 ORDER BY a.id DESC LIMIT 1");
  statement.Bind(ToInt(sequence), digest);
  return One(std::move(statement), ReadArtifact);
}

Result<std::optional<Artifact>> SqlArtifactTables::FindDistributed(
    CollectionId sequence, std::string_view distributed_id) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_ARTIFACT
      "WHERE a.sequence_id = ? AND a.distributed_id = ? AND a.state = 0 ORDER BY a.id LIMIT 1");
  statement.Bind(ToInt(sequence), distributed_id);
  return One(std::move(statement), ReadArtifact);
}

Result<std::optional<Artifact>> SqlArtifactTables::FindByClient(std::string_view client_id) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_ARTIFACT
      "JOIN artifact_clients c ON c.artifact_id = a.id WHERE c.client_id = ?");
  statement.Bind(client_id);
  return One(std::move(statement), ReadArtifact);
}

Result<void> SqlArtifactTables::SetClient(std::string_view client_id, ArtifactId artifact) {
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifact_clients (client_id, artifact_id) VALUES (?, ?) "
      "ON CONFLICT (client_id) DO UPDATE SET artifact_id = excluded.artifact_id");
  statement.Bind(client_id, ToInt(artifact));
  return statement.Run();
}

Result<std::vector<Artifact>> SqlArtifactTables::ListMortal() const {
  return All(context_.connection->Prepare(REGATTA_SELECT_ARTIFACT
                                          "WHERE a.state = 1 AND a.ttl_seconds >= 0 ORDER BY a.id"),
             ReadArtifact);
}

Result<void> SqlArtifactTables::Insert(Artifact& artifact) {
  const std::string tags = TextsToJson(artifact.tags);
  const std::string aliases = TextsToJson(artifact.requested_aliases);
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifacts (sequence_id, project_id, state, digest, description, metadata, "
      "ttl_seconds, history_step, creator_id, run_id, distributed_id, tags, requested_aliases, "
      "version, manifest_id, size, file_count, created_us, updated_us) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  statement.Bind(ToInt(artifact.sequence), ToInt(artifact.project),
                 static_cast<int>(artifact.state), artifact.digest, artifact.description,
                 artifact.metadata_json, artifact.ttl_seconds, artifact.history_step,
                 ToInt(artifact.creator), ToInt(artifact.run), artifact.distributed_id, tags,
                 aliases, artifact.version, ToInt(artifact.manifest), artifact.size,
                 artifact.file_count, ToMicros(artifact.created_at), ToMicros(artifact.updated_at));
  if (Result<void> done = statement.Run(); !done) return done;
  artifact.id = ArtifactId{context_.connection->last_insert_id()};
  return Ok();
}

Result<void> SqlArtifactTables::Update(const Artifact& artifact) {
  const std::string tags = TextsToJson(artifact.tags);
  Statement statement = context_.connection->Prepare(
      "UPDATE artifacts SET state = ?, description = ?, metadata = ?, ttl_seconds = ?, tags = ?, "
      "version = ?, manifest_id = ?, size = ?, file_count = ?, updated_us = ? WHERE id = ?");
  statement.Bind(static_cast<int>(artifact.state), artifact.description, artifact.metadata_json,
                 artifact.ttl_seconds, tags, artifact.version, ToInt(artifact.manifest),
                 artifact.size, artifact.file_count, ToMicros(artifact.updated_at),
                 ToInt(artifact.id));
  return statement.Run();
}

Result<void> SqlArtifactTables::ReleaseBlobs(ArtifactId id) {
  Statement blobs = context_.connection->Prepare(
      "SELECT sha256 FROM artifact_blobs WHERE artifact_id = ?1 UNION "
      "SELECT sha256 FROM artifact_manifests WHERE artifact_id = ?1 AND sha256 <> ''");
  blobs.Bind(ToInt(id));
  const Result<std::vector<std::string>> released =
      All(std::move(blobs), [](const Statement& row) { return row.Text(0); });
  if (!released) return released.error();
  context_.released_blobs.insert(context_.released_blobs.end(), released->begin(), released->end());
  return Ok();
}

Result<void> SqlArtifactTables::DropContent(ArtifactId id) {
  if (Result<void> done = ReleaseBlobs(id); !done) return done;
  for (const char* sql : {"DELETE FROM artifact_aliases WHERE artifact_id = ?",
                          "DELETE FROM artifact_members WHERE artifact_id = ?",
                          "DELETE FROM artifact_manifests WHERE artifact_id = ?",
                          "DELETE FROM artifact_entries WHERE artifact_id = ?",
                          "DELETE FROM artifact_blobs WHERE artifact_id = ?"}) {
    if (Result<void> done = RunWith(sql, ToInt(id)); !done) return done;
  }
  return Ok();
}

Result<void> SqlArtifactTables::Erase(ArtifactId id) {
  if (Result<void> done = DropContent(id); !done) return done;
  for (const char* sql :
       {"DELETE FROM artifact_clients WHERE artifact_id = ?",
        "DELETE FROM artifact_uses WHERE artifact_id = ?", "DELETE FROM artifacts WHERE id = ?"}) {
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

Result<std::optional<ArtifactManifest>> SqlArtifactTables::FindManifest(ManifestId id) const {
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_MANIFEST "WHERE id = ?");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadManifest);
}

Result<std::vector<ArtifactManifest>> SqlArtifactTables::ListManifests(ArtifactId artifact) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_MANIFEST "WHERE artifact_id = ? ORDER BY id");
  statement.Bind(ToInt(artifact));
  return All(std::move(statement), ReadManifest);
}

Result<void> SqlArtifactTables::InsertManifest(ArtifactManifest& manifest) {
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifact_manifests (artifact_id, kind, name, digest, base_id, sha256, md5, "
      "size, created_us) VALUES (?,?,?,?,?,?,?,?,?)");
  statement.Bind(ToInt(manifest.artifact), static_cast<int>(manifest.kind), manifest.name,
                 manifest.digest, ToInt(manifest.base), manifest.blob.sha256_hex,
                 manifest.blob.md5_base64, manifest.blob.size, ToMicros(manifest.created_at));
  if (Result<void> done = statement.Run(); !done) return done;
  manifest.id = ManifestId{context_.connection->last_insert_id()};
  return Ok();
}

Result<void> SqlArtifactTables::UpdateManifest(const ArtifactManifest& manifest) {
  const Result<std::optional<ArtifactManifest>> old = FindManifest(manifest.id);
  if (!old) return old.error();
  if (*old && (*old)->blob.sha256_hex != manifest.blob.sha256_hex &&
      !(*old)->blob.sha256_hex.empty()) {
    context_.released_blobs.push_back((*old)->blob.sha256_hex);
  }
  Statement statement = context_.connection->Prepare(
      "UPDATE artifact_manifests SET digest = ?, base_id = ?, sha256 = ?, md5 = ?, size = ? "
      "WHERE id = ?");
  statement.Bind(manifest.digest, ToInt(manifest.base), manifest.blob.sha256_hex,
                 manifest.blob.md5_base64, manifest.blob.size, ToInt(manifest.id));
  return statement.Run();
}

Result<void> SqlArtifactTables::PutEntries(ArtifactId artifact,
                                           const std::vector<ArtifactEntry>& entries) {
  Result<void> cleared =
      RunWith("DELETE FROM artifact_entries WHERE artifact_id = ?", ToInt(artifact));
  if (!cleared) return cleared;
  std::int64_t position = 0;
  for (const ArtifactEntry& entry : entries) {
    Statement statement = context_.connection->Prepare(
        "INSERT INTO artifact_entries (artifact_id, position, path, digest, reference, "
        "birth_artifact, size) VALUES (?,?,?,?,?,?,?)");
    statement.Bind(ToInt(artifact), position++, entry.path, entry.digest, entry.reference,
                   entry.birth_artifact, entry.size);
    if (Result<void> done = statement.Run(); !done) return done;
  }
  return Ok();
}

Result<std::vector<ArtifactFile>> SqlArtifactTables::ListFiles(ArtifactId artifact,
                                                               std::int64_t first,
                                                               std::int64_t count) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_ENTRY
      "WHERE e.artifact_id = ? AND e.position >= ? ORDER BY e.position LIMIT ?");
  statement.Bind(ToInt(artifact), first, count);
  return All(std::move(statement), ReadFile);
}

Result<std::optional<ArtifactFile>> SqlArtifactTables::FindFile(ArtifactId artifact,
                                                                std::string_view path) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_ENTRY "WHERE e.artifact_id = ? AND e.path = ?");
  statement.Bind(ToInt(artifact), path);
  return One(std::move(statement), ReadFile);
}

Result<std::optional<Blob>> SqlArtifactTables::FindBlob(ArtifactId artifact,
                                                        std::string_view md5_base64) const {
  Statement statement = context_.connection->Prepare(
      "SELECT sha256, md5, size FROM artifact_blobs WHERE artifact_id = ? AND md5 = ?");
  statement.Bind(ToInt(artifact), md5_base64);
  return One(std::move(statement), [](const Statement& row) {
    return Blob{.sha256_hex = row.Text(0), .md5_base64 = row.Text(1), .size = row.Int(2)};
  });
}

Result<std::optional<SqlArtifactTables::HeldBlob>> SqlArtifactTables::FindBlobOfEntity(
    EntityId entity, std::string_view md5_base64) const {
  Statement statement = context_.connection->Prepare(
      "SELECT sha256, md5, size, artifact_id FROM artifact_blobs WHERE entity_id = ? AND md5 = ? "
      "ORDER BY artifact_id LIMIT 1");
  statement.Bind(ToInt(entity), md5_base64);
  return One(std::move(statement), [](const Statement& row) {
    return HeldBlob{
        .blob = {.sha256_hex = row.Text(0), .md5_base64 = row.Text(1), .size = row.Int(2)},
        .holder = ArtifactId{row.Int(3)}};
  });
}

Result<void> SqlArtifactTables::PutBlob(ArtifactId artifact, EntityId entity, const Blob& blob) {
  // Two contents of one MD5 are no accident; the first one stays.
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifact_blobs (artifact_id, md5, entity_id, sha256, size) VALUES (?,?,?,?,?) "
      "ON CONFLICT (artifact_id, md5) DO NOTHING");
  statement.Bind(ToInt(artifact), blob.md5_base64, ToInt(entity), blob.sha256_hex, blob.size);
  return statement.Run();
}

Result<void> SqlArtifactTables::AddUse(RunId run, ArtifactId artifact, ArtifactUse use) {
  Statement statement = context_.connection->Prepare(
      "INSERT INTO artifact_uses (run_id, artifact_id, use) VALUES (?,?,?) "
      "ON CONFLICT (run_id, use, artifact_id) DO NOTHING");
  statement.Bind(ToInt(run), ToInt(artifact), static_cast<int>(use));
  return statement.Run();
}

Result<std::vector<Artifact>> SqlArtifactTables::ListOfRun(RunId run, ArtifactUse use) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_ARTIFACT
      "JOIN artifact_uses u ON u.artifact_id = a.id "
      "WHERE u.run_id = ? AND u.use = ? AND a.state = 1 ORDER BY u.id");
  statement.Bind(ToInt(run), static_cast<int>(use));
  return All(std::move(statement), ReadArtifact);
}

Result<std::vector<RunId>> SqlArtifactTables::ListRunsUsing(ArtifactId artifact) const {
  Statement statement = context_.connection->Prepare(
      "SELECT run_id FROM artifact_uses WHERE artifact_id = ? AND use = 0 ORDER BY id");
  statement.Bind(ToInt(artifact));
  return All(std::move(statement), [](const Statement& row) { return RunId{row.Int(0)}; });
}

}  // namespace regatta::storage
