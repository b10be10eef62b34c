// The statements of Graveyard, where a test can read them: each has to find its rows by an index.
#pragma once

#include <array>
#include <string_view>

namespace regatta::storage::grave_sql {

// ?1 is the run. Its name among the buried is its id.
inline constexpr std::string_view kBuryRun =
    "UPDATE runs SET project_id = 0, name = CAST(id AS TEXT), sweep_name = '' WHERE id = ?1";

// ?1 is the project.
inline constexpr std::array<std::string_view, 5> kBuryProject = {
    // Its artifacts in the portfolios of others, ...
    "DELETE FROM artifact_aliases WHERE artifact_id IN (SELECT id FROM artifacts WHERE project_id "
    "= ?1) AND (SELECT project_id FROM artifact_collections c WHERE c.id = collection_id) <> ?1",
    "DELETE FROM artifact_members WHERE artifact_id IN (SELECT id FROM artifacts WHERE project_id "
    "= ?1) AND (SELECT project_id FROM artifact_collections c WHERE c.id = collection_id) <> ?1",
    // ... and others' in its own.
    "DELETE FROM artifact_aliases WHERE collection_id IN (SELECT id FROM artifact_collections "
    "WHERE project_id = ?1 AND is_portfolio = 1)",
    "DELETE FROM artifact_members WHERE collection_id IN (SELECT id FROM artifact_collections "
    "WHERE project_id = ?1 AND is_portfolio = 1)",
    "UPDATE projects SET entity_id = 0, name = CAST(id AS TEXT) WHERE id = ?1"};

inline constexpr std::string_view kIsAnyBuried =
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM runs WHERE project_id = 0) OR "
    "EXISTS (SELECT 1 FROM projects WHERE entity_id = 0 AND id <> 0)";

// Ids of what ?1 owns, at most ?2.
inline constexpr std::string_view kProjects =
    "SELECT id FROM projects WHERE entity_id = ?1 AND id <> 0 LIMIT ?2";
inline constexpr std::string_view kRuns = "SELECT id FROM runs WHERE project_id = ?1 LIMIT ?2";
inline constexpr std::string_view kArtifacts =
    "SELECT id FROM artifacts WHERE project_id = ?1 LIMIT ?2";
inline constexpr std::string_view kSweeps = "SELECT id FROM sweeps WHERE project_id = ?1 LIMIT ?2";

// ?1 is the piece.
inline constexpr std::array<std::string_view, 3> kErasePiece = {
    "DELETE FROM log WHERE id = ?1", "DELETE FROM log_writers WHERE id = ?1",
    "DELETE FROM log_index WHERE id = ?1"};

// All below: ?1 is the owner, ?2 the number of rows at most. Where a row names a blob, that is what
// it answers.

inline constexpr std::array<std::string_view, 3> kEraseOfRun = {
    "DELETE FROM run_files WHERE id IN (SELECT id FROM run_files WHERE run_id = ?1 LIMIT ?2) "
    "RETURNING sha256",
    "DELETE FROM artifact_uses WHERE id IN (SELECT id FROM artifact_uses WHERE run_id = ?1 LIMIT "
    "?2) RETURNING 1",
    // The index is partial, and serves only who repeats its condition.
    "UPDATE artifacts SET run_id = 0 WHERE id IN (SELECT id FROM artifacts WHERE run_id = ?1 AND "
    "run_id <> 0 LIMIT ?2) RETURNING 1"};

inline constexpr std::array<std::string_view, 7> kEraseOfArtifact = {
    "DELETE FROM artifact_aliases WHERE id IN (SELECT id FROM artifact_aliases WHERE artifact_id = "
    "?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM artifact_members WHERE id IN (SELECT id FROM artifact_members WHERE artifact_id = "
    "?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM artifact_manifests WHERE id IN (SELECT id FROM artifact_manifests WHERE "
    "artifact_id = ?1 LIMIT ?2) RETURNING nullif(sha256, '')",
    "DELETE FROM artifact_entries WHERE artifact_id = ?1 AND position IN (SELECT position FROM "
    "artifact_entries WHERE artifact_id = ?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM artifact_blobs WHERE artifact_id = ?1 AND md5 IN (SELECT md5 FROM artifact_blobs "
    "WHERE artifact_id = ?1 LIMIT ?2) RETURNING sha256",
    "DELETE FROM artifact_clients WHERE client_id IN (SELECT client_id FROM artifact_clients WHERE "
    "artifact_id = ?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM artifact_uses WHERE id IN (SELECT id FROM artifact_uses WHERE artifact_id = ?1 "
    "LIMIT ?2) RETURNING 1"};

// ?1 is the project, whose artifacts are gone.
inline constexpr std::array<std::string_view, 4> kEraseCollections = {
    "DELETE FROM artifact_aliases WHERE id IN (SELECT a.id FROM artifact_collections c CROSS JOIN "
    "artifact_aliases a ON a.collection_id = c.id WHERE c.project_id = ?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM artifact_members WHERE id IN (SELECT m.id FROM artifact_collections c CROSS JOIN "
    "artifact_members m ON m.collection_id = c.id WHERE c.project_id = ?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM artifact_collections WHERE id IN (SELECT id FROM artifact_collections WHERE "
    "project_id = ?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM artifact_types WHERE id IN (SELECT id FROM artifact_types WHERE project_id = ?1 "
    "LIMIT ?2) RETURNING 1"};

inline constexpr std::array<std::string_view, 5> kEraseOfSweep = {
    // Several rows an attempt.
    "DELETE FROM sweep_values WHERE sweep_id = ?1 AND attempt IN (SELECT DISTINCT attempt FROM "
    "sweep_values WHERE sweep_id = ?1 LIMIT 1 + ?2 / 20) RETURNING 1",
    "DELETE FROM sweep_attempts WHERE sweep_id = ?1 AND serial IN (SELECT serial FROM "
    "sweep_attempts WHERE sweep_id = ?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM sweep_points WHERE sweep_id = ?1 AND number IN (SELECT number FROM sweep_points "
    "WHERE sweep_id = ?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM sweep_agents WHERE sweep_id = ?1 AND number IN (SELECT number FROM sweep_agents "
    "WHERE sweep_id = ?1 LIMIT ?2) RETURNING 1",
    "DELETE FROM sweep_records WHERE sweep_id = ?1 AND ?2 > 0 RETURNING 1"};

}  // namespace regatta::storage::grave_sql
