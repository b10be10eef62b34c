// Artifacts as they are made: announced, given files and a manifest, committed.
#include <fmt/format.h>

#include <map>

#include "artifact_input.h"
#include "artifact_nodes.h"
#include "connection.h"
#include "one_answer.h"
#include "regatta/codec/base64.h"
#include "regatta/tracking/artifact_rules.h"
#include "resolvers.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::Arguments;
using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::Artifact;
using tracking::ArtifactId;
using tracking::ArtifactManifest;
using tracking::ArtifactState;
using tracking::Blob;
using tracking::Manifest;
using tracking::ManifestId;
using tracking::ManifestKind;
using tracking::Project;
using tracking::Tables;
using tracking::ToInt;

namespace {

constexpr std::int64_t kManifestBytesMax = std::int64_t{1} << 30;

// What clients of the self-hosted server of old call their only region, too.
bool IsKnownRegion(std::string_view region) {
  return region.empty() || region == "default" || region == "minio-local";
}

Result<Resolved> CreateArtifact(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  if (const std::string region = input.StringOr("storageRegion", ""); !IsKnownRegion(region)) {
    return InvalidArgument(fmt::format(
        "invalid storageRegion \"{}\": this server keeps everything in one place, so leave it out",
        region.substr(0, 80)));
  }
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const Result<Project> project = TargetProject(tables, context, input);
    if (!project) return project.error();
    tracking::NewArtifact wanted{.collection = input.StringOr("artifactCollectionName", ""),
                                 .type = input.StringOr("artifactTypeName", ""),
                                 .creator = context.viewer->id,
                                 .digest = input.StringOr("digest", ""),
                                 .description = input.StringOr("description", ""),
                                 .metadata_json = input.StringOr("metadata", ""),
                                 .history_step = input.Int("historyStep"),
                                 .distributed_id = input.StringOr("distributedID", ""),
                                 .client_id = input.StringOr("clientID", ""),
                                 .aliases = TextsOf(input, "aliases", "alias"),
                                 .tags = TextsOf(input, "tags", "tagName"),
                                 .reuses_equal = input.BoolOr("enableDigestDeduplication", false)};
    wanted.ttl_seconds = input.IntOr("ttlDurationSeconds", tracking::kTtlInherited);
    if (const auto names = input.StringList("artifactCollectionNames");
        wanted.collection.empty() && names && !names->empty()) {
      wanted.collection = names->front();
    }
    if (!input.StringOr("runName", "").empty()) {
      const auto run = RequireRunByName(tables, context, input);
      if (!run) return run.error();
      wanted.run = (*run)->run.id;
    }
    Result<Artifact> artifact = tracking::CreateArtifact(tables, *project, wanted, context.Now());
    if (!artifact) return artifact.error();
    return ArtifactPayload(tables, context, "CreateArtifactPayload", *std::move(artifact));
  });
}

Result<Resolved> CreateArtifactType(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const Result<Project> project = TargetProject(tables, context, input);
    if (!project) return project.error();
    Result<tracking::ArtifactType> type =
        tracking::FindOrCreateType(tables, project->id, input.StringOr("name", ""),
                                   input.StringOr("description", ""), context.Now());
    if (!type) return type.error();
    ArtifactTypeNode node{*std::move(type),
                          std::make_shared<const ProjectNode>(ProjectNode{*project, true})};
    return Resolved(Record("CreateArtifactTypePayload")
                        .Set("artifactType", Resolved::Own("ArtifactType", std::move(node))));
  });
}

Grant ManifestGrant(const ArtifactManifest& manifest) {
  return {.kind = Grant::Kind::kUploadArtifact,
          .target = ToInt(manifest.artifact),
          .name = fmt::format("manifest:{}", ToInt(manifest.id)),
          .note = {}};
}

ManifestKind KindOf(std::string_view name) {
  if (name == "INCREMENTAL") return ManifestKind::kIncremental;
  if (name == "PATCH") return ManifestKind::kPatch;
  return ManifestKind::kFull;
}

// The id of the artifact that a manifest builds on; none where the input names none.
Result<ArtifactId> BaseOf(const Tables& tables, const RequestContext& context,
                          const Arguments& input) {
  const std::string id = input.StringOr("baseArtifactID", "");
  if (id.empty()) return ArtifactId{};
  const auto base = RequireVisibleArtifact(tables, context, id);
  if (!base) return base.error();
  return (*base)->artifact.id;
}

