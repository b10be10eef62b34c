// Artifacts as they are read: types, collections, versions, aliases, files, and who made and used
// them.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifact_filter.h"
#include "artifact_nodes.h"
#include "connection.h"
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
using nlohmann::json;
using tracking::Artifact;
using tracking::ArtifactAlias;
using tracking::ArtifactCollection;
using tracking::ArtifactFile;
using tracking::ArtifactManifest;
using tracking::ArtifactMembership;
using tracking::ArtifactState;
using tracking::ArtifactType;
using tracking::ArtifactUse;
using tracking::Run;
using tracking::Tables;
using tracking::ToInt;

namespace {

Resolved NullIfEmpty(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

// One read whose outcome is one Resolved.
template <typename Work>
Result<Resolved> ReadOne(const FieldContext& field, Work work) {
  Resolved found = nullptr;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    Result<Resolved> made = work(tables);
    if (!made) return made.error();
    found = *std::move(made);
    return Ok();
  });
  if (!read) return read.error();
  return found;
}

// ---- listings

std::string_view StateName(ArtifactState state) {
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

// The field that `order` names, and whether it runs downwards.
struct Order {
  std::string field;
  bool is_descending = false;
};

Order OrderOf(const Arguments& args) {
  std::string text = args.StringOr("order", "");
  text = text.substr(0, text.find(','));
  const bool descending = text.starts_with('-');
  if (descending || text.starts_with('+')) text.erase(0, 1);
  return {text, descending};
}

// Keeps the items that pass the filter and orders them; `field_of(item, name)` answers a field.
template <typename Item, typename Fields>
Result<void> Choose(std::vector<Item>& items, const Arguments& args, Fields field_of) {
  const Result<json> filter = ParseFilter(args.StringOr("filters", ""));
  if (!filter) return filter.error();
  if (!filter->empty()) {
    std::vector<Item> kept;
    for (Item& item : items) {
      const Result<bool> passes =
          MatchesFilter(*filter, [&](std::string_view name) { return json(field_of(item, name)); });
      if (!passes) return passes.error();
      if (*passes) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  const Order order = OrderOf(args);
  if (order.field.empty()) return Ok();
  std::vector<std::pair<json, std::size_t>> keys;
  for (std::size_t i = 0; i < items.size(); ++i)
    keys.emplace_back(field_of(items[i], order.field), i);
  std::sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return order.is_descending ? b.first < a.first : a.first < b.first;
    return a.second < b.second;
  });
  std::vector<Item> sorted;
  for (const auto& [key, at] : keys) sorted.push_back(std::move(items[at]));
  items = std::move(sorted);
  return Ok();
}

json CollectionField(const ArtifactCollection& collection, std::string_view name) {
  if (name == "name") return collection.name;
  if (name == "description") return collection.description.value_or("");
  if (name == "createdAt" || name == "created_at") return FormatTime(collection.created_at);
  if (name == "updatedAt" || name == "updated_at") return FormatTime(collection.updated_at);
  if (name == "tags" || name == "tag") return collection.tags;
  if (name == "type") return collection.type_name;
  return nullptr;
}

json MemberField(const std::shared_ptr<const MembershipNode>& node, std::string_view name) {
  const Artifact& artifact = node->artifact->artifact;
  if (name == "createdAt" || name == "created_at") return FormatTime(artifact.created_at);
  if (name == "updatedAt" || name == "updated_at") return FormatTime(artifact.updated_at);
  if (name == "versionIndex" || name == "version_index" || name == "version") {
    return node->member.version;
  }
  if (name == "tags" || name == "tag") return artifact.tags;
  if (name == "state") return StateName(artifact.state);
  if (name == "size") return artifact.size;
  if (name == "digest") return artifact.digest;
  if (name == "description") return artifact.description;
  return nullptr;
}

Result<Resolved> ListCollections(const Tables& tables, const FieldContext& field,
                                 const std::shared_ptr<const ProjectNode>& project,
                                 tracking::ArtifactTypeId type) {
  Result<std::vector<ArtifactCollection>> listed =
      tables.artifacts().ListCollections(project->project.id, type);
  if (!listed) return listed.error();
  std::vector<ArtifactCollection> collections = *std::move(listed);
  if (const auto kinds = field.args().StringList("collectionTypes"); kinds && !kinds->empty()) {
    std::erase_if(collections, [&](const ArtifactCollection& collection) {
      const char* kind = collection.is_portfolio ? "PORTFOLIO" : "SEQUENCE";
      return std::find(kinds->begin(), kinds->end(), kind) == kinds->end();
    });
  }
  if (Result<void> done = Choose(collections, field.args(), CollectionField); !done) {
    return done.error();
  }
  return PageOfList("ArtifactCollectionConnection", "ArtifactCollectionEdge", field.args(),
                    collections, [&](const ArtifactCollection& collection) {
                      return ResolvedCollection(std::make_shared<const CollectionNode>(
                          CollectionNode{collection, project}));
                    });
}

Result<std::vector<std::shared_ptr<const MembershipNode>>> LoadMembers(
    const Tables& tables, const std::shared_ptr<const CollectionNode>& collection) {
  const Result<std::vector<ArtifactMembership>> members =
      tables.artifacts().ListMembers(collection->collection.id);
  if (!members) return members.error();
  std::vector<std::shared_ptr<const MembershipNode>> nodes;
  for (const ArtifactMembership& member : *members) {
    auto node = MembershipNodeOf(tables, collection, member);
    if (!node) return node.error();
    if (*node != nullptr) nodes.push_back(*std::move(node));
  }
  return nodes;
}

Result<Resolved> ListVersions(const CollectionNode&, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    auto loaded = LoadMembers(tables, field.shared_parent<CollectionNode>());
    if (!loaded) return loaded.error();
    std::vector<std::shared_ptr<const MembershipNode>> members = *std::move(loaded);
    if (Result<void> done = Choose(members, field.args(), MemberField); !done) return done.error();
    const Result<PageRange> range = PageOf(field.args(), members.size());
    if (!range) return range.error();
    std::vector<Resolved> edges;
    for (std::size_t i = range->begin; i < range->end; ++i) {
      edges.emplace_back(Record("VersionedArtifactEdge")
                             .Set("version", fmt::format("v{}", members[i]->member.version))
                             .Set("node", Resolved::Object("Artifact", members[i]->artifact))
                             .Set("cursor", CursorAt(i)));
    }
    return Resolved(Record("VersionedArtifactConnection")
                        .Set("edges", std::move(edges))
                        .Set("pageInfo", PageInfoOf(*range, members.size()))
                        .Set("totalCount", members.size()));
  });
}

