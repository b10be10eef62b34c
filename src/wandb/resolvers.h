// The resolvers, by part of the schema. Each file registers its own.
#pragma once

#include "regatta/graphql/resolver.h"

namespace regatta::wandb {

void AddServerResolvers(graphql::ResolverMap& resolvers);      // serverInfo, page info
void AddAccountResolvers(graphql::ResolverMap& resolvers);     // users, entities, keys
void AddProjectResolvers(graphql::ResolverMap& resolvers);     // projects
void AddRunResolvers(graphql::ResolverMap& resolvers);         // a run's own fields
void AddRunMutations(graphql::ResolverMap& resolvers);         // upsertBucket and its kin
void AddFileResolvers(graphql::ResolverMap& resolvers);        // files of runs
void AddRunListingResolvers(graphql::ResolverMap& resolvers);  // lists of runs
void AddHistoryResolvers(graphql::ResolverMap& resolvers);     // history, events, console of runs
void AddSampledHistoryResolvers(graphql::ResolverMap& resolvers);  // history for charts

void AddArtifactResolvers(graphql::ResolverMap& resolvers);    // artifacts as they are read
void AddCollectionResolvers(graphql::ResolverMap& resolvers);  // their types and collections
void AddArtifactMutations(graphql::ResolverMap& resolvers);    // making and committing artifacts
void AddArtifactEdits(graphql::ResolverMap& resolvers);  // using, linking, naming, deleting them
void AddCollectionMutations(graphql::ResolverMap& resolvers);  // changing their collections
void AddSweepResolvers(graphql::ResolverMap& resolvers);       // sweeps and agents as read
void AddSweepMutations(graphql::ResolverMap& resolvers);       // upsertSweep, agents' heartbeats

}  // namespace regatta::wandb
