// Artifacts that are there: used, linked, named, described, deleted.
#include <fmt/format.h>

#include <algorithm>

#include "artifact_input.h"
#include "artifact_nodes.h"
#include "one_answer.h"
#include "regatta/tracking/artifact_rules.h"
#include "resolvers.h"

namespace regatta::wandb {

using graphql::Arguments;
using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::Artifact;
using tracking::ArtifactCollection;
using tracking::ArtifactId;
using tracking::ArtifactMembership;
using tracking::ArtifactUse;
using tracking::Project;
using tracking::Tables;

namespace {

// ---- using, linking

Result<Resolved> UseArtifact(const FieldContext& field) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto artifact = RequireVisibleArtifact(tables, context, input.StringOr("artifactID", ""));
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
        **collection, std::make_shared<const ProjectNode>(ProjectNode{target->project, true})});
    const auto made = MembershipNodeOf(tables, context, std::move(node), *member);
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
  const auto& home = artifact.sequence->project;  // null: the names have to be given
  const std::string entity =
      alias.StringOr("entityName", home == nullptr ? "" : home->project.entity_name);
  const std::string project =
      alias.StringOr("projectName", home == nullptr ? "" : home->project.name);
  const std::string name = alias.StringOr("artifactCollectionName", "");
  const auto owner = FindProject(tables, context, entity, project);
  if (!owner) return owner.error();
  if (*owner != nullptr) {
    const Result<std::optional<ArtifactCollection>> found =
        tables.artifacts().FindCollectionByName((*owner)->project.id, name);
    if (!found) return found.error();
    if (*found) {
      if (Result<void> allowed = RequireWrite(**owner); !allowed) return allowed.error();
      return (*found)->id;
    }
  }
  return NotFound(fmt::format("artifact collection {}/{}/{} not found", entity, project, name));
}

// Calls `edit(collection, alias)` for each alias of the input. An alias belongs to its collection:
// who may change that may move it between artifacts that are linked into it.
template <typename Edit>
Result<Resolved> EditAliases(const FieldContext& field, graphql::StaticName payload, Edit edit) {
  const RequestContext& context = Context(field);
  const Arguments input = field.input();
  return WriteOne(field, [&](Tables& tables) -> Result<Resolved> {
    const auto artifact = RequireVisibleArtifact(tables, context, input.StringOr("artifactID", ""));
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
    if (const auto ttl = input.Int("ttlDurationSeconds")) {
      if (const std::string problem = tracking::TtlProblem(*ttl); !problem.empty()) {
        return InvalidArgument(problem);
      }
      artifact.ttl_seconds = *ttl;
    }
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
    return ArtifactPayload(tables, context, "UpdateArtifactPayload", std::move(artifact));
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

}  // namespace

void AddArtifactEdits(ResolverMap& resolvers) {
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
  for (const char* type : {"UpdateArtifactPayload", "UseArtifactPayload"}) {
    resolvers.Record(type, {"artifact", "clientMutationId"});
  }
  for (const char* type : {"AddAliasesPayload", "DeleteAliasesPayload"}) {
    resolvers.Record(type, {"success", "clientMutationId"});
  }
  resolvers.Record("DeleteArtifactPayload", {"artifact", "success", "clientMutationId"});
  resolvers.Record("LinkArtifactPayload",
                   {"versionIndex", "artifactMembership", "clientMutationId"});
  resolvers.Record("UnlinkArtifactPayload", {"success", "artifactID", "clientMutationId"});
}

}  // namespace regatta::wandb
