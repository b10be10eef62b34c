-- A data folder of version 5, as regatta 0.1 of 2026-11-27 wrote it (sqlite3 .dump).
PRAGMA page_size = 16384;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE entities (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  is_team INTEGER NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;
INSERT INTO entities VALUES(1,'admin',0,1795816448202481);
INSERT INTO entities VALUES(2,'ann',0,1795816448240435);
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  is_admin INTEGER NOT NULL,
  entity_id INTEGER NOT NULL REFERENCES entities(id),
  created_us INTEGER NOT NULL
) STRICT;
INSERT INTO users VALUES(1,'admin','',1,1,1795816448202481);
INSERT INTO users VALUES(2,'ann','ann@example.org',1,2,1795816448240435);
CREATE TABLE members (
  team_id INTEGER NOT NULL REFERENCES entities(id) ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  role INTEGER NOT NULL,
  PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  sha256 TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  description TEXT NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;
INSERT INTO api_keys VALUES(2,2,'deb87fabd17715bb31ad4cf4ffb9494eeb15f8d33d85b031a301c64ab3417eaa','01234567','made with the user',1795816448240550);
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
INSERT INTO projects VALUES(1,2,'digits','','','','','',2,1795816448243437,1795816448288237,3);
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
INSERT INTO runs VALUES(1,1,'first','honest-buoy-1',2,2,'','','','','','','["a","b"]','','',0,0,'',0,0,1,'',1795816448243532,1795816448283394,1795816448283394,12,'','','{"learning_rate": {"value": 0.01}, "note": {"value": "gr\u00f6\u00dfer"}}','{"loss": 0.05}');
INSERT INTO runs VALUES(2,1,'hd3ytcvx','fresh-flag-2',0,2,'','','','','','','','z8xioc3n','qg996muvip00',NULL,0,'',0,0,0,'',1795816448288237,1795816448288237,1795816448288237,0,'','','{"lr":{"value":0.1}}','{}');
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
INSERT INTO log_index VALUES(1,1,0,0,5,0,4,1795816448262400);
INSERT INTO log_index VALUES(2,1,2,0,1,9223372036854775807,-9223372036854775808,1795816448262400);
INSERT INTO log_index VALUES(3,1,3,0,1,0,0,1795816448262400);
INSERT INTO log_index VALUES(4,1,0,5,5,5,9,1795816448272435);
INSERT INTO log_index VALUES(5,1,2,5,1,9223372036854775807,-9223372036854775808,1795816448272435);
INSERT INTO log_index VALUES(6,1,3,0,1,0,0,1795816448272435);
INSERT INTO log_index VALUES(7,1,0,10,5,10,14,1795816448273425);
INSERT INTO log_index VALUES(8,1,2,10,1,9223372036854775807,-9223372036854775808,1795816448273425);
INSERT INTO log_index VALUES(9,1,3,0,1,0,0,1795816448273425);
INSERT INTO log_index VALUES(10,1,0,15,5,15,19,1795816448274144);
INSERT INTO log_index VALUES(11,1,2,15,1,9223372036854775807,-9223372036854775808,1795816448274144);
INSERT INTO log_index VALUES(12,1,3,0,1,0,0,1795816448274144);
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  payload BLOB NOT NULL
) STRICT;
INSERT INTO log VALUES(1,X'197b225f73746570223a20302c20226c6f7373223a20312e307d197b225f73746570223a20312c20226c6f7373223a20302e357d287b225f73746570223a20322c20226c6f7373223a20302e333333333333333333333333333333337d1a7b225f73746570223a20332c20226c6f7373223a20302e32357d197b225f73746570223a20342c20226c6f7373223a20302e327d');
INSERT INTO log VALUES(2,X'0765706f63682030');
INSERT INTO log VALUES(3,X'7b226c6f7373223a20302e327d');
INSERT INTO log VALUES(4,X'297b225f73746570223a20352c20226c6f7373223a20302e31363636363636363636363636363636367d297b225f73746570223a20362c20226c6f7373223a20302e31343238353731343238353731343238357d1b7b225f73746570223a20372c20226c6f7373223a20302e3132357d287b225f73746570223a20382c20226c6f7373223a20302e313131313131313131313131313131317d197b225f73746570223a20392c20226c6f7373223a20302e317d');
INSERT INTO log VALUES(5,X'0765706f63682035');
INSERT INTO log VALUES(6,X'7b226c6f7373223a20302e317d');
INSERT INTO log VALUES(7,X'2a7b225f73746570223a2031302c20226c6f7373223a20302e30393039303930393039303930393039317d2a7b225f73746570223a2031312c20226c6f7373223a20302e30383333333333333333333333333333337d2a7b225f73746570223a2031322c20226c6f7373223a20302e30373639323330373639323330373639337d2a7b225f73746570223a2031332c20226c6f7373223a20302e30373134323835373134323835373134327d2a7b225f73746570223a2031342c20226c6f7373223a20302e30363636363636363636363636363636377d');
INSERT INTO log VALUES(8,X'0865706f6368203130');
INSERT INTO log VALUES(9,X'7b226c6f7373223a20302e30363636363636363636363636363636377d');
INSERT INTO log VALUES(10,X'1d7b225f73746570223a2031352c20226c6f7373223a20302e303632357d2b7b225f73746570223a2031362c20226c6f7373223a20302e3035383832333532393431313736343730357d2a7b225f73746570223a2031372c20226c6f7373223a20302e30353535353535353535353535353535357d2a7b225f73746570223a2031382c20226c6f7373223a20302e30353236333135373839343733363834327d1b7b225f73746570223a2031392c20226c6f7373223a20302e30357d');
INSERT INTO log VALUES(11,X'0865706f6368203135');
INSERT INTO log VALUES(12,X'7b226c6f7373223a20302e30357d');
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
CREATE TABLE artifact_clients (
  client_id TEXT PRIMARY KEY,
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE artifact_blobs (
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id),
  md5 TEXT NOT NULL,
  entity_id INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (artifact_id, md5)
) STRICT, WITHOUT ROWID;
CREATE TABLE artifact_uses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  artifact_id INTEGER NOT NULL REFERENCES artifacts(id),
  use INTEGER NOT NULL,
  UNIQUE (run_id, use, artifact_id)
) STRICT;
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
INSERT INTO sweeps VALUES(1,1,'z8xioc3n','',replace('method: grid\nparameters:\n  lr: {values: [0.1, 0.2]}\n','\n',char(10)),'grid','','','',2,-8857463473258110644,2741211191124226274,2,1795816448284750,1795816448284750);
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
INSERT INTO sweep_records VALUES(1,1,'An agent took the first run.',0,1795816448286843,0,1,0,0,1,2,1,0.0,0,0,0);
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
INSERT INTO sweep_points VALUES(1,0,0,0,0,0,'{"lr":{"value":0.1}}','','',1,0,0,1,0,NULL,0,1,0,0,0,0,'Point 1 of the grid of 2.','');
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
  summary REAL, outcomes BLOB NOT NULL DEFAULT x'',
  PRIMARY KEY (sweep_id, serial)
) STRICT, WITHOUT ROWID;
INSERT INTO sweep_attempts VALUES(1,0,0,1,'hd3ytcvx','qg996muvip00',1,1,120000000,0,0,0,0,0,1,0,1795816448288237,NULL,NULL,0,0,0,'',0,0,0,0,NULL,NULL,NULL,NULL,X'');
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
INSERT INTO sweep_agents VALUES(1,0,'qg996muvip00','h-1','h',1,1,1795816448286843,1795816448288237,1,0,'',0,'');
CREATE TABLE sweep_values (
  sweep_id INTEGER NOT NULL REFERENCES sweeps(id),
  attempt INTEGER NOT NULL,
  first INTEGER NOT NULL,
  steps BLOB NOT NULL,
  numbers BLOB NOT NULL,
  PRIMARY KEY (sweep_id, attempt, first)
) STRICT, WITHOUT ROWID;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('projects',1);
INSERT INTO sqlite_sequence VALUES('runs',2);
INSERT INTO sqlite_sequence VALUES('sweeps',1);
CREATE INDEX members_by_user ON members(user_id);
CREATE INDEX api_keys_by_user ON api_keys(user_id);
CREATE INDEX runs_by_sweep ON runs(project_id, sweep_name) WHERE sweep_name <> '';
CREATE INDEX runs_alive ON runs(state) WHERE state IN (0, 1, 6);
CREATE INDEX run_files_by_blob ON run_files(sha256);
CREATE INDEX runs_by_creation ON runs(project_id, is_hidden);
CREATE INDEX artifact_collections_by_type ON artifact_collections(type_id);
CREATE INDEX artifacts_by_sequence ON artifacts(sequence_id, digest);
CREATE INDEX artifacts_by_project ON artifacts(project_id);
CREATE INDEX artifacts_by_run ON artifacts(run_id) WHERE run_id <> 0;
CREATE INDEX artifacts_mortal ON artifacts(id) WHERE state = 1 AND ttl_seconds >= 0;
CREATE INDEX artifact_clients_by_artifact ON artifact_clients(artifact_id);
CREATE INDEX artifact_aliases_by_artifact ON artifact_aliases(artifact_id);
CREATE INDEX artifact_manifests_by_artifact ON artifact_manifests(artifact_id);
CREATE INDEX artifact_manifests_by_blob ON artifact_manifests(sha256);
CREATE UNIQUE INDEX artifact_entries_by_path ON artifact_entries(artifact_id, path);
CREATE INDEX artifact_blobs_by_md5 ON artifact_blobs(entity_id, md5);
CREATE INDEX artifact_blobs_by_blob ON artifact_blobs(sha256);
CREATE INDEX artifact_uses_by_artifact ON artifact_uses(artifact_id, use);
CREATE INDEX sweep_attempts_by_point ON sweep_attempts(sweep_id, point);
CREATE INDEX sweep_attempts_leased ON sweep_attempts(sweep_id) WHERE state IN (1, 2, 3);
CREATE INDEX sweep_attempts_by_run ON sweep_attempts(sweep_id, run_id);
COMMIT;
PRAGMA user_version = 5;
