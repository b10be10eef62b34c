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

// An artifact that is linked into a project may be seen by those who see that project. They see the
// artifact and no more: the project that it was logged in is null in these nodes, and whatever is
// found by way of it is null or empty, as if it did not exist.

struct ArtifactTypeNode {
  tracking::ArtifactType type;
  std::shared_ptr<const ProjectNode> project;  // null: not to be seen
};

struct CollectionNode {
  tracking::ArtifactCollection collection;
  std::shared_ptr<const ProjectNode> project;  // null: not to be seen
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

// The type of what the collection holds.
Result<graphql::Resolved> ResolvedTypeOf(const tracking::Tables& tables,
                                         const CollectionNode& node);

// What the schema calls a state.
std::string_view ArtifactStateName(tracking::ArtifactState state);

// Whether the viewer sees the project that the artifact was logged in, or one that it is linked
// into.
Result<bool> MaySee(const tracking::Tables& tables, const RequestContext& context,
                    const tracking::Artifact& artifact);

// The node of an artifact that the viewer may see.
Result<std::shared_ptr<const ArtifactNode>> ArtifactNodeOf(const tracking::Tables& tables,
                                                           const RequestContext& context,
                                                           tracking::Artifact artifact);
// A member of a collection that the viewer may see. Null where the artifact is gone.
Result<std::shared_ptr<const MembershipNode>> MembershipNodeOf(
    const tracking::Tables& tables, const RequestContext& context,
    std::shared_ptr<const CollectionNode> collection, const tracking::ArtifactMembership& member);

// Null if there is none that the viewer may see.
Result<std::shared_ptr<const ArtifactNode>> FindArtifact(const tracking::Tables& tables,
                                                         const RequestContext& context,
                                                         std::string_view storage_id);
Result<std::shared_ptr<const CollectionNode>> FindCollection(const tracking::Tables& tables,
                                                             const RequestContext& context,
                                                             std::string_view storage_id);
Result<std::shared_ptr<const CollectionNode>> FindCollection(const tracking::Tables& tables,
                                                             const RequestContext& context,
                                                             tracking::CollectionId id);
// By "collection:alias"; without an alias the latest.
Result<std::shared_ptr<const MembershipNode>> FindMembership(
    const tracking::Tables& tables, const RequestContext& context,
    const std::shared_ptr<const ProjectNode>& project, std::string_view name);

// For those who use it as it is. Errors: kNotFound, kUnauthenticated.
Result<std::shared_ptr<const ArtifactNode>> RequireVisibleArtifact(const tracking::Tables& tables,
                                                                   const RequestContext& context,
                                                                   std::string_view storage_id);
// For those who want to change it, or to show it to others: the project of what they get is never
// null. Errors: also kPermissionDenied, for those who may look only, and for those who see an
// artifact through a link alone.
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