Result<Resolved> ListMembershipsOfCollection(const CollectionNode&, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const auto members = LoadMembers(tables, field.shared_parent<CollectionNode>());
    if (!members) return members.error();
    return PageOfList("ArtifactCollectionMembershipConnection", "ArtifactCollectionMembershipEdge",
                      field.args(), *members, [](const auto& node) {
                        return Resolved::Object("ArtifactCollectionMembership", node);
                      });
  });
}

Resolved ResolvedAlias(const ArtifactAlias& alias, std::shared_ptr<const CollectionNode> owner) {
  return Resolved::Own("ArtifactAlias", AliasNode{alias, std::move(owner)});
}

Result<Resolved> ListAliasesOfCollection(const CollectionNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<ArtifactAlias>> aliases =
        tables.artifacts().ListAliases(node.collection.id);
    if (!aliases) return aliases.error();
    return PageOfList("ArtifactAliasConnection", "ArtifactAliasEdge", field.args(), *aliases,
                      [&](const ArtifactAlias& alias) {
                        return ResolvedAlias(alias, field.shared_parent<CollectionNode>());
                      });
  });
}

// ---- types and collections

Result<Resolved> ResolveType(const Tables& tables,
                             const std::shared_ptr<const ProjectNode>& project,
                             std::string_view name) {
  Result<std::optional<ArtifactType>> type =
      tables.artifacts().FindTypeByName(project->project.id, name);
  if (!type) return type.error();
  if (!*type) return Resolved(nullptr);
  return Resolved::Own("ArtifactType", ArtifactTypeNode{**std::move(type), project});
}