Result<Resolved> CreateArtifactManifest(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto artifact = RequireArtifact(tables, context, input.StringOr("artifactID", ""));
    if (!artifact) return artifact.error();
    const Result<ArtifactId> base = BaseOf(tables, context, input);
    if (!base) return base.error();
    const Result<ArtifactManifest> manifest =
        tracking::CreateManifest(tables,
                                 {.artifact = (*artifact)->artifact.id,
                                  .kind = KindOf(input.StringOr("type", "FULL")),
                                  .name = input.StringOr("name", ""),
                                  .digest = input.StringOr("digest", ""),
                                  .base = *base},
                                 context.Now());
    if (!manifest) return manifest.error();
    return Resolved(Record("CreateArtifactManifestPayload")
                        .Set("artifactManifest",
                             ResolvedManifest(*manifest, *artifact, ManifestGrant(*manifest))));
  });
}

Result<Resolved> UpdateArtifactManifest(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const Result<std::int64_t> id =
        DecodeId("ArtifactManifest", input.StringOr("artifactManifestID", ""));
    if (!id) return id.error();
    const Result<std::optional<ArtifactManifest>> found =
        tables.artifacts().FindManifest(ManifestId{*id});
    if (!found) return found.error();
    if (!*found) return NotFound("no such artifact manifest: it may have been deleted");
    ArtifactManifest manifest = **found;
    const auto artifact = RequireArtifact(tables, context, ArtifactStorageId(manifest.artifact));
    if (!artifact) return artifact.error();
    if ((*artifact)->artifact.state != ArtifactState::kPending) {
      return FailedPrecondition("the artifact is committed already: its manifest cannot change");
    }
    if (input.IsSet("digest")) manifest.digest = input.StringOr("digest", "");
    const Result<ArtifactId> base = BaseOf(tables, context, input);
    if (!base) return base.error();
    if (*base != ArtifactId{}) manifest.base = *base;
    if (Result<void> done = tables.artifacts().UpdateManifest(manifest); !done) {
      return done.error();
    }
    return Resolved(Record("UpdateArtifactManifestPayload")
                        .Set("artifactManifest",
                             ResolvedManifest(manifest, *artifact, ManifestGrant(manifest))));
  });
}

// One file of createArtifactFiles: known already, or to be uploaded.
Result<FileNode> AnnounceFile(Tables& tables, const RequestContext& context,
                              const std::shared_ptr<const ArtifactNode>& artifact,
                              const Arguments& spec) {
  const std::string name = spec.StringOr("name", "");
  const std::string md5 = spec.StringOr("md5", "");
  if (const Result<std::string> digest = codec::DecodeBase64(md5);
      !digest || digest->size() != 16) {
    return InvalidArgument(fmt::format("file \"{}\": md5 \"{}\" is not the base64 of an MD5",
                                       name.substr(0, 200), md5.substr(0, 60)));
  }
  const Artifact& owner = artifact->artifact;
  if (owner.state != ArtifactState::kPending) {
    return FailedPrecondition("the artifact is committed already: it takes no more files");
  }
  FileNode node;
  node.is_stored = false;
  node.file.name = name;
  node.file.blob.md5_base64 = md5;
  node.file.mimetype = spec.StringOr("mimetype", "");
  node.artifact_part = ArtifactPart{
      .id = codec::EncodeBase64(fmt::format("ArtifactFile:{}:{}", ToInt(owner.id), name)),
      .storage_path = fmt::format("wandb_artifacts/{}/{}", ToInt(owner.id), md5),
      .reference = {},
      .upload = std::nullopt,
      .artifact = artifact};
  const auto held =
      tables.artifacts().FindBlobOfEntity(artifact->sequence->project->project.entity, md5);
  if (!held) return held.error();
  if (!*held) {
    node.artifact_part->upload = Grant{.kind = Grant::Kind::kUploadArtifact,
                                       .target = ToInt(owner.id),
                                       .name = "file:" + md5,
                                       .note = name};
    return node;
  }
  // Known: held from now on, so that it stays until the commit.
  Result<void> kept = tables.artifacts().PutBlob(
      owner.id, artifact->sequence->project->project.entity, (*held)->blob);
  if (!kept) return kept.error();
  if ((*held)->holder != owner.id) {
    Result<std::optional<Artifact>> holder = tables.artifacts().Find((*held)->holder);
    if (!holder) return holder.error();
    if (*holder) {
      auto made = ArtifactNodeOf(tables, context, **std::move(holder));
      if (!made) return made.error();
      node.artifact_part->artifact = *std::move(made);
    }
  }
  return node;
}

