// ArtifactTables on SQL.
#pragma once

#include "context.h"

namespace regatta::storage {

class SqlArtifactTables : public tracking::ArtifactTables {
 public:
  explicit SqlArtifactTables(Context& context) : context_(context) {}

  Result<std::optional<tracking::ArtifactType>> FindType(
      tracking::ArtifactTypeId id) const override;
  Result<std::optional<tracking::ArtifactType>> FindTypeByName(
      tracking::ProjectId project, std::string_view name) const override;
  Result<std::vector<tracking::ArtifactType>> ListTypes(tracking::ProjectId project) const override;
  Result<void> InsertType(tracking::ArtifactType& type) override;
  Result<std::optional<tracking::ArtifactCollection>> FindCollection(
      tracking::CollectionId id) const override;
  Result<std::optional<tracking::ArtifactCollection>> FindCollectionByName(
      tracking::ProjectId project, std::string_view name) const override;
  Result<std::vector<tracking::ArtifactCollection>> ListCollections(
      tracking::ProjectId project, tracking::ArtifactTypeId type) const override;
  Result<void> InsertCollection(tracking::ArtifactCollection& collection) override;
  Result<void> UpdateCollection(const tracking::ArtifactCollection& collection) override;
  Result<void> DeleteCollection(tracking::CollectionId id) override;
  Result<std::optional<tracking::Artifact>> Find(tracking::ArtifactId id) const override;
  Result<std::optional<tracking::Artifact>> FindByDigest(tracking::CollectionId sequence,
                                                         std::string_view digest) const override;
  Result<std::optional<tracking::Artifact>> FindDistributed(
      tracking::CollectionId sequence, std::string_view distributed_id) const override;
  Result<std::optional<tracking::Artifact>> FindByClient(std::string_view client_id) const override;
  Result<void> SetClient(std::string_view client_id, tracking::ArtifactId artifact) override;
  Result<std::vector<tracking::Artifact>> ListMortal() const override;
  Result<void> Insert(tracking::Artifact& artifact) override;
  Result<void> Update(const tracking::Artifact& artifact) override;
  Result<void> DropContent(tracking::ArtifactId id) override;
  Result<std::optional<tracking::ArtifactMembership>> FindMember(
      tracking::CollectionId collection, tracking::ArtifactId artifact) const override;
  Result<std::optional<tracking::ArtifactMembership>> FindMemberByVersion(
      tracking::CollectionId collection, std::int64_t version) const override;
  Result<std::vector<tracking::ArtifactMembership>> ListMembers(
      tracking::CollectionId collection) const override;
  Result<std::vector<tracking::ArtifactMembership>> ListMemberships(
      tracking::ArtifactId artifact) const override;
  Result<void> InsertMember(tracking::ArtifactMembership& member) override;
  Result<void> DeleteMember(tracking::CollectionId collection,
                            tracking::ArtifactId artifact) override;
  Result<std::optional<tracking::ArtifactAlias>> FindAlias(tracking::CollectionId collection,
                                                           std::string_view alias) const override;
  Result<std::vector<tracking::ArtifactAlias>> ListAliases(
      tracking::CollectionId collection) const override;
  Result<std::vector<tracking::ArtifactAlias>> ListAliasesOf(
      tracking::ArtifactId artifact) const override;
  Result<void> SetAlias(tracking::CollectionId collection, std::string_view alias,
                        tracking::ArtifactId artifact) override;
  Result<void> DeleteAlias(tracking::AliasId id) override;
  Result<std::optional<tracking::ArtifactManifest>> FindManifest(
      tracking::ManifestId id) const override;
  Result<std::vector<tracking::ArtifactManifest>> ListManifests(
      tracking::ArtifactId artifact) const override;
  Result<void> InsertManifest(tracking::ArtifactManifest& manifest) override;
  Result<void> UpdateManifest(const tracking::ArtifactManifest& manifest) override;
  Result<void> PutEntries(tracking::ArtifactId artifact,
                          const std::vector<tracking::ArtifactEntry>& entries) override;
  Result<std::vector<tracking::ArtifactFile>> ListFiles(tracking::ArtifactId artifact,
                                                        std::int64_t first,
                                                        std::int64_t count) const override;
  Result<std::optional<tracking::ArtifactFile>> FindFile(tracking::ArtifactId artifact,
                                                         std::string_view path) const override;
  Result<std::optional<tracking::Blob>> FindBlob(tracking::ArtifactId artifact,
                                                 std::string_view md5_base64) const override;
  Result<std::optional<HeldBlob>> FindBlobOfEntity(tracking::EntityId entity,
                                                   std::string_view md5_base64) const override;
  Result<void> PutBlob(tracking::ArtifactId artifact, tracking::EntityId entity,
                       const tracking::Blob& blob) override;
  Result<void> AddUse(tracking::RunId run, tracking::ArtifactId artifact,
                      tracking::ArtifactUse use) override;
  Result<std::vector<tracking::Artifact>> ListOfRun(tracking::RunId run,
                                                    tracking::ArtifactUse use) const override;
  Result<std::vector<tracking::RunId>> ListRunsUsing(tracking::ArtifactId artifact) const override;

 private:
  // Runs `sql` with `id` as its only parameter.
  Result<void> RunWith(std::string_view sql, std::int64_t id);
  // Notes the blobs of the artifact as candidates for removal.
  Result<void> ReleaseBlobs(tracking::ArtifactId id);
  // Deletes the artifact's row with everything that names it.
  Result<void> Erase(tracking::ArtifactId id);

  Context& context_;
};

}  // namespace regatta::storage