// `type` none: of any type.
Result<Resolved> ResolveCollectionByName(const Tables& tables,
                                         const std::shared_ptr<const ProjectNode>& project,
                                         std::string_view name, tracking::ArtifactTypeId type) {
  Result<std::optional<ArtifactCollection>> found =
      tables.artifacts().FindCollectionByName(project->project.id, name);
  if (!found) return found.error();
  if (!*found || (type != tracking::ArtifactTypeId{} && (*found)->type != type)) {
    return Resolved(nullptr);
  }
  return ResolvedCollection(
      std::make_shared<const CollectionNode>(CollectionNode{**std::move(found), project}));
}

void AddTypeResolvers(ResolverMap& resolvers) {
  const auto add = [&](const char* name, auto read) {
    resolvers.Field<ArtifactTypeNode>("ArtifactType", name, [read](const ArtifactTypeNode& node) {
      return Resolved(read(node.type));
    });
  };
  add("id", [](const ArtifactType& t) { return EncodeId("ArtifactType", ToInt(t.id)); });
  add("name", [](const ArtifactType& t) { return t.name; });
  add("description", [](const ArtifactType& t) { return NullIfEmpty(t.description); });
  add("createdAt", [](const ArtifactType& t) { return FormatTime(t.created_at); });
  resolvers.Field<ArtifactTypeNode>("ArtifactType", "project", [](const ArtifactTypeNode& node) {
    return Resolved::Object("Project", node.project);
  });
  resolvers.Field<ArtifactTypeNode>("ArtifactType", "artifactCollections",
                                    [](const ArtifactTypeNode& node, const FieldContext& field) {
                                      return ReadOne(field, [&](const Tables& tables) {
                                        return ListCollections(tables, field, node.project,
                                                               node.type.id);
                                      });
                                    });
  resolvers.Field<ArtifactTypeNode>("ArtifactType", "artifactCollection",
                                    [](const ArtifactTypeNode& node, const FieldContext& field) {
                                      return ReadOne(field, [&](const Tables& tables) {
                                        return ResolveCollectionByName(
                                            tables, node.project, field.args().StringOr("name", ""),
                                            node.type.id);
                                      });
                                    });
  resolvers.Field<ArtifactTypeNode>(
      "ArtifactType", "artifactSequence",
      [](const ArtifactTypeNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          Result<std::optional<ArtifactCollection>> found = tables.artifacts().FindCollectionByName(
              node.project->project.id, field.args().StringOr("name", ""));
          if (!found) return found.error();
          if (!*found || (*found)->type != node.type.id || (*found)->is_portfolio) {
            return Resolved(nullptr);
          }
          return ResolvedCollection(std::make_shared<const CollectionNode>(
              CollectionNode{**std::move(found), node.project}));
        });
      });
  resolvers.Field<ArtifactTypeNode>(
      "ArtifactType", "artifact", [](const ArtifactTypeNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const auto member =
              FindMembership(tables, node.project, field.args().StringOr("name", ""));
          if (!member) return member.error();
          if (*member == nullptr || (*member)->collection->collection.type != node.type.id) {
            return Resolved(nullptr);
          }
          return Resolved::Object("Artifact", (*member)->artifact);
        });
      });
}

