// Collections of artifacts, as the rules of making and deleting artifacts need them: finding,
// making, members and aliases. What others may call is in artifact_rules.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "regatta/tracking/artifact_rules.h"

namespace regatta::tracking {

// Errors: kNotFound where the row is gone.
Result<Artifact> RequireArtifact(const Tables& tables, ArtifactId id);
Result<ArtifactCollection> RequireCollection(const Tables& tables, CollectionId id);

struct WantedCollection {
  std::string_view name;
  std::string_view type;
  bool is_portfolio = false;
};

// The collection of that name, made if the project has none. Errors: kInvalidArgument for a name
// that cannot be, or if the collection is of another kind.
Result<ArtifactCollection> FindOrCreateCollection(Tables& tables, const Project& project,
                                                  const WantedCollection& wanted, Timestamp now);

// Makes the artifact the next member of the collection.
Result<ArtifactMembership> AddMember(Tables& tables, ArtifactCollection collection,
                                     ArtifactId artifact, Timestamp now);

// Moves `latest` and `aliases` to the artifact; names of versions are left out.
Result<void> SetAliases(Tables& tables, CollectionId collection, ArtifactId artifact,
                        const std::vector<std::string>& aliases);

// `latest` of a collection that lost a member, to the newest that is left.
Result<void> RestoreLatest(Tables& tables, CollectionId collection);

// Errors: kInvalidArgument naming the first that cannot be an alias.
Result<void> CheckAliases(const std::vector<std::string>& aliases);

}  // namespace regatta::tracking