Result<Resolved> CreateArtifactFiles(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const std::vector<Arguments> specs = field.input().ObjectList("artifactFiles");
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    std::map<std::string, std::shared_ptr<const ArtifactNode>> artifacts;
    std::vector<Resolved> nodes;
    nodes.reserve(specs.size());
    for (const Arguments& spec : specs) {
      auto& artifact = artifacts[spec.StringOr("artifactID", "")];
      if (artifact == nullptr) {
        auto found = RequireArtifact(tables, context, spec.StringOr("artifactID", ""));
        if (!found) return found.error();
        artifact = *std::move(found);
      }
      Result<FileNode> file = AnnounceFile(tables, context, artifact, spec);
      if (!file) return file.error();
      nodes.push_back(Resolved::Own("File", *std::move(file)));
    }
    const PageRange all{.begin = 0, .end = nodes.size()};
    const std::size_t total = nodes.size();
    return Resolved(
        Record("CreateArtifactFilesPayload")
            .Set("files", Connection("FileConnection", "FileEdge", std::move(nodes), all, total)));
  });
}

// The content of an artifact that is about to be committed.
struct Content {
  Manifest manifest;
  Blob blob;  // the manifest's document
};

Result<Content> LoadContent(const RequestContext& context,
                            const std::vector<ArtifactManifest>& parts) {
  tracking::BlobStore& blobs = context.services.store.blobs();
  Content content;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Result<std::string> json = blobs.Read(parts[i].blob.sha256_hex, kManifestBytesMax);
    if (!json) return json.error();
    Result<Manifest> manifest = tracking::ParseManifest(*json);
    if (!manifest) return manifest.error();
    content.manifest = i == 0 && parts.size() == 1
                           ? *std::move(manifest)
                           : tracking::MergeManifests(std::move(content.manifest), *manifest);
  }
  if (parts.size() == 1) {
    content.blob = parts.front().blob;
    return content;
  }
  Result<Blob> merged = blobs.Put(tracking::ManifestJson(content.manifest));
  if (!merged) return merged.error();
  content.blob = *std::move(merged);
  return content;
}

Result<Resolved> CommitArtifact(const FieldContext& field) {
  RequestContext& context = Context(field);
  const std::string id = field.input().StringOr("artifactID", "");
  std::vector<ArtifactManifest> parts;
  bool is_committed = false;
  const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
    const auto artifact = RequireArtifact(tables, context, id);
    if (!artifact) return artifact.error();
    is_committed = (*artifact)->artifact.state == ArtifactState::kCommitted;
    if (is_committed) return Ok();
    Result<std::vector<ArtifactManifest>> found =
        tracking::ManifestsToMerge(tables, (*artifact)->artifact.id);
    if (!found) return found.error();
    parts = *std::move(found);
    return Ok();
  });
  if (!read) return read.error();
  // Manifests can be large: read and merged before the write, which others wait for.
  Content content;
  if (!is_committed) {
    Result<Content> loaded = LoadContent(context, parts);
    if (!loaded) return loaded.error();
    content = *std::move(loaded);
  }
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto artifact = RequireArtifact(tables, context, id);
    if (!artifact) return artifact.error();
    Result<Artifact> committed = tracking::CommitArtifact(
        tables, (*artifact)->artifact.id, content.manifest, content.blob, context.Now());
    if (!committed) return committed.error();
    return ArtifactPayload(tables, context, "CommitArtifactPayload", *std::move(committed));
  });
}

}  // namespace

void AddArtifactMutations(ResolverMap& resolvers) {
  resolvers.Add("Mutation", "createArtifact", CreateArtifact);
  resolvers.Add("Mutation", "createArtifactType", CreateArtifactType);
  resolvers.Add("Mutation", "createArtifactManifest", CreateArtifactManifest);
  resolvers.Add("Mutation", "updateArtifactManifest", UpdateArtifactManifest);
  resolvers.Add("Mutation", "createArtifactFiles", CreateArtifactFiles);
  resolvers.Add("Mutation", "completeMultipartUploadArtifact",
                [](const FieldContext&) -> Result<Resolved> {
                  return Unsupported(
                      "this server gives out no multipart uploads: files of any size are uploaded "
                      "in one piece");
                });
  resolvers.Add("Mutation", "commitArtifact", CommitArtifact);
  for (const char* type : {"CreateArtifactPayload", "CommitArtifactPayload"}) {
    resolvers.Record(type, {"artifact", "clientMutationId"});
  }
  for (const char* type : {"CreateArtifactManifestPayload", "UpdateArtifactManifestPayload"}) {
    resolvers.Record(type, {"artifactManifest", "clientMutationId"});
  }
  resolvers.Record("CreateArtifactTypePayload", {"artifactType", "clientMutationId"});
  resolvers.Record("CreateArtifactFilesPayload", {"files", "clientMutationId"});
  resolvers.Record("CompleteMultipartUploadArtifactPayload", {"digest", "clientMutationId"});
}

}  // namespace regatta::wandb