void AddCollectionFields(ResolverMap& resolvers, const char* type) {
  const auto add = [&](const char* name, auto read) {
    resolvers.Field<CollectionNode>(
        type, name, [read](const CollectionNode& node) { return Resolved(read(node.collection)); });
  };
  add("id",
      [](const ArtifactCollection& c) { return EncodeId("ArtifactCollection", ToInt(c.id)); });
  add("name", [](const ArtifactCollection& c) { return c.name; });
  add("description", [](const ArtifactCollection& c) { return c.description; });
  add("createdAt", [](const ArtifactCollection& c) { return FormatTime(c.created_at); });
  add("updatedAt", [](const ArtifactCollection& c) { return FormatTime(c.updated_at); });
  add("tags", [](const ArtifactCollection& c) {
    std::vector<Resolved> edges;
    for (Resolved& tag : ResolvedTags(c.tags)) {
      edges.emplace_back(Record("TagEdge").Set("node", std::move(tag)));
    }
    return Resolved(Record("TagConnection").Set("edges", std::move(edges)));
  });
  resolvers.Field<CollectionNode>(type, "state", [](const CollectionNode& node) {
    return Resolved(node.is_deleted ? "DELETED" : "READY");
  });
  resolvers.Field<CollectionNode>(type, "project", [](const CollectionNode& node) {
    return Resolved::Object("Project", node.project);
  });
  resolvers.Field<CollectionNode>(
      type, "defaultArtifactType", [](const CollectionNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) {
          return ResolveType(tables, node.project, node.collection.type_name);
        });
      });
  resolvers.Field<CollectionNode>(type, "aliases", ListAliasesOfCollection);
  resolvers.Field<CollectionNode>(type, "artifacts", ListVersions);
  resolvers.Field<CollectionNode>(type, "artifactMemberships", ListMembershipsOfCollection);
  resolvers.Field<CollectionNode>(
      type, "artifactMembership", [](const CollectionNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const Result<std::optional<ArtifactMembership>> member = tracking::FindMember(
              tables, node.collection.id, field.args().StringOr("aliasName", ""));
          if (!member) return member.error();
          if (!*member) return Resolved(nullptr);
          const auto made =
              MembershipNodeOf(tables, field.shared_parent<CollectionNode>(), **member);
          if (!made) return made.error();
          return Resolved::Object("ArtifactCollectionMembership", *made);
        });
      });
}

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

Result<Resolved> ResolveAliases(const ArtifactNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<ArtifactAlias>> aliases =
        tables.artifacts().ListAliasesOf(node.artifact.id);
    if (!aliases) return aliases.error();
    std::vector<Resolved> resolved;
    for (const ArtifactAlias& alias : *aliases) {
      std::shared_ptr<const CollectionNode> owner = node.sequence;
      if (alias.collection != owner->collection.id) {
        const Result<std::optional<ArtifactCollection>> other =
            tables.artifacts().FindCollection(alias.collection);
        if (!other) return other.error();
        if (!*other) continue;
        auto made = CollectionNodeOf(tables, **other);
        if (!made) return made.error();
        owner = *std::move(made);
      }
      resolved.push_back(ResolvedAlias(alias, std::move(owner)));
    }
    return Resolved(std::move(resolved));
  });
}

Result<Resolved> ResolvedRun(const Tables& tables, const Run& run) {
  const Result<std::optional<tracking::Project>> project = tables.projects().Find(run.project);
  if (!project) return project.error();
  if (!*project) return Resolved(nullptr);
  return Resolved::Own("Run",
                       RunNode{run, std::make_shared<const ProjectNode>(ProjectNode{**project})});
}

