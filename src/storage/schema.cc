#include "schema.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "piece_checksum.h"

namespace regatta::storage {
namespace {

// Step i brings version i to version i + 1. A step that has landed is never edited.
constexpr std::array kSteps = {
    // 1: accounts, projects, runs, streams, files.
    R"sql(
CREATE TABLE entities (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  is_team INTEGER NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  is_admin INTEGER NOT NULL,
  entity_id INTEGER NOT NULL REFERENCES entities(id),
  created_us INTEGER NOT NULL
) STRICT;
CREATE TABLE members (
  team_id INTEGER NOT NULL REFERENCES entities(id) ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  role INTEGER NOT NULL,
  PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members(user_id);
CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  sha256 TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  description TEXT NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys(user_id);
CREATE TABLE projects (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  entity_id INTEGER NOT NULL REFERENCES entities(id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  access TEXT NOT NULL,
  repo TEXT NOT NULL,
  docker_image TEXT NOT NULL,
  views TEXT NOT NULL,
  creator_id INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  next_run_number INTEGER NOT NULL,
  UNIQUE (entity_id, name)
) STRICT;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  state INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  job_group TEXT NOT NULL,
  job_type TEXT NOT NULL,
  commit_hash TEXT NOT NULL,
  host TEXT NOT NULL,
  program TEXT NOT NULL,
  repo TEXT NOT NULL,
  tags TEXT NOT NULL,
  sweep_name TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  exit_code INTEGER,
  stop_requested INTEGER NOT NULL,
  stop_reason TEXT NOT NULL,
  preempting INTEGER NOT NULL,
  is_hidden INTEGER NOT NULL,
  is_started INTEGER NOT NULL,
  branch_of TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  heartbeat_us INTEGER NOT NULL,
  summary_log_id INTEGER NOT NULL,
  notes TEXT NOT NULL,
  description TEXT NOT NULL,
  config TEXT NOT NULL,
  summary TEXT NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
CREATE INDEX runs_by_sweep ON runs(project_id, sweep_name) WHERE sweep_name <> '';
CREATE INDEX runs_alive ON runs(state) WHERE state IN (0, 1, 6);
CREATE TABLE log_index (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  first_line INTEGER NOT NULL,
  line_count INTEGER NOT NULL,
  step_min INTEGER NOT NULL,
  step_max INTEGER NOT NULL,
  at_us INTEGER NOT NULL
) STRICT;
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  payload BLOB NOT NULL
) STRICT;
CREATE TABLE run_files (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  md5 TEXT NOT NULL,
  size INTEGER NOT NULL,
  mimetype TEXT NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (run_id, name)
) STRICT;
CREATE INDEX run_files_by_blob ON run_files(sha256);
)sql",
    // 2: artifacts; runs in the order of creation.
    R"sql(
CREATE INDEX runs_by_creation ON runs(project_id, is_hidden);
CREATE TABLE artifact_types (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
CREATE TABLE artifact_collections (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  type_id INTEGER NOT NULL REFERENCES artifact_types(id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  is_portfolio INTEGER NOT NULL,
  tags TEXT NOT NULL,
  next_version INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
CREATE INDEX artifact_collections_by_type ON artifact_collections(type_id);
CREATE TABLE artifacts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sequence_id INTEGER NOT NULL REFERENCES artifact_collections(id),
  project_id INTEGER NOT NULL REFERENCES projects(id),
  state INTEGER NOT NULL,
  digest TEXT NOT NULL,
  description TEXT NOT NULL,
  metadata TEXT NOT NULL,
  ttl_seconds INTEGER NOT NULL,
  history_step INTEGER,
  creator_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  distributed_id TEXT NOT NULL,
  tags TEXT NOT NULL,
  requested_aliases TEXT NOT NULL,
  version INTEGER,
  manifest_id INTEGER NOT NULL,
  size INTEGER NOT NULL,
  file_count INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
CREATE INDEX artifacts_by_sequence ON artifacts(sequence_id, digest);
CREATE INDEX artifacts_by_project ON artifacts(project_id);
CREATE INDEX artifacts_by_run ON artifacts(run_id) WHERE run_id <> 0;
CREATE INDEX artifacts_mortal ON artifacts(id) WHERE state = 1 AND ttl_seconds >= 0;
CREATE TABLE artifact_clients (
  client_id TEXT PRIMARY KEY,
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_clients_by_artifact ON artifact_clients(artifact_id);
CREATE TABLE artifact_members (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES artifact_collections(id),
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id),
  version INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  UNIQUE (collection_id, version),
  UNIQUE (artifact_id, collection_id)
) STRICT;
CREATE TABLE artifact_aliases (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES artifact_collections(id),
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id),
  alias TEXT NOT NULL,
  UNIQUE (collection_id, alias)
) STRICT;
CREATE INDEX artifact_aliases_by_artifact ON artifact_aliases(artifact_id);
CREATE TABLE artifact_manifests (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id),
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  base_id INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  md5 TEXT NOT NULL,
  size INTEGER NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX artifact_manifests_by_artifact ON artifact_manifests(artifact_id);
CREATE INDEX artifact_manifests_by_blob ON artifact_manifests(sha256);
CREATE TABLE artifact_entries (
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id),
  position INTEGER NOT NULL,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  reference TEXT NOT NULL,
  birth_artifact TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (artifact_id, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX artifact_entries_by_path ON artifact_entries(artifact_id, path);
CREATE TABLE artifact_blobs (
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id),
  md5 TEXT NOT NULL,
  entity_id INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (artifact_id, md5)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_blobs_by_md5 ON artifact_blobs(entity_id, md5);
CREATE INDEX artifact_blobs_by_blob ON artifact_blobs(sha256);
CREATE TABLE artifact_uses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id),
  use INTEGER NOT NULL,
  UNIQUE (run_id, use, artifact_id)
) STRICT;
CREATE INDEX artifact_uses_by_artifact ON artifact_uses(artifact_id, use);
)sql",
    // 3: sweeps.
    R"sql(
CREATE TABLE sweeps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  config TEXT NOT NULL,
  method TEXT NOT NULL,
  description TEXT NOT NULL,
  controller TEXT NOT NULL,
  controller_run_name TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  run_id_salt INTEGER NOT NULL,
  runs_expected INTEGER,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
CREATE TABLE sweep_records (
  sweep_id INTEGER PRIMARY KEY REFERENCES sweeps(id),
  state INTEGER NOT NULL,
  why TEXT NOT NULL,
  time_us INTEGER NOT NULL,
  clock_us INTEGER,
  started_us INTEGER,
  grid_next INTEGER NOT NULL,
  search_next INTEGER NOT NULL,
  initial_next INTEGER NOT NULL,
  queue_next INTEGER NOT NULL,
  token_next INTEGER NOT NULL,
  attempts_issued INTEGER NOT NULL,
  gpu_seconds_ended REAL NOT NULL,
  is_source_exhausted INTEGER NOT NULL,
  is_controller_done INTEGER NOT NULL,
  is_target_reached INTEGER NOT NULL
) STRICT;
CREATE TABLE sweep_points (
  sweep_id INTEGER NOT NULL REFERENCES sweeps(id),
  number INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  grid_index INTEGER,
  same_as INTEGER NOT NULL,
  repetition INTEGER NOT NULL,
  args TEXT NOT NULL,
  schedule_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  state INTEGER NOT NULL,
  queue_rank INTEGER NOT NULL,
  queue_order INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  attempt INTEGER,
  result INTEGER,
  ended_order INTEGER NOT NULL,
  is_counted INTEGER NOT NULL,
  is_returned INTEGER NOT NULL,
  lost INTEGER NOT NULL,
  oom INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  why TEXT NOT NULL,
  ended_why TEXT NOT NULL,
  PRIMARY KEY (sweep_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE sweep_attempts (
  sweep_id INTEGER NOT NULL REFERENCES sweeps(id),
  serial INTEGER NOT NULL,
  point INTEGER NOT NULL,
  number INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  state INTEGER NOT NULL,
  token INTEGER NOT NULL,
  lease_until_us INTEGER NOT NULL,
  is_acknowledged INTEGER NOT NULL,
  is_gone INTEGER NOT NULL,
  is_late INTEGER NOT NULL,
  commands_lost INTEGER NOT NULL,
  resumes INTEGER NOT NULL,
  gpus INTEGER NOT NULL,
  started_us INTEGER,
  offered_us INTEGER,
  ended_us INTEGER,
  exit_code INTEGER,
  stop INTEGER NOT NULL,
  cause INTEGER NOT NULL,
  is_quick_failure INTEGER NOT NULL,
  why TEXT NOT NULL,
  has_summary INTEGER NOT NULL,
  lines_seen INTEGER NOT NULL,
  value_count INTEGER NOT NULL,
  invalid_count INTEGER NOT NULL,
  best REAL,
  worst REAL,
  last REAL,
  summary REAL,
  PRIMARY KEY (sweep_id, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_attempts_by_point ON sweep_attempts(sweep_id, point);
CREATE INDEX sweep_attempts_leased ON sweep_attempts(sweep_id) WHERE state IN (1, 2, 3);
CREATE TABLE sweep_agents (
  sweep_id INTEGER NOT NULL REFERENCES sweeps(id),
  number INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  host TEXT NOT NULL,
  slots INTEGER NOT NULL,
  gpus INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  heartbeat_us INTEGER NOT NULL,
  runs_total INTEGER NOT NULL,
  failure_streak INTEGER NOT NULL,
  streak_attempts TEXT NOT NULL,
  is_quarantined INTEGER NOT NULL,
  quarantine_why TEXT NOT NULL,
  PRIMARY KEY (sweep_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE sweep_values (
  sweep_id INTEGER NOT NULL REFERENCES sweeps(id),
  attempt INTEGER NOT NULL,
  first INTEGER NOT NULL,
  steps BLOB NOT NULL,
  numbers BLOB NOT NULL,
  PRIMARY KEY (sweep_id, attempt, first)
) STRICT, WITHOUT ROWID;
)sql",
    // 4: the point of a run, for the reason that a run was given.
    R"sql(
CREATE INDEX sweep_attempts_by_run ON sweep_attempts(sweep_id, run_id);
)sql",
    // 5: outcomes of sweeps with several metrics.
    R"sql(
ALTER TABLE sweep_attempts ADD COLUMN outcomes BLOB NOT NULL DEFAULT x'';
)sql",
    // 6: a checksum for each piece of the log; cuts and pieces of streams whose run is gone are
    // gone.
    R"sql(
ALTER TABLE log_index ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
DELETE FROM log_index WHERE run_id NOT IN (SELECT id FROM runs);
DELETE FROM log WHERE id NOT IN (SELECT id FROM log_index);
UPDATE log_index SET checksum = piece_checksum(id, run_id, kind, first_line, line_count, step_min,
  step_max, at_us, (SELECT payload FROM log WHERE log.id = log_index.id));
)sql",
    // 7: a collection without a description is not one with an empty description.
    R"sql(
ALTER TABLE artifact_collections ADD COLUMN is_described INTEGER NOT NULL DEFAULT 0;
UPDATE artifact_collections SET is_described = 1 WHERE description <> '';
)sql",
    // 8: the facts of an early stop beside its sentence. Of earlier stops there is the sentence
    // alone.
    R"sql(
ALTER TABLE sweep_attempts ADD COLUMN stop_rule TEXT NOT NULL DEFAULT '';
ALTER TABLE sweep_attempts ADD COLUMN stop_rung INTEGER;
ALTER TABLE sweep_attempts ADD COLUMN stop_value REAL;
ALTER TABLE sweep_attempts ADD COLUMN stop_threshold REAL;
)sql",
    // 9: attempts that a rule would have stopped and let run on, to be tested by them.
    R"sql(
ALTER TABLE sweep_attempts ADD COLUMN is_stop_audit INTEGER NOT NULL DEFAULT 0;
)sql",
    // 10: the owners of what is being deleted.
    R"sql(
INSERT INTO entities (id, name, is_team, created_us) VALUES (0, '', 1, 0);
INSERT INTO projects (id, entity_id, name, description, access, repo, docker_image, views,
  creator_id, created_us, updated_us, next_run_number) VALUES (0, 0, '', '', '', '', '', '', 0, 0, 0,
  0);
)sql",
    // 11: which lines of its own a writer in shared mode has sent. Of earlier ones nothing is
    // known.
    R"sql(
CREATE TABLE log_writers (
  id INTEGER PRIMARY KEY,
  writer INTEGER NOT NULL,
  first_line INTEGER NOT NULL
) STRICT;
)sql",
    // 12: the last id of users, entities and keys, so that none is given again: what somebody who
    // is gone has made still names them.
    R"sql(
