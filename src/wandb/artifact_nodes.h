// The objects of the artifact part of the schema, and finding them as the viewer may see them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes.h"
#include "regatta/graphql/resolved.h"
#include "regatta/tracking/artifact.h"
#include "request_context.h"

namespace regatta::wandb {

struct ArtifactTypeNode {
  tracking::ArtifactType type;
  std::shared_ptr<const ProjectNode> project;
};

struct CollectionNode {
  tracking::ArtifactCollection collection;
  std::shared_ptr<const ProjectNode> project;
  bool is_deleted = false;
};

struct ArtifactNode {
  tracking::Artifact artifact;
  std::shared_ptr<const CollectionNode> sequence;
};

struct MembershipNode {
  tracking::ArtifactMembership member;
  std::shared_ptr<const CollectionNode> collection;
  std::shared_ptr<const ArtifactNode> artifact;
};

struct AliasNode {
  tracking::ArtifactAlias alias;
  std::shared_ptr<const CollectionNode> collection;
};

std::string ArtifactStorageId(tracking::ArtifactId id);
// Errors: kNotFound for an id of something else.
Result<tracking::ArtifactId> DecodeArtifactId(std::string_view id);
Result<tracking::CollectionId> DecodeCollectionId(std::string_view id);

// The object under its schema type, which is the kind of collection.
graphql::Resolved ResolvedCollection(std::shared_ptr<const CollectionNode> node);

// An alias in the collection that `owner` is.
graphql::Resolved ResolvedAlias(const tracking::ArtifactAlias& alias,
                                std::shared_ptr<const CollectionNode> owner);

// The project's type of that name, or null.
Result<graphql::Resolved> ResolvedType(const tracking::Tables& tables,
                                       const std::shared_ptr<const ProjectNode>& project,
                                       std::string_view name);

// What the schema calls a state.
std::string_view ArtifactStateName(tracking::ArtifactState state);

// Nodes of rows that the caller may see.
Result<std::shared_ptr<const CollectionNode>> CollectionNodeOf(
    const tracking::Tables& tables, tracking::ArtifactCollection collection);
Result<std::shared_ptr<const ArtifactNode>> ArtifactNodeOf(const tracking::Tables& tables,
                                                           tracking::Artifact artifact);
// Null where the artifact is gone.
Result<std::shared_ptr<const MembershipNode>> MembershipNodeOf(
    const tracking::Tables& tables, std::shared_ptr<const CollectionNode> collection,
    const tracking::ArtifactMembership& member);

// Null if there is none that the viewer may see. An artifact may be seen by those who see its
// project or one that it is linked into.
Result<std::shared_ptr<const ArtifactNode>> FindArtifact(const tracking::Tables& tables,
                                                         const RequestContext& context,
                                                         std::string_view storage_id);
Result<std::shared_ptr<const CollectionNode>> FindCollection(const tracking::Tables& tables,
                                                             const RequestContext& context,
                                                             std::string_view storage_id);
// By "collection:alias"; without an alias the latest.
Result<std::shared_ptr<const MembershipNode>> FindMembership(
    const tracking::Tables& tables, const std::shared_ptr<const ProjectNode>& project,
    std::string_view name);

// The same for those who want to change it. Errors: kNotFound, kUnauthenticated.
Result<std::shared_ptr<const ArtifactNode>> RequireArtifact(const tracking::Tables& tables,
                                                            const RequestContext& context,
                                                            std::string_view storage_id);
Result<std::shared_ptr<const CollectionNode>> RequireCollection(const tracking::Tables& tables,
                                                                const RequestContext& context,
                                                                std::string_view storage_id);

// A file of an artifact, to be downloaded.
FileNode ArtifactFileNode(const tracking::ArtifactFile& file,
                          std::shared_ptr<const ArtifactNode> artifact);

// A manifest with its file, to be uploaded where `upload` says so.
graphql::Resolved ResolvedManifest(const tracking::ArtifactManifest& manifest,
                                   std::shared_ptr<const ArtifactNode> artifact,
                                   std::optional<Grant> upload);

// Tags as the wire lists them.
std::vector<graphql::Resolved> ResolvedTags(const std::vector<std::string>& tags);

}  // namespace regatta::wandb
