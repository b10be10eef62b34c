// Artifacts as they are read: a version, its files and aliases, and who made and used it.
#include <fmt/format.h>

#include "artifact_nodes.h"
#include "connection.h"
#include "one_answer.h"
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
using tracking::ArtifactAlias;
using tracking::ArtifactCollection;
using tracking::ArtifactFile;
using tracking::ArtifactManifest;
using tracking::ArtifactMembership;
using tracking::ArtifactUse;
using tracking::Run;
using tracking::Tables;
using tracking::ToInt;

namespace {

// ---- files

// The files of the artifact that `names`, `first` and `after` ask for.
Result<Resolved> ListFiles(const FieldContext& field,
                           const std::shared_ptr<const ArtifactNode>& artifact) {
  const Arguments& args = field.args();
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const auto node_of = [&](const ArtifactFile& file) {
      return Resolved::Own("File", ArtifactFileNode(file, artifact));
    };
    if (const auto names = args.StringList("names"); names && !names->empty()) {
      std::vector<ArtifactFile> files;
      for (const std::string& name : *names) {
        Result<std::optional<ArtifactFile>> file =
            tables.artifacts().FindFile(artifact->artifact.id, name);
        if (!file) return file.error();
        if (*file) files.push_back(**std::move(file));
      }
      return PageOfList("FileConnection", "FileEdge", args, files, node_of);
    }
    const auto total = static_cast<std::size_t>(artifact->artifact.file_count);
    const Result<PageRange> range = PageOf(args, total);
    if (!range) return range.error();
    const Result<std::vector<ArtifactFile>> files =
        tables.artifacts().ListFiles(artifact->artifact.id, static_cast<std::int64_t>(range->begin),
                                     static_cast<std::int64_t>(range->end - range->begin));
    if (!files) return files.error();
    std::vector<Resolved> nodes;
    for (const ArtifactFile& file : *files) nodes.push_back(node_of(file));
    return Connection("FileConnection", "FileEdge", std::move(nodes), *range, total);
  });
}

// Files by what the client's own manifest says of them.
Result<Resolved> ListFilesByEntries(const ArtifactNode& node, const FieldContext& field) {
  const std::vector<Arguments> entries = field.args().ObjectList("entries");
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    std::vector<ArtifactFile> files;
    for (const Arguments& entry : entries) {
      const std::string name = entry.StringOr("name", "");
      Result<std::optional<ArtifactFile>> file =
          tables.artifacts().FindFile(node.artifact.id, name);
      if (!file) return file.error();
      if (*file && (*file)->entry.digest == entry.StringOr("digest", "")) {
        files.push_back(**std::move(file));
      }
    }
    return PageOfList(
        "FileConnection", "FileEdge", field.args(), files, [&](const ArtifactFile& file) {
          return Resolved::Own("File", ArtifactFileNode(file, field.shared_parent<ArtifactNode>()));
        });
  });
}

Result<Resolved> ResolveManifest(const ArtifactNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    if (node.artifact.manifest == tracking::ManifestId{}) return Resolved(nullptr);
    const Result<std::optional<ArtifactManifest>> manifest =
        tables.artifacts().FindManifest(node.artifact.manifest);
    if (!manifest) return manifest.error();
    if (!*manifest) return Resolved(nullptr);
    return ResolvedManifest(**manifest, field.shared_parent<ArtifactNode>(), std::nullopt);
  });
}

// ---- an artifact

// Null if the viewer may not see it.
Result<Resolved> ResolvedRun(const Tables& tables, const RequestContext& context, const Run& run) {
  const auto project = FindProject(tables, context, run.project);
  if (!project) return project.error();
  if (*project == nullptr) return Resolved(nullptr);
  return Resolved::Own("Run", RunNode{run, *project});
}

// Those of the collections that the viewer may see.
Result<Resolved> ResolveAliases(const ArtifactNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<ArtifactAlias>> aliases =
        tables.artifacts().ListAliasesOf(node.artifact.id);
    if (!aliases) return aliases.error();
    std::vector<Resolved> resolved;
    for (const ArtifactAlias& alias : *aliases) {
      auto owner = FindCollection(tables, Context(field), alias.collection);
      if (!owner) return owner.error();
      if (*owner != nullptr) resolved.push_back(ResolvedAlias(alias, *std::move(owner)));
    }
    return Resolved(std::move(resolved));
  });
}

// Nobody, for those who see the artifact through a link.
Result<Resolved> ResolveCreator(const ArtifactNode& node, const FieldContext& field) {
  if (node.sequence->project == nullptr) return Resolved(nullptr);
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    if (node.artifact.run != tracking::RunId{}) {
      const Result<std::optional<Run>> run = tables.runs().Find(node.artifact.run);
      if (!run) return run.error();
      if (*run) return ResolvedRun(tables, Context(field), **run);
    }
    Result<std::optional<tracking::User>> user = tables.accounts().FindUser(node.artifact.creator);
    if (!user) return user.error();
    if (!*user) return Resolved(nullptr);
    return Resolved::Own("User", **std::move(user));
  });
}