CREATE TABLE account_ids (last INTEGER NOT NULL) STRICT;
INSERT INTO account_ids SELECT max(ifnull(id, 0)) FROM (
  SELECT max(id) AS id FROM users UNION ALL SELECT max(id) FROM entities
  UNION ALL SELECT max(id) FROM api_keys UNION ALL SELECT max(creator_id) FROM projects
  UNION ALL SELECT max(user_id) FROM runs UNION ALL SELECT max(creator_id) FROM artifacts
  UNION ALL SELECT max(user_id) FROM sweeps);
)sql",
};

}  // namespace

std::int64_t SchemaVersion() { return static_cast<std::int64_t>(kSteps.size()); }

Result<std::int64_t> StoredVersion(Connection& connection) {
  Statement statement = connection.Prepare("PRAGMA user_version");
  const Result<bool> row = statement.Step();
  if (!row) return row.error();
  return statement.Int(0);
}

Error NewerData(std::int64_t version) {
  return FailedPrecondition(fmt::format(
      "the data folder was written by a newer regatta (data version {}, this program knows {}): "
      "start the newer program, or restore a backup made before the upgrade",
      version, SchemaVersion()));
}

Error UnknownData(Connection& connection, std::int64_t version) {
  const char* file = sqlite3_db_filename(connection.raw(), "main");
  const std::filesystem::path path = file == nullptr ? "" : file;
  return FailedPrecondition(fmt::format(
      "the database of data folder {} says that it is of data version {}, which no regatta writes: "
      "{} was emptied or is damaged; make a new folder from a backup with `regatta restore`",
      path.parent_path().string(), version, path.filename().string()));
}

