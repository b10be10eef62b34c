// Artifacts as they are made, named, linked, used and deleted.
#include <fmt/format.h>

#include <map>

#include "artifact_nodes.h"
#include "connection.h"
#include "regatta/codec/base64.h"
#include "regatta/tracking/artifact_rules.h"
#include "regatta/tracking/run_rules.h"
#include "resolvers.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::Arguments;
using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::Artifact;
using tracking::ArtifactCollection;
using tracking::ArtifactId;
using tracking::ArtifactManifest;
using tracking::ArtifactMembership;
using tracking::ArtifactState;
using tracking::ArtifactUse;
using tracking::Blob;
using tracking::Manifest;
using tracking::ManifestId;
using tracking::ManifestKind;
using tracking::Project;
using tracking::Tables;
using tracking::ToInt;
using tracking::User;

namespace {

constexpr std::int64_t kManifestBytesMax = std::int64_t{1} << 30;

// One write whose outcome is one Resolved.
template <typename Work>
Result<Resolved> WriteOne(const FieldContext& field, Work work) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  Resolved answer = nullptr;
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    Result<Resolved> made = work(tables);
    if (!made) return made.error();
    answer = *std::move(made);
    return Ok();
  });
  if (!written) return written.error();
  return answer;
}

Result<Resolved> ArtifactPayload(const Tables& tables, graphql::StaticName type,
                                 Artifact artifact) {
  const auto node = ArtifactNodeOf(tables, std::move(artifact));
  if (!node) return node.error();
  return Resolved(Record(type).Set("artifact", Resolved::Object("Artifact", *node)));
}

std::vector<std::string> TextsOf(const Arguments& input, std::string_view list,
                                 std::string_view member) {
  std::vector<std::string> texts;
  for (const Arguments& item : input.ObjectList(list)) texts.push_back(item.StringOr(member, ""));
  return texts;
}

Result<std::shared_ptr<const RunNode>> RequireRunByName(const Tables& tables,
                                                        const RequestContext& context,
                                                        const Arguments& input) {
  const std::string entity = input.StringOr("entityName", "");
  const std::string project = input.StringOr("projectName", "");
  const std::string name = input.StringOr("runName", "");
  Result<std::shared_ptr<const RunNode>> run = FindRun(tables, context, entity, project, name);
  if (run && *run == nullptr) {
    return NotFound(fmt::format("run {}/{}/{} not found", entity, project, name));
  }
  return run;
}

// The project of the input, made if it is missing.
Result<Project> TargetProject(Tables& tables, const RequestContext& context,
                              const Arguments& input) {
  const Result<tracking::Entity> entity =
      RequireEntity(tables, context, input.StringOr("entityName", ""));
  if (!entity) return entity.error();
  const std::string name = input.StringOr("projectName", "");
  return tracking::FindOrCreateProject(tables, *entity,
                                       name.empty() ? kUncategorized : std::string_view(name),
                                       context.viewer->id, context.Now());
}

// ---- making

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
    return ArtifactPayload(tables, "CreateArtifactPayload", *std::move(artifact));
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
                          std::make_shared<const ProjectNode>(ProjectNode{*project})};
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
  const auto base = RequireArtifact(tables, context, id);
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
Result<FileNode> AnnounceFile(Tables& tables, const std::shared_ptr<const ArtifactNode>& artifact,
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
      auto made = ArtifactNodeOf(tables, **std::move(holder));
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
      Result<FileNode> file = AnnounceFile(tables, artifact, spec);
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
    return ArtifactPayload(tables, "CommitArtifactPayload", *std::move(committed));
  });
}

// ---- using, linking

Result<Resolved> UseArtifact(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto artifact = RequireArtifact(tables, context, input.StringOr("artifactID", ""));
    if (!artifact) return artifact.error();
    const auto run = RequireRunByName(tables, context, input);
    if (!run) return run.error();
    Result<void> noted =
        tables.artifacts().AddUse((*run)->run.id, (*artifact)->artifact.id, ArtifactUse::kInput);
    if (!noted) return noted.error();
    return Resolved(
        Record("UseArtifactPayload").Set("artifact", Resolved::Object("Artifact", *artifact)));
  });
}