Result<Resolved> ResolveUsedBy(const ArtifactNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<tracking::RunId>> ids =
        tables.artifacts().ListRunsUsing(node.artifact.id);
    if (!ids) return ids.error();
    std::vector<Resolved> runs;
    for (const tracking::RunId id : *ids) {
      const Result<std::optional<Run>> run = tables.runs().Find(id);
      if (!run) return run.error();
      if (!*run) continue;
      Result<Resolved> visible = ResolvedRun(tables, Context(field), **run);
      if (!visible) return visible.error();
      if (!visible->is_null()) runs.push_back(*std::move(visible));
    }
    return PageOfList("RunConnection", "RunEdge", field.args(), runs,
                      [](const Resolved& run) { return run; });
  });
}

Result<Resolved> ResolveMemberships(const ArtifactNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<ArtifactMembership>> members =
        tables.artifacts().ListMemberships(node.artifact.id);
    if (!members) return members.error();
    std::vector<Resolved> nodes;
    for (const ArtifactMembership& member : *members) {
      const auto collection = FindCollection(tables, Context(field), member.collection);
      if (!collection) return collection.error();
      if (*collection == nullptr) continue;
      nodes.push_back(
          Resolved::Own("ArtifactCollectionMembership",
                        MembershipNode{member, *collection, field.shared_parent<ArtifactNode>()}));
    }
    return PageOfList("ArtifactCollectionMembershipConnection", "ArtifactCollectionMembershipEdge",
                      field.args(), nodes, [](const Resolved& member) { return member; });
  });
}

void AddArtifactFields(ResolverMap& resolvers) {
  const auto add = [&](const char* name, auto read) {
    resolvers.Field<ArtifactNode>("Artifact", name, [read](const ArtifactNode& node) {
      return Resolved(read(node.artifact));
    });
  };
  add("id", [](const Artifact& a) { return ArtifactStorageId(a.id); });
  add("state", [](const Artifact& a) { return ArtifactStateName(a.state); });
  add("digest", [](const Artifact& a) { return a.digest; });
  add("digestAlgorithm", [](const Artifact&) { return "MANIFEST_MD5"; });
  add("size", [](const Artifact& a) { return a.size; });
  add("fileCount", [](const Artifact& a) { return a.file_count; });
  add("versionIndex", [](const Artifact& a) { return a.version; });
  add("commitHash", [](const Artifact& a) { return a.digest; });
  add("description", [](const Artifact& a) { return NullIfEmpty(a.description); });
  add("metadata", [](const Artifact& a) { return NullIfEmpty(a.metadata_json); });
  add("ttlDurationSeconds", [](const Artifact& a) { return a.ttl_seconds; });
  add("ttlIsInherited", [](const Artifact& a) { return a.ttl_seconds == tracking::kTtlInherited; });
  add("tags", [](const Artifact& a) { return Resolved(ResolvedTags(a.tags)); });
  add("historyStep", [](const Artifact& a) { return a.history_step; });
  add("createdAt", [](const Artifact& a) { return FormatTime(a.created_at); });
  add("updatedAt", [](const Artifact& a) { return FormatTime(a.updated_at); });
  resolvers.Field<ArtifactNode>(
      "Artifact", "artifactType", [](const ArtifactNode& node, const FieldContext& field) {
        return ReadOne(
            field, [&](const Tables& tables) { return ResolvedTypeOf(tables, *node.sequence); });
      });
  resolvers.Field<ArtifactNode>("Artifact", "artifactSequence", [](const ArtifactNode& node) {
    return Resolved::Object("ArtifactSequence", node.sequence);
  });
  resolvers.Field<ArtifactNode>("Artifact", "aliases", ResolveAliases);
  resolvers.Field<ArtifactNode>("Artifact", "currentManifest", ResolveManifest);
  resolvers.Field<ArtifactNode>("Artifact", "files",
                                [](const ArtifactNode&, const FieldContext& field) {
                                  return ListFiles(field, field.shared_parent<ArtifactNode>());
                                });
  resolvers.Field<ArtifactNode>("Artifact", "filesByManifestEntries", ListFilesByEntries);
  resolvers.Field<ArtifactNode>("Artifact", "usedBy", ResolveUsedBy);
  resolvers.Field<ArtifactNode>("Artifact", "createdBy", ResolveCreator);
  resolvers.Field<ArtifactNode>("Artifact", "artifactMemberships", ResolveMemberships);
}