Result<Resolved> ResolveCreator(const ArtifactNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    if (node.artifact.run != tracking::RunId{}) {
      const Result<std::optional<Run>> run = tables.runs().Find(node.artifact.run);
      if (!run) return run.error();
      if (*run) return ResolvedRun(tables, **run);
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
      const auto visible = FindProject(tables, Context(field), (*run)->project);
      if (!visible) return visible.error();
      if (*visible == nullptr) continue;
      runs.push_back(Resolved::Own("Run", RunNode{**run, *visible}));
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
      const auto collection = FindCollection(
          tables, Context(field), EncodeId("ArtifactCollection", ToInt(member.collection)));
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
  add("state", [](const Artifact& a) { return StateName(a.state); });
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
        return ReadOne(field, [&](const Tables& tables) {
          return ResolveType(tables, node.sequence->project, node.sequence->collection.type_name);
        });
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

void AddProjectFields(ResolverMap& resolvers) {
  const auto add = [&](const char* name, auto find) {
    resolvers.Field<ProjectNode>("Project", name,
                                 [find](const ProjectNode&, const FieldContext& field) {
                                   return ReadOne(field, [&](const Tables& tables) {
                                     return find(tables, field.shared_parent<ProjectNode>(), field);
                                   });
                                 });
  };
  using Owner = std::shared_ptr<const ProjectNode>;
  const auto name_of = [](const FieldContext& field) { return field.args().StringOr("name", ""); };
  add("artifactType", [=](const Tables& tables, const Owner& project, const FieldContext& field) {
    return ResolveType(tables, project, name_of(field));
  });
  add("artifactTypes",
      [](const Tables& tables, const Owner& project,
         const FieldContext& field) -> Result<Resolved> {
        const Result<std::vector<ArtifactType>> types =
            tables.artifacts().ListTypes(project->project.id);
        if (!types) return types.error();
        return PageOfList("ArtifactTypeConnection", "ArtifactTypeEdge", field.args(), *types,
                          [&](const ArtifactType& type) {
                            return Resolved::Own("ArtifactType", ArtifactTypeNode{type, project});
                          });
      });
  add("artifactCollection",
      [=](const Tables& tables, const Owner& project, const FieldContext& field) {
        return ResolveCollectionByName(tables, project, name_of(field), {});
      });
  add("artifactCollections",
      [](const Tables& tables, const Owner& project, const FieldContext& field) {
        return ListCollections(tables, field, project, {});
      });
  add("artifact",
      [=](const Tables& tables, const Owner& project,
          const FieldContext& field) -> Result<Resolved> {
        const auto member = FindMembership(tables, project, name_of(field));
        if (!member) return member.error();
        if (*member == nullptr) return Resolved(nullptr);
        return Resolved::Object("Artifact", (*member)->artifact);
      });
  add("artifactCollectionMembership",
      [=](const Tables& tables, const Owner& project,
          const FieldContext& field) -> Result<Resolved> {
        const auto member = FindMembership(tables, project, name_of(field));
        if (!member) return member.error();
        return Resolved::Object("ArtifactCollectionMembership", *member);
      });
}

Result<Resolved> ListOfRun(const RunNode& node, const FieldContext& field, ArtifactUse use) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<Artifact>> artifacts = tables.artifacts().ListOfRun(node.run.id, use);
    if (!artifacts) return artifacts.error();
    std::vector<Resolved> nodes;
    for (const Artifact& artifact : *artifacts) {
      const auto made = ArtifactNodeOf(tables, artifact);
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
  resolvers.Add("Query", "artifactCollection", [](const FieldContext& field) {
    return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
      const auto node = FindCollection(tables, Context(field), field.args().StringOr("id", ""));
      if (!node) return node.error();
      return ResolvedCollection(*node);
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

void AddArtifactResolvers(ResolverMap& resolvers) {
  AddQueries(resolvers);
  AddTypeResolvers(resolvers);
  AddCollectionFields(resolvers, "ArtifactSequence");
  AddCollectionFields(resolvers, "ArtifactPortfolio");
  resolvers.Field<CollectionNode>(
      "ArtifactSequence", "latestArtifact",
      [](const CollectionNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const Result<std::optional<ArtifactMembership>> member =
              tracking::FindMember(tables, node.collection.id, tracking::kLatestAlias);
          if (!member) return member.error();
          if (!*member) return Resolved(nullptr);
          const auto made =
              MembershipNodeOf(tables, field.shared_parent<CollectionNode>(), **member);
          if (!made) return made.error();
          if (*made == nullptr) return Resolved(nullptr);
          return Resolved::Object("Artifact", (*made)->artifact);
        });
      });
  AddArtifactFields(resolvers);
  AddMembershipFields(resolvers);
  AddProjectFields(resolvers);
  for (const char* type :
       {"ArtifactTypeConnection", "ArtifactConnection", "InputArtifactConnection",
        "VersionedArtifactConnection", "ArtifactCollectionConnection"}) {
    resolvers.Record(type, {"edges", "pageInfo", "totalCount"});
  }
  for (const char* type : {"ArtifactAliasConnection", "ArtifactCollectionMembershipConnection"}) {
    resolvers.Record(type, {"edges", "pageInfo"});
  }
  for (const char* type :
       {"ArtifactTypeEdge", "ArtifactEdge", "InputArtifactEdge", "ArtifactAliasEdge",
        "ArtifactCollectionEdge", "ArtifactCollectionMembershipEdge"}) {
    resolvers.Record(type, {"node", "cursor"});
  }
  resolvers.Record("VersionedArtifactEdge", {"version", "node", "cursor"});
  resolvers.Record("ArtifactManifest", {"id", "file", "digest", "type"});
  resolvers.Record("ClientIDMapping", {"serverID"});
  resolvers.Record("RunConnection", {"edges", "pageInfo", "totalCount"});
  resolvers.Record("RunEdge", {"node", "cursor"});
}

}  // namespace regatta::wandb
