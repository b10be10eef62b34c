// What the server says of itself.
#include "resolvers.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;

namespace {

// Features whose operations work here. A name that is missing counts as off.
constexpr const char* kFeatures[] = {
    "FILESTREAM_GZIP",
    "MARK_RUN_FILES_UPLOADED",
    "SWEEPS_QUERY_FILTERING",
    "SWEEPS_LOCAL_SCHEDULER",
    "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "ARTIFACT_TAGS",
    "CLIENT_IDS",
    "UPDATE_RUN_STATE",
};

}  // namespace

void AddServerResolvers(ResolverMap& resolvers) {
  resolvers.Add("Query", "serverInfo", [](const FieldContext&) -> Result<Resolved> {
    std::vector<Resolved> features;
    for (const char* name : kFeatures) {
      features.emplace_back(Record("ServerFeature").Set("name", name).Set("isEnabled", true));
    }
    return Resolved(
        Record("ServerInfo")
            .Set("features", std::move(features))
            // High, so that no client of whatever version is told to downgrade.
            .Set("cliVersionInfo",
                 Resolved::Json(R"({"max_cli_version":"99.0.0","min_cli_version":"0.16.0"})")));
  });
  resolvers.Record("ServerInfo", {"features", "cliVersionInfo", "latestLocalVersionInfo"});
  resolvers.Record("ServerFeature", {"name", "isEnabled"});
  resolvers.Record("LatestLocalVersionInfo",
                   {"outOfDate", "latestVersionString", "versionOnThisInstanceString"});
  resolvers.Record("PageInfo", {"endCursor", "hasNextPage", "startCursor", "hasPreviousPage"});
}

}  // namespace regatta::wandb
