#include "artifact_nodes.h"

#include <fmt/format.h>

#include "regatta/codec/base64.h"
#include "regatta/net/http.h"
#include "regatta/tracking/artifact_rules.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::Record;
using graphql::Resolved;
using tracking::Artifact;
using tracking::ArtifactAlias;
using tracking::ArtifactCollection;
using tracking::ArtifactFile;
using tracking::ArtifactId;
using tracking::ArtifactManifest;
using tracking::ArtifactMembership;
using tracking::ArtifactState;
using tracking::ArtifactType;
using tracking::CollectionId;
using tracking::Tables;
using tracking::ToInt;

namespace {

// The sequence that an artifact was logged in, with its project where the viewer may see that.
Result<std::shared_ptr<const CollectionNode>> SequenceOf(const Tables& tables,
                                                         const RequestContext& context,
                                                         const Artifact& artifact) {
  Result<std::optional<ArtifactCollection>> sequence =
      tables.artifacts().FindCollection(artifact.sequence);
  if (!sequence) return sequence.error();
  if (!*sequence) return NotFound("the artifact's collection was deleted");
  const auto project = FindProject(tables, context, artifact.project);
  if (!project) return project.error();
  return std::make_shared<const CollectionNode>(CollectionNode{**std::move(sequence), *project});
}

Error NoSuchArtifact(std::string_view storage_id) {
  return NotFound(
      fmt::format("artifact {} not found: it may have been deleted", storage_id.substr(0, 80)));
}

}  // namespace

Result<bool> MaySee(const Tables& tables, const RequestContext& context, const Artifact& artifact) {
  const auto project = FindProject(tables, context, artifact.project);
  if (!project) return project.error();
  if (*project != nullptr) return true;
  const Result<std::vector<ArtifactMembership>> members =
      tables.artifacts().ListMemberships(artifact.id);
  if (!members) return members.error();
  for (const ArtifactMembership& member : *members) {
    const auto collection = FindCollection(tables, context, member.collection);
    if (!collection) return collection.error();
    if (*collection != nullptr) return true;
  }
  return false;
}

std::string ArtifactStorageId(ArtifactId id) { return EncodeId("Artifact", ToInt(id)); }

Result<ArtifactId> DecodeArtifactId(std::string_view id) {
  const Result<std::int64_t> number = DecodeId("Artifact", id);
  if (!number) return number.error();
  return ArtifactId{*number};
}

Result<CollectionId> DecodeCollectionId(std::string_view id) {
  const Result<std::int64_t> number = DecodeId("ArtifactCollection", id);
  if (!number) return number.error();
  return CollectionId{*number};
}

Resolved ResolvedCollection(std::shared_ptr<const CollectionNode> node) {
  if (node == nullptr) return nullptr;
  if (node->collection.is_portfolio) return Resolved::Object("ArtifactPortfolio", std::move(node));
  return Resolved::Object("ArtifactSequence", std::move(node));
}

Result<std::shared_ptr<const ArtifactNode>> ArtifactNodeOf(const Tables& tables,
                                                           const RequestContext& context,
                                                           Artifact artifact) {
  const auto sequence = SequenceOf(tables, context, artifact);
  if (!sequence) return sequence.error();
  return std::make_shared<const ArtifactNode>(ArtifactNode{std::move(artifact), *sequence});
}

Result<std::shared_ptr<const MembershipNode>> MembershipNodeOf(
    const Tables& tables, const RequestContext& context,
    std::shared_ptr<const CollectionNode> collection, const ArtifactMembership& member) {
  using Found = std::shared_ptr<const MembershipNode>;
  Result<std::optional<Artifact>> artifact = tables.artifacts().Find(member.artifact);
  if (!artifact) return artifact.error();
  if (!*artifact) return Found();
  MembershipNode node{.member = member, .collection = collection, .artifact = nullptr};
  if ((*artifact)->sequence == collection->collection.id) {
    node.artifact =
        std::make_shared<const ArtifactNode>(ArtifactNode{**std::move(artifact), collection});
  } else {
    auto made = ArtifactNodeOf(tables, context, **std::move(artifact));
    if (!made) return made.error();
    node.artifact = *std::move(made);
  }
  return std::make_shared<const MembershipNode>(std::move(node));
}