// The artifact of the input, by its id or by the name that the client gave it.
Result<ArtifactId> LinkedArtifact(const Tables& tables, const RequestContext& context,
                                  const Arguments& input) {
  std::string id = input.StringOr("artifactID", "");
  if (id.empty()) {
    const std::string client_id = input.StringOr("clientID", "");
    const Result<std::optional<Artifact>> known = tables.artifacts().FindByClient(client_id);
    if (!known) return known.error();
    if (!*known) {
      return NotFound(fmt::format("artifact with client id \"{}\" not found: log it first",
                                  client_id.substr(0, 150)));
    }
    id = ArtifactStorageId((*known)->id);
  }
  const auto artifact = RequireArtifact(tables, context, id);
  if (!artifact) return artifact.error();
  return (*artifact)->artifact.id;
}

struct LinkTarget {
  Project project;
  std::string portfolio;
};

Result<LinkTarget> LinkTargetOf(Tables& tables, const RequestContext& context,
                                const Arguments& input) {
  if (const std::string id = input.StringOr("artifactPortfolioID", ""); !id.empty()) {
    const auto collection = RequireCollection(tables, context, id);
    if (!collection) return collection.error();
    return LinkTarget{(*collection)->project->project, (*collection)->collection.name};
  }
  const Result<Project> project = TargetProject(tables, context, input);
  if (!project) return project.error();
  return LinkTarget{*project, input.StringOr("artifactPortfolioName", "")};
}

Result<Resolved> LinkArtifact(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const Result<ArtifactId> artifact = LinkedArtifact(tables, context, input);
    if (!artifact) return artifact.error();
    const Result<LinkTarget> target = LinkTargetOf(tables, context, input);
    if (!target) return target.error();
    const Result<ArtifactMembership> member =
        tracking::LinkArtifact(tables, target->project, target->portfolio, *artifact,
                               TextsOf(input, "aliases", "alias"), context.Now());
    if (!member) return member.error();
    const Result<std::optional<ArtifactCollection>> collection =
        tables.artifacts().FindCollection(member->collection);
    if (!collection) return collection.error();
    auto node = std::make_shared<const CollectionNode>(CollectionNode{
        **collection, std::make_shared<const ProjectNode>(ProjectNode{target->project})});
    const auto made = MembershipNodeOf(tables, std::move(node), *member);
    if (!made) return made.error();
    return Resolved(
        Record("LinkArtifactPayload")
            .Set("versionIndex", member->version)
            .Set("artifactMembership", Resolved::Object("ArtifactCollectionMembership", *made)));
  });
}

Result<Resolved> UnlinkArtifact(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto portfolio =
        RequireCollection(tables, context, input.StringOr("artifactPortfolioID", ""));
    if (!portfolio) return portfolio.error();
    const Result<ArtifactId> artifact = DecodeArtifactId(input.StringOr("artifactID", ""));
    if (!artifact) return artifact.error();
    Result<void> done = tracking::UnlinkArtifact(tables, (*portfolio)->collection.id, *artifact);
    if (!done) return done.error();
    return Resolved(Record("UnlinkArtifactPayload")
                        .Set("success", true)
                        .Set("artifactID", input.StringOr("artifactID", "")));
  });
}

// ---- editing

// The collection that an alias of the input is about; by default the one that the artifact was
// made in. Errors: kNotFound.
Result<tracking::CollectionId> CollectionOfAlias(const Tables& tables,
                                                 const RequestContext& context,
                                                 const ArtifactNode& artifact,
                                                 const Arguments& alias) {
  const Project& home = artifact.sequence->project->project;
  const std::string entity = alias.StringOr("entityName", home.entity_name);
  const std::string project = alias.StringOr("projectName", home.name);
  const std::string name = alias.StringOr("artifactCollectionName", "");
  const auto owner = FindProject(tables, context, entity, project);
  if (!owner) return owner.error();
  if (*owner != nullptr) {
    const Result<std::optional<ArtifactCollection>> found =
        tables.artifacts().FindCollectionByName((*owner)->project.id, name);
    if (!found) return found.error();
    if (*found) return (*found)->id;
  }
  return NotFound(fmt::format("artifact collection {}/{}/{} not found", entity, project, name));
}

