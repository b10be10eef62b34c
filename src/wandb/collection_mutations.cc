// Collections of artifacts as they are renamed, described, moved, tagged and deleted.
#include <fmt/format.h>

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
using tracking::ArtifactCollection;
using tracking::Tables;

namespace {

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
    if (Result<void> allowed = RequireWrite(**owner); !allowed) return allowed.error();
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

}  // namespace

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

}  // namespace regatta::wandb