Result<std::shared_ptr<const ArtifactNode>> FindArtifact(const Tables& tables,
                                                         const RequestContext& context,
                                                         std::string_view storage_id) {
  using Found = std::shared_ptr<const ArtifactNode>;
  const Result<ArtifactId> id = DecodeArtifactId(storage_id);
  if (!id) return Found();
  Result<std::optional<Artifact>> artifact = tables.artifacts().Find(*id);
  if (!artifact) return artifact.error();
  if (!*artifact) return Found();
  const Result<bool> visible = MaySee(tables, context, **artifact);
  if (!visible) return visible.error();
  if (!*visible) return Found();
  return ArtifactNodeOf(tables, context, **std::move(artifact));
}

Result<std::shared_ptr<const CollectionNode>> FindCollection(const Tables& tables,
                                                             const RequestContext& context,
                                                             std::string_view storage_id) {
  const Result<CollectionId> id = DecodeCollectionId(storage_id);
  if (!id) return std::shared_ptr<const CollectionNode>();
  return FindCollection(tables, context, *id);
}

Result<std::shared_ptr<const CollectionNode>> FindCollection(const Tables& tables,
                                                             const RequestContext& context,
                                                             CollectionId id) {
  using Found = std::shared_ptr<const CollectionNode>;
  const Result<std::optional<ArtifactCollection>> collection =
      tables.artifacts().FindCollection(id);
  if (!collection) return collection.error();
  if (!*collection) return Found();
  const auto project = FindProject(tables, context, (*collection)->project);
  if (!project) return project.error();
  if (*project == nullptr) return Found();
  return Found(std::make_shared<const CollectionNode>(CollectionNode{**collection, *project}));
}

Result<std::shared_ptr<const MembershipNode>> FindMembership(
    const Tables& tables, const RequestContext& context,
    const std::shared_ptr<const ProjectNode>& project, std::string_view name) {
  using Found = std::shared_ptr<const MembershipNode>;
  const std::size_t colon = name.find(':');
  const std::string_view alias =
      colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
  const Result<std::optional<ArtifactCollection>> collection =
      tables.artifacts().FindCollectionByName(project->project.id, name.substr(0, colon));
  if (!collection) return collection.error();
  if (!*collection) return Found();
  const Result<std::optional<ArtifactMembership>> member =
      tracking::FindMember(tables, (*collection)->id, alias);
  if (!member) return member.error();
  if (!*member) return Found();
  return MembershipNodeOf(
      tables, context,
      std::make_shared<const CollectionNode>(CollectionNode{**collection, project}), **member);
}

Result<std::shared_ptr<const ArtifactNode>> RequireVisibleArtifact(const Tables& tables,
                                                                   const RequestContext& context,
                                                                   std::string_view storage_id) {
  if (const Result<tracking::User> viewer = context.RequireViewer(); !viewer) {
    return viewer.error();
  }
  auto found = FindArtifact(tables, context, storage_id);
  if (found && *found == nullptr) return NoSuchArtifact(storage_id);
  return found;
}

Result<std::shared_ptr<const ArtifactNode>> RequireArtifact(const Tables& tables,
                                                            const RequestContext& context,
                                                            std::string_view storage_id) {
  auto found = RequireVisibleArtifact(tables, context, storage_id);
  if (found && (*found)->sequence->project == nullptr) {
    return PermissionDenied(fmt::format(
        "artifact \"{}:v{}\" can be used here, but changed or linked only by those who may see the "
        "project that it was logged in: ask the one who linked it",
        (*found)->sequence->collection.name, (*found)->artifact.version.value_or(0)));
  }
  if (!found) return found;
  if (Result<void> allowed = RequireWrite(*(*found)->sequence->project); !allowed) {
    return allowed.error();
  }
  return found;
}

Result<std::shared_ptr<const CollectionNode>> RequireCollection(const Tables& tables,
                                                                const RequestContext& context,
                                                                std::string_view storage_id) {
  if (const Result<tracking::User> viewer = context.RequireViewer(); !viewer) {
    return viewer.error();
  }
  auto found = FindCollection(tables, context, storage_id);
  if (found && *found == nullptr) {
    return NotFound(fmt::format("artifact collection {} not found: it may have been deleted",
                                storage_id.substr(0, 80)));
  }
  if (!found) return found;
  if (Result<void> allowed = RequireWrite(*(*found)->project); !allowed) return allowed.error();
  return found;
}