// Calls `edit(collection, alias)` for each alias of the input.
template <typename Edit>
Result<Resolved> EditAliases(const FieldContext& field, graphql::StaticName payload, Edit edit) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto artifact = RequireArtifact(tables, context, input.StringOr("artifactID", ""));
    if (!artifact) return artifact.error();
    for (const Arguments& alias : input.ObjectList("aliases")) {
      const Result<tracking::CollectionId> collection =
          CollectionOfAlias(tables, context, **artifact, alias);
      if (!collection) return collection.error();
      Result<void> done =
          edit(tables, *collection, alias.StringOr("alias", ""), (*artifact)->artifact.id);
      if (!done) return done.error();
    }
    return Resolved(Record(payload).Set("success", true));
  });
}

// Makes `wanted` the aliases of the artifact in its own sequence.
Result<void> ReplaceAliases(Tables& tables, const Artifact& artifact,
                            const std::vector<std::string>& wanted) {
  const Result<std::vector<tracking::ArtifactAlias>> old =
      tables.artifacts().ListAliasesOf(artifact.id);
  if (!old) return old.error();
  for (const tracking::ArtifactAlias& alias : *old) {
    if (alias.collection != artifact.sequence) continue;
    if (std::find(wanted.begin(), wanted.end(), alias.alias) != wanted.end()) continue;
    if (Result<void> done = tables.artifacts().DeleteAlias(alias.id); !done) return done;
  }
  for (const std::string& alias : wanted) {
    Result<void> done = tracking::AddAlias(tables, artifact.sequence, alias, artifact.id);
    if (!done) return done;
  }
  return Ok();
}

Result<Resolved> UpdateArtifact(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto node = RequireArtifact(tables, context, input.StringOr("artifactID", ""));
    if (!node) return node.error();
    Artifact artifact = (*node)->artifact;
    if (input.IsSet("description")) artifact.description = input.StringOr("description", "");
    if (input.IsSet("metadata")) artifact.metadata_json = input.StringOr("metadata", "");
    if (const auto ttl = input.Int("ttlDurationSeconds")) artifact.ttl_seconds = *ttl;
    Result<std::vector<std::string>> tags =
        tracking::EditTags(std::move(artifact.tags), TextsOf(input, "tagsToAdd", "tagName"),
                           TextsOf(input, "tagsToDelete", "tagName"));
    if (!tags) return tags.error();
    artifact.tags = *std::move(tags);
    artifact.updated_at = context.Now();
    if (Result<void> done = tables.artifacts().Update(artifact); !done) return done.error();
    if (input.IsSet("aliases")) {
      Result<void> done = ReplaceAliases(tables, artifact, TextsOf(input, "aliases", "alias"));
      if (!done) return done.error();
    }
    return ArtifactPayload(tables, "UpdateArtifactPayload", std::move(artifact));
  });
}

Result<Resolved> DeleteArtifact(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto node = RequireArtifact(tables, context, input.StringOr("artifactID", ""));
    if (!node) return node.error();
    Result<Artifact> deleted = tracking::DeleteArtifact(
        tables, (*node)->artifact.id, input.BoolOr("deleteAliases", false), context.Now());
    if (!deleted) return deleted.error();
    auto gone = std::make_shared<const ArtifactNode>(ArtifactNode{*deleted, (*node)->sequence});
    return Resolved(Record("DeleteArtifactPayload")
                        .Set("artifact", Resolved::Object("Artifact", std::move(gone)))
                        .Set("success", true));
  });
}

// ---- collections

