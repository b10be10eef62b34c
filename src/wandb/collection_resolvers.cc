// Artifact types and collections as they are read, and the ways to them from a project.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifact_filter.h"
#include "artifact_nodes.h"
#include "connection.h"
#include "one_answer.h"
#include "regatta/tracking/artifact_rules.h"
#include "resolvers.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using nlohmann::json;
using tracking::Artifact;
using tracking::ArtifactAlias;
using tracking::ArtifactCollection;
using tracking::ArtifactMembership;
using tracking::ArtifactType;
using tracking::Tables;
using tracking::ToInt;

namespace {

// ---- listings

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
  if (name == "state") return ArtifactStateName(artifact.state);
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
    const Tables& tables, const FieldContext& field,
    const std::shared_ptr<const CollectionNode>& collection) {
  const Result<std::vector<ArtifactMembership>> members =
      tables.artifacts().ListMembers(collection->collection.id);
  if (!members) return members.error();
  std::vector<std::shared_ptr<const MembershipNode>> nodes;
  for (const ArtifactMembership& member : *members) {
    auto node = MembershipNodeOf(tables, Context(field), collection, member);
    if (!node) return node.error();
    if (*node != nullptr) nodes.push_back(*std::move(node));
  }
  return nodes;
}

Result<Resolved> ListVersions(const CollectionNode&, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    auto loaded = LoadMembers(tables, field, field.shared_parent<CollectionNode>());
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
    const auto members = LoadMembers(tables, field, field.shared_parent<CollectionNode>());
    if (!members) return members.error();
    return PageOfList("ArtifactCollectionMembershipConnection", "ArtifactCollectionMembershipEdge",
                      field.args(), *members, [](const auto& node) {
                        return Resolved::Object("ArtifactCollectionMembership", node);
                      });
  });
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
  // What is found by way of the type: nothing where its project is not to be seen.
  const auto add_found = [&](const char* name, auto find) {
    resolvers.Field<ArtifactTypeNode>(
        "ArtifactType", name,
        [find](const ArtifactTypeNode& node, const FieldContext& field) -> Result<Resolved> {
          if (node.project == nullptr) return Resolved(nullptr);
          return ReadOne(field, [&](const Tables& tables) { return find(tables, node, field); });
        });
  };
  const auto name_of = [](const FieldContext& field) { return field.args().StringOr("name", ""); };
  add_found("artifactCollections",
            [](const Tables& tables, const ArtifactTypeNode& node, const FieldContext& field) {
              return ListCollections(tables, field, node.project, node.type.id);
            });
  add_found("artifactCollection",
            [=](const Tables& tables, const ArtifactTypeNode& node, const FieldContext& field) {
              return ResolveCollectionByName(tables, node.project, name_of(field), node.type.id);
            });
  add_found("artifactSequence",
            [=](const Tables& tables, const ArtifactTypeNode& node,
                const FieldContext& field) -> Result<Resolved> {
              Result<std::optional<ArtifactCollection>> found =
                  tables.artifacts().FindCollectionByName(node.project->project.id, name_of(field));
              if (!found) return found.error();
              if (!*found || (*found)->type != node.type.id || (*found)->is_portfolio) {
                return Resolved(nullptr);
              }
              return ResolvedCollection(std::make_shared<const CollectionNode>(
                  CollectionNode{**std::move(found), node.project}));
            });
  add_found("artifact",
            [=](const Tables& tables, const ArtifactTypeNode& node,
                const FieldContext& field) -> Result<Resolved> {
              const auto member =
                  FindMembership(tables, Context(field), node.project, name_of(field));
              if (!member) return member.error();
              if (*member == nullptr || (*member)->collection->collection.type != node.type.id) {
                return Resolved(nullptr);
              }
              return Resolved::Object("Artifact", (*member)->artifact);
            });
}