void AddMembershipFields(ResolverMap& resolvers) {
  const char* type = "ArtifactCollectionMembership";
  resolvers.Field<MembershipNode>(type, "id", [](const MembershipNode& node) {
    return EncodeId("ArtifactCollectionMembership", ToInt(node.member.id));
  });
  resolvers.Field<MembershipNode>(type, "versionIndex",
                                  [](const MembershipNode& node) { return node.member.version; });
  resolvers.Field<MembershipNode>(type, "createdAt", [](const MembershipNode& node) {
    return FormatTime(node.member.created_at);
  });
  resolvers.Field<MembershipNode>(type, "artifactCollection", [](const MembershipNode& node) {
    return ResolvedCollection(node.collection);
  });
  resolvers.Field<MembershipNode>(type, "artifact", [](const MembershipNode& node) {
    return Resolved::Object("Artifact", node.artifact);
  });
  resolvers.Field<MembershipNode>(type, "files",
                                  [](const MembershipNode& node, const FieldContext& field) {
                                    return ListFiles(field, node.artifact);
                                  });
  resolvers.Field<MembershipNode>(
      type, "aliases", [](const MembershipNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const Result<std::vector<ArtifactAlias>> aliases =
              tables.artifacts().ListAliasesOf(node.member.artifact);
          if (!aliases) return aliases.error();
          std::vector<Resolved> resolved;
          for (const ArtifactAlias& alias : *aliases) {
            if (alias.collection != node.member.collection) continue;
            resolved.push_back(ResolvedAlias(alias, node.collection));
          }
          return Resolved(std::move(resolved));
        });
      });
  resolvers.Field<AliasNode>("ArtifactAlias", "id", [](const AliasNode& node) {
    return EncodeId("ArtifactAlias", ToInt(node.alias.id));
  });
  resolvers.Field<AliasNode>("ArtifactAlias", "alias",
                             [](const AliasNode& node) { return node.alias.alias; });
  resolvers.Field<AliasNode>("ArtifactAlias", "artifactCollection", [](const AliasNode& node) {
    return ResolvedCollection(node.collection);
  });
}

// ---- entries from elsewhere

Result<Resolved> ListOfRun(const RunNode& node, const FieldContext& field, ArtifactUse use) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<Artifact>> artifacts = tables.artifacts().ListOfRun(node.run.id, use);
    if (!artifacts) return artifacts.error();
    std::vector<Resolved> nodes;
    for (const Artifact& artifact : *artifacts) {
      const Result<bool> visible = MaySee(tables, Context(field), artifact);
      if (!visible) return visible.error();
      if (!*visible) continue;
      const auto made = ArtifactNodeOf(tables, Context(field), artifact);
      if (!made) return made.error();
      nodes.push_back(Resolved::Object("Artifact", *made));
    }
    const auto same = [](const Resolved& artifact) { return artifact; };
    if (use == ArtifactUse::kOutput) {
      return PageOfList("ArtifactConnection", "ArtifactEdge", field.args(), nodes, same);
    }
    return PageOfList("InputArtifactConnection", "InputArtifactEdge", field.args(), nodes, same);
  });
}

void AddQueries(ResolverMap& resolvers) {
  resolvers.Add("Query", "artifact", [](const FieldContext& field) {
    return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
      const auto artifact = FindArtifact(tables, Context(field), field.args().StringOr("id", ""));
      if (!artifact) return artifact.error();
      return Resolved::Object("Artifact", *artifact);
    });
  });
  resolvers.Add("Query", "clientIDMapping", [](const FieldContext& field) {
    return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
      const Result<std::optional<Artifact>> artifact =
          tables.artifacts().FindByClient(field.args().StringOr("clientID", ""));
      if (!artifact) return artifact.error();
      if (!*artifact) return Resolved(nullptr);
      const std::string id = ArtifactStorageId((*artifact)->id);
      const auto visible = FindArtifact(tables, Context(field), id);
      if (!visible) return visible.error();
      if (*visible == nullptr) return Resolved(nullptr);
      return Resolved(Record("ClientIDMapping").Set("serverID", id));
    });
  });
  resolvers.Field<RunNode>("Run", "inputArtifacts",
                           [](const RunNode& node, const FieldContext& field) {
                             return ListOfRun(node, field, ArtifactUse::kInput);
                           });
  resolvers.Field<RunNode>("Run", "outputArtifacts",
                           [](const RunNode& node, const FieldContext& field) {
                             return ListOfRun(node, field, ArtifactUse::kOutput);
                           });
}

}  // namespace

void AddArtifactResolvers(ResolverMap& resolvers) {
  AddQueries(resolvers);
  AddArtifactFields(resolvers);
  AddMembershipFields(resolvers);
  for (const char* type : {"ArtifactConnection", "InputArtifactConnection", "RunConnection"}) {
    resolvers.Record(type, {"edges", "pageInfo", "totalCount"});
  }
  resolvers.Record("ArtifactCollectionMembershipConnection", {"edges", "pageInfo"});
  for (const char* type :
       {"ArtifactEdge", "InputArtifactEdge", "ArtifactCollectionMembershipEdge", "RunEdge"}) {
    resolvers.Record(type, {"node", "cursor"});
  }
  resolvers.Record("ArtifactManifest", {"id", "file", "digest", "type"});
  resolvers.Record("ClientIDMapping", {"serverID"});
}

}  // namespace regatta::wandb