// Writes to the collection whose id the input holds as `id_name`, and answers it.
template <typename Work>
Result<Resolved> WriteCollection(const FieldContext& field, graphql::StaticName payload,
                                 std::string_view id_name, Work work) {
  const RequestContext& context = Context(field);
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto node = RequireCollection(tables, context, field.input().StringOr(id_name, ""));
    if (!node) return node.error();
    CollectionNode edited = **node;
    if (Result<void> done = work(tables, edited); !done) return done.error();
    return Resolved(Record(payload).Set(
        "artifactCollection", ResolvedCollection(std::make_shared<const CollectionNode>(edited))));
  });
}

Result<Resolved> UpdateCollection(const FieldContext& field, graphql::StaticName payload,
                                  std::string_view id_name) {
  const Arguments input = field.input();
  return WriteCollection(
      field, payload, id_name, [&](Tables& tables, CollectionNode& node) -> Result<void> {
        if (const auto name = input.String("name")) {
          if (const std::string problem = tracking::CollectionNameProblem(*name);
              !problem.empty()) {
            return InvalidArgument(
                fmt::format("artifact name \"{}\" {}", name->substr(0, 150), problem));
          }
          node.collection.name = *name;
        }
        if (const auto description = input.String("description")) {
          node.collection.description = description;
        }
        node.collection.updated_at = Context(field).Now();
        return tables.artifacts().UpdateCollection(node.collection);
      });
}

Result<Resolved> MoveSequence(const FieldContext& field) {
  const RequestContext& context = Context(field);
  return WriteCollection(field, "MoveArtifactSequencePayload", "artifactSequenceID",
                         [&](Tables& tables, CollectionNode& node) -> Result<void> {
                           const Result<tracking::ArtifactType> type = tracking::FindOrCreateType(
                               tables, node.collection.project,
                               field.input().StringOr("destinationArtifactTypeName", ""), "",
                               context.Now());
                           if (!type) return type.error();
                           node.collection.type = type->id;
                           node.collection.type_name = type->name;
                           node.collection.updated_at = context.Now();
                           return tables.artifacts().UpdateCollection(node.collection);
                         });
}

Result<Resolved> DeleteCollection(const FieldContext& field, graphql::StaticName payload,
                                  std::string_view id_name) {
  return WriteCollection(
      field, payload, id_name, [&](Tables& tables, CollectionNode& node) -> Result<void> {
        node.is_deleted = true;
        return tracking::DeleteCollection(tables, node.collection.id, Context(field).Now());
      });
}

Result<Resolved> EditCollectionTags(const FieldContext& field, bool adds) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const std::string entity = input.StringOr("entityName", "");
    const std::string project = input.StringOr("projectName", "");
    const std::string name = input.StringOr("artifactCollectionName", "");
    const auto owner = FindProject(tables, context, entity, project);
    if (!owner) return owner.error();
    std::optional<ArtifactCollection> collection;
    if (*owner != nullptr) {
      auto found = tables.artifacts().FindCollectionByName((*owner)->project.id, name);
      if (!found) return found.error();
      collection = *std::move(found);
    }
    if (!collection) {
      return NotFound(fmt::format("artifact collection {}/{}/{} not found", entity, project, name));
    }
    const std::vector<std::string> tags = TextsOf(input, "tags", "tagName");
    const std::vector<std::string> none;
    Result<std::vector<std::string>> edited =
        tracking::EditTags(std::move(collection->tags), adds ? tags : none, adds ? none : tags);
    if (!edited) return edited.error();
    collection->tags = *std::move(edited);
    collection->updated_at = context.Now();
    if (Result<void> done = tables.artifacts().UpdateCollection(*collection); !done) {
      return done.error();
    }
    if (!adds) {
      return Resolved(Record("DeleteArtifactCollectionTagAssignmentsPayload").Set("success", true));
    }
    return Resolved(Record("CreateArtifactCollectionTagAssignmentsPayload")
                        .Set("tags", Resolved(ResolvedTags(tags))));
  });
}