Result<void> Migrate(Connection& connection) { return MigrateTo(connection, SchemaVersion()); }

Result<void> MigrateTo(Connection& connection, std::int64_t target) {
  Check(target >= 0 && target <= SchemaVersion(), "no such data version");
  const Result<std::int64_t> stored = StoredVersion(connection);
  if (!stored) return stored.error();
  if (*stored > SchemaVersion()) {
    return NewerData(*stored);
  }
  if (*stored <= 0) {
    Statement tables = connection.Prepare("SELECT 1 FROM sqlite_schema LIMIT 1");
    const Result<bool> has_any = tables.Step();
    if (!has_any) return has_any.error();
    if (*stored < 0 || *has_any) return UnknownData(connection, *stored);
  }
  if (*stored >= target) return Ok();
  if (Result<void> added = AddPieceChecksumFunction(connection.raw()); !added) return added;
  if (Result<void> begun = connection.Execute("BEGIN IMMEDIATE"); !begun) return begun;
  for (std::int64_t version = *stored; version < target; ++version) {
    Result<void> done = connection.Execute(kSteps[static_cast<std::size_t>(version)]);
    if (!done) {
      (void)connection.Execute("ROLLBACK");
      return WithContext(fmt::format("migration to data version {}", version + 1), done.error());
    }
  }
  const std::string set_version = fmt::format("PRAGMA user_version = {}", target);
  if (Result<void> set = connection.Execute(set_version.c_str()); !set) {
    (void)connection.Execute("ROLLBACK");
    return set;
  }
  return connection.Execute("COMMIT");
}

}  // namespace regatta::storage
