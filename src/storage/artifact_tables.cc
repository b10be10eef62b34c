// Artifacts themselves, the names that clients gave them, and the runs that used them.
#include "artifact_tables.h"

#include "graveyard.h"
#include "rows.h"
#include "text_list.h"

namespace regatta::storage {

using tracking::Artifact;
using tracking::ArtifactId;
using tracking::ArtifactState;
using tracking::ArtifactUse;
using tracking::CollectionId;
using tracking::ManifestId;
using tracking::ProjectId;
using tracking::RunId;
using tracking::ToInt;
using tracking::UserId;

namespace {

#define REGATTA_SELECT_ARTIFACT                                                              \
  "SELECT a.id, a.sequence_id, a.project_id, a.state, a.digest, a.description, a.metadata, " \
  "a.ttl_seconds, a.history_step, a.creator_id, a.run_id, a.distributed_id, a.tags, "        \
  "a.requested_aliases, a.version, a.manifest_id, a.size, a.file_count, a.created_us, "      \
  "a.updated_us FROM artifacts a "

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

}  // namespace

Result<void> SqlArtifactTables::RunWith(std::string_view sql, std::int64_t id) {
  Statement statement = context_.connection->Prepare(sql);
  statement.Bind(id);
  return statement.Run();
}

Result<std::optional<Artifact>> SqlArtifactTables::Find(ArtifactId id) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_ARTIFACT "WHERE a.id = ? AND " REGATTA_IS_KEPT(a.project_id));
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
      "JOIN artifact_clients c ON c.artifact_id = a.id WHERE c.client_id = ? AND " REGATTA_IS_KEPT(
          a.project_id));
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
  return All(
      context_.connection->Prepare(REGATTA_SELECT_ARTIFACT
                                   "WHERE a.state = 1 AND a.ttl_seconds >= 0 AND " REGATTA_IS_KEPT(
                                       a.project_id) " ORDER BY a.id"),
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
      "WHERE u.run_id = ? AND u.use = ? AND a.state = 1 AND " REGATTA_IS_KEPT(
          a.project_id) " ORDER BY u.id");
  statement.Bind(ToInt(run), static_cast<int>(use));
  return All(std::move(statement), ReadArtifact);
}

Result<std::vector<RunId>> SqlArtifactTables::ListRunsUsing(ArtifactId artifact) const {
  Statement statement = context_.connection->Prepare(
      "SELECT u.run_id FROM artifact_uses u JOIN runs r ON r.id = u.run_id WHERE u.artifact_id = ? "
      "AND u.use = 0 AND " REGATTA_IS_KEPT(r.project_id) " ORDER BY u.id");
  statement.Bind(ToInt(artifact));
  return All(std::move(statement), [](const Statement& row) { return RunId{row.Int(0)}; });
}

}  // namespace regatta::storage