void AddCollectionMutations(ResolverMap& resolvers) {
  resolvers.Add("Mutation", "updateArtifactSequence", [](const FieldContext& field) {
    return UpdateCollection(field, "UpdateArtifactSequencePayload", "artifactSequenceID");
  });
  resolvers.Add("Mutation", "updateArtifactPortfolio", [](const FieldContext& field) {
    return UpdateCollection(field, "UpdateArtifactPortfolioPayload", "artifactPortfolioID");
  });
  resolvers.Add("Mutation", "moveArtifactSequence", MoveSequence);
  resolvers.Add("Mutation", "deleteArtifactSequence", [](const FieldContext& field) {
    return DeleteCollection(field, "DeleteArtifactSequencePayload", "artifactSequenceID");
  });
  resolvers.Add("Mutation", "deleteArtifactPortfolio", [](const FieldContext& field) {
    return DeleteCollection(field, "DeleteArtifactPortfolioPayload", "artifactPortfolioID");
  });
  resolvers.Add("Mutation", "createArtifactCollectionTagAssignments",
                [](const FieldContext& field) { return EditCollectionTags(field, true); });
  resolvers.Add("Mutation", "deleteArtifactCollectionTagAssignments",
                [](const FieldContext& field) { return EditCollectionTags(field, false); });
  for (const char* type : {"UpdateArtifactSequencePayload", "UpdateArtifactPortfolioPayload",
                           "MoveArtifactSequencePayload", "DeleteArtifactSequencePayload",
                           "DeleteArtifactPortfolioPayload"}) {
    resolvers.Record(type, {"artifactCollection", "clientMutationId"});
  }
  resolvers.Record("CreateArtifactCollectionTagAssignmentsPayload", {"tags", "clientMutationId"});
  resolvers.Record("DeleteArtifactCollectionTagAssignmentsPayload",
                   {"success", "clientMutationId"});
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
  resolvers.Add("Mutation", "updateArtifact", UpdateArtifact);
  resolvers.Add("Mutation", "deleteArtifact", DeleteArtifact);
  resolvers.Add("Mutation", "useArtifact", UseArtifact);
  resolvers.Add("Mutation", "linkArtifact", LinkArtifact);
  resolvers.Add("Mutation", "unlinkArtifact", UnlinkArtifact);
  resolvers.Add("Mutation", "addAliases", [](const FieldContext& field) {
    return EditAliases(field, "AddAliasesPayload", tracking::AddAlias);
  });
  resolvers.Add("Mutation", "deleteAliases", [](const FieldContext& field) {
    return EditAliases(field, "DeleteAliasesPayload", tracking::RemoveAlias);
  });
  AddCollectionMutations(resolvers);
  for (const char* type : {"CreateArtifactPayload", "CommitArtifactPayload",
                           "UpdateArtifactPayload", "UseArtifactPayload"}) {
    resolvers.Record(type, {"artifact", "clientMutationId"});
  }
  for (const char* type : {"CreateArtifactManifestPayload", "UpdateArtifactManifestPayload"}) {
    resolvers.Record(type, {"artifactManifest", "clientMutationId"});
  }
  for (const char* type : {"AddAliasesPayload", "DeleteAliasesPayload"}) {
    resolvers.Record(type, {"success", "clientMutationId"});
  }
  resolvers.Record("DeleteArtifactPayload", {"artifact", "success", "clientMutationId"});
  resolvers.Record("CreateArtifactTypePayload", {"artifactType", "clientMutationId"});
  resolvers.Record("CreateArtifactFilesPayload", {"files", "clientMutationId"});
  resolvers.Record("CompleteMultipartUploadArtifactPayload", {"digest", "clientMutationId"});
  resolvers.Record("LinkArtifactPayload",
                   {"versionIndex", "artifactMembership", "clientMutationId"});
  resolvers.Record("UnlinkArtifactPayload", {"success", "artifactID", "clientMutationId"});
}

}  // namespace regatta::wandb