// What `resolved_of` makes of the member that `alias` names; null if there is none.
template <typename Make>
Result<Resolved> MemberOfCollection(const CollectionNode& node, const FieldContext& field,
                                    std::string_view alias, Make resolved_of) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::optional<ArtifactMembership>> member =
        tracking::FindMember(tables, node.collection.id, alias);
    if (!member) return member.error();
    if (!*member) return Resolved(nullptr);
    const auto made =
        MembershipNodeOf(tables, Context(field), field.shared_parent<CollectionNode>(), **member);
    if (!made) return made.error();
    return *made == nullptr ? Resolved(nullptr) : resolved_of(*made);
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
  add("createdAt", [](const ArtifactCollection& c) { return FormatTime(c.created_at); });
  resolvers.Field<CollectionNode>(type, "state", [](const CollectionNode& node) {
    return Resolved(node.is_deleted ? "DELETED" : "READY");
  });
  resolvers.Field<CollectionNode>(type, "project", [](const CollectionNode& node) {
    return Resolved::Object("Project", node.project);
  });
  resolvers.Field<CollectionNode>(
      type, "defaultArtifactType", [](const CollectionNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) { return ResolvedTypeOf(tables, node); });
      });

  // The rest is for those who see the collection's project.
  const auto add_seen = [&](const char* name, auto read) {
    resolvers.Field<CollectionNode>(
        type, name,
        [read](const CollectionNode& node, const FieldContext& field) -> Result<Resolved> {
          if (node.project == nullptr) return Resolved(nullptr);
          return read(node, field);
        });
  };
  add_seen("description", [](const CollectionNode& node, const FieldContext&) {
    return Resolved(node.collection.description);
  });
  add_seen("updatedAt", [](const CollectionNode& node, const FieldContext&) {
    return Resolved(FormatTime(node.collection.updated_at));
  });
  add_seen("aliases", ListAliasesOfCollection);
  add_seen("artifacts", ListVersions);
  add_seen("artifactMemberships", ListMembershipsOfCollection);
  add_seen("artifactMembership", [](const CollectionNode& node, const FieldContext& field) {
    return MemberOfCollection(node, field, field.args().StringOr("aliasName", ""),
                              [](std::shared_ptr<const MembershipNode> member) {
                                return Resolved::Object("ArtifactCollectionMembership",
                                                        std::move(member));
                              });
  });
  resolvers.Field<CollectionNode>(type, "tags", [](const CollectionNode& node) {
    std::vector<Resolved> edges;
    if (node.project != nullptr) {
      for (Resolved& tag : ResolvedTags(node.collection.tags)) {
        edges.emplace_back(Record("TagEdge").Set("node", std::move(tag)));
      }
    }
    return Resolved(Record("TagConnection").Set("edges", std::move(edges)));
  });
  if (type != std::string_view("ArtifactSequence")) return;
  add_seen("latestArtifact", [](const CollectionNode& node, const FieldContext& field) {
    return MemberOfCollection(node, field, tracking::kLatestAlias,
                              [](const std::shared_ptr<const MembershipNode>& member) {
                                return Resolved::Object("Artifact", member->artifact);
                              });
  });
}

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
    return ResolvedType(tables, project, name_of(field));
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
        const auto member = FindMembership(tables, Context(field), project, name_of(field));
        if (!member) return member.error();
        if (*member == nullptr) return Resolved(nullptr);
        return Resolved::Object("Artifact", (*member)->artifact);
      });
  add("artifactCollectionMembership",
      [=](const Tables& tables, const Owner& project,
          const FieldContext& field) -> Result<Resolved> {
        const auto member = FindMembership(tables, Context(field), project, name_of(field));
        if (!member) return member.error();
        return Resolved::Object("ArtifactCollectionMembership", *member);
      });
}

}  // namespace

void AddCollectionResolvers(ResolverMap& resolvers) {
  resolvers.Add("Query", "artifactCollection", [](const FieldContext& field) {
    return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
      const auto node = FindCollection(tables, Context(field), field.args().StringOr("id", ""));
      if (!node) return node.error();
      return ResolvedCollection(*node);
    });
  });
  AddTypeResolvers(resolvers);
  AddCollectionFields(resolvers, "ArtifactSequence");
  AddCollectionFields(resolvers, "ArtifactPortfolio");
  AddProjectFields(resolvers);
  for (const char* type :
       {"ArtifactTypeConnection", "VersionedArtifactConnection", "ArtifactCollectionConnection"}) {
    resolvers.Record(type, {"edges", "pageInfo", "totalCount"});
  }
  resolvers.Record("ArtifactAliasConnection", {"edges", "pageInfo"});
  for (const char* type : {"ArtifactTypeEdge", "ArtifactAliasEdge", "ArtifactCollectionEdge"}) {
    resolvers.Record(type, {"node", "cursor"});
  }
  resolvers.Record("VersionedArtifactEdge", {"version", "node", "cursor"});
}

}  // namespace regatta::wandb
