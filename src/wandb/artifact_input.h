// What the mutations of artifacts and of their collections read from their inputs, and answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nodes.h"
#include "regatta/graphql/arguments.h"
#include "regatta/graphql/resolved.h"
#include "regatta/tracking/artifact.h"
#include "request_context.h"

namespace regatta::wandb {

// A payload whose one field is the artifact.
Result<graphql::Resolved> ArtifactPayload(const tracking::Tables& tables,
                                          const RequestContext& context, graphql::StaticName type,
                                          tracking::Artifact artifact);

// `member` of each object of `list`; an empty text where it is missing.
std::vector<std::string> TextsOf(const graphql::Arguments& input, std::string_view list,
                                 std::string_view member);

// The run that the input names by entity, project and name, to be changed.
// Errors: kPermissionDenied; kNotFound, naming it.
Result<std::shared_ptr<const RunNode>> RequireRunByName(const tracking::Tables& tables,
                                                        const RequestContext& context,
                                                        const graphql::Arguments& input);

// The project that the input names, made if it is missing.
// Errors: kPermissionDenied; kNotFound, naming the entity.
Result<tracking::Project> TargetProject(tracking::Tables& tables, const RequestContext& context,
                                        const graphql::Arguments& input);

}  // namespace regatta::wandb