FileNode ArtifactFileNode(const ArtifactFile& file, std::shared_ptr<const ArtifactNode> artifact) {
  FileNode node;
  node.file.name = file.entry.path;
  node.file.blob = {
      .sha256_hex = file.sha256_hex, .md5_base64 = file.entry.digest, .size = file.entry.size};
  node.file.mimetype = net::MediaType(file.entry.path);
  node.file.updated_at = artifact->artifact.created_at;
  node.artifact_part = ArtifactPart{
      .id = codec::EncodeBase64(
          fmt::format("ArtifactFile:{}:{}", ToInt(file.artifact), file.position)),
      .storage_path = fmt::format("wandb_artifacts/{}/{}", ToInt(file.artifact), file.position),
      .reference = file.entry.reference,
      .artifact = std::move(artifact)};
  return node;
}

std::vector<Resolved> ResolvedTags(const std::vector<std::string>& tags) {
  std::vector<Resolved> resolved;
  for (const std::string& tag : tags) {
    resolved.emplace_back(
        Record("Tag")
            .Set("id", codec::EncodeBase64("Tag:" + tag))
            .Set("name", tag)
            .Set("tagCategoryName", ""));  // tags have no categories; clients want a text
  }
  return resolved;
}

Resolved ResolvedAlias(const ArtifactAlias& alias, std::shared_ptr<const CollectionNode> owner) {
  return Resolved::Own("ArtifactAlias", AliasNode{alias, std::move(owner)});
}

Result<Resolved> ResolvedType(const Tables& tables,
                              const std::shared_ptr<const ProjectNode>& project,
                              std::string_view name) {
  Result<std::optional<ArtifactType>> type =
      tables.artifacts().FindTypeByName(project->project.id, name);
  if (!type) return type.error();
  if (!*type) return Resolved(nullptr);
  return Resolved::Own("ArtifactType", ArtifactTypeNode{**std::move(type), project});
}

Result<Resolved> ResolvedTypeOf(const Tables& tables, const CollectionNode& node) {
  Result<std::optional<ArtifactType>> type = tables.artifacts().FindType(node.collection.type);
  if (!type) return type.error();
  if (!*type) return Resolved(nullptr);
  return Resolved::Own("ArtifactType", ArtifactTypeNode{**std::move(type), node.project});
}

std::string_view ArtifactStateName(ArtifactState state) {
  switch (state) {
    case ArtifactState::kPending:
      return "PENDING";
    case ArtifactState::kCommitted:
      return "COMMITTED";
    case ArtifactState::kDeleted:
      return "DELETED";
  }
  return "DELETED";
}

Resolved ResolvedManifest(const ArtifactManifest& manifest,
                          std::shared_ptr<const ArtifactNode> artifact,
                          std::optional<Grant> upload) {
  const std::string id = EncodeId("ArtifactManifest", ToInt(manifest.id));
  FileNode file;
  file.file.name = manifest.name;
  file.file.blob = manifest.blob;
  file.file.mimetype = "application/json";
  file.file.updated_at = manifest.created_at;
  file.artifact_part =
      ArtifactPart{.id = codec::EncodeBase64(fmt::format("ManifestFile:{}", ToInt(manifest.id))),
                   .storage_path = fmt::format("wandb_manifests/{}", ToInt(manifest.id)),
                   .reference = {},
                   .upload = std::move(upload),
                   .artifact = std::move(artifact)};
  std::string_view kind = "FULL";
  if (manifest.kind == tracking::ManifestKind::kIncremental) kind = "INCREMENTAL";
  if (manifest.kind == tracking::ManifestKind::kPatch) kind = "PATCH";
  return Record("ArtifactManifest")
      .Set("id", id)
      .Set("digest", manifest.digest)
      .Set("type", kind)
      .Set("file", Resolved::Own("File", std::move(file)));
}

}  // namespace regatta::wandb
