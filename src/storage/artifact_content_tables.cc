// What is in an artifact: its manifests, its entries, and the blobs that they name.
#include "artifact_tables.h"
#include "graveyard.h"
#include "rows.h"

namespace regatta::storage {

using tracking::ArtifactEntry;
using tracking::ArtifactFile;
using tracking::ArtifactId;
using tracking::ArtifactManifest;
using tracking::Blob;
using tracking::EntityId;
using tracking::ManifestId;
using tracking::ManifestKind;
using tracking::ToInt;

namespace {

#define REGATTA_SELECT_MANIFEST                                                              \
  "SELECT id, artifact_id, kind, name, digest, base_id, sha256, md5, size, created_us FROM " \
  "artifact_manifests "

#define REGATTA_SELECT_ENTRY                                                                    \
  "SELECT e.artifact_id, e.position, e.path, e.digest, e.reference, e.birth_artifact, e.size, " \
  "coalesce(b.sha256, '') FROM artifact_entries e LEFT JOIN artifact_blobs b "                  \
  "ON b.artifact_id = e.artifact_id AND b.md5 = e.digest AND e.reference = '' "

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
      "SELECT b.sha256, b.md5, b.size, b.artifact_id FROM artifact_blobs b JOIN artifacts a "
      "ON a.id = b.artifact_id WHERE b.entity_id = ? AND b.md5 = ? AND " REGATTA_IS_KEPT(
          a.project_id) " ORDER BY b.artifact_id LIMIT 1");
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

}  // namespace regatta::storage
