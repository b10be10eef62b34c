// Data of every older version come along: each is made as that program would have made it, filled,
// and opened by this one.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "regatta/storage/sql_store.h"
#include "schema.h"
#include "sqlite.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;

// A run with three lines in two pieces, a summary that its row does not hold yet, and the cut of a
// run that was deleted. Of tables and columns that version 1 has already.
constexpr const char* kFilled = R"sql(
INSERT INTO entities VALUES (1, 'ann', 0, 5);
INSERT INTO users VALUES (1, 'ann', 'ann@example.org', 1, 1, 5);
INSERT INTO projects (id, entity_id, name, description, access, repo, docker_image, views,
  creator_id, created_us, updated_us, next_run_number)
  VALUES (1, 1, 'p', '', 'PRIVATE', '', '', '', 1, 5, 5, 2);
INSERT INTO runs (id, project_id, name, display_name, state, user_id, job_group, job_type,
  commit_hash, host, program, repo, tags, sweep_name, agent_id, exit_code, stop_requested,
  stop_reason, preempting, is_hidden, is_started, branch_of, created_us, updated_us, heartbeat_us,
  summary_log_id, notes, description, config, summary)
  VALUES (1, 1, 'r', 'sunny-sail-1', 2, 1, '', '', '', '', '', '', '[]', '', '', 0, 0, '', 0, 0, 1,
  '', 5, 5, 5, 0, '', '', '{"lr":1}', '{}');
INSERT INTO log_index (id, run_id, kind, first_line, line_count, step_min, step_max, at_us)
  VALUES (1, 1, 0, 0, 2, 0, 1, 5);
INSERT INTO log VALUES (1, x'036F6E650374776F');
INSERT INTO log_index (id, run_id, kind, first_line, line_count, step_min, step_max, at_us)
  VALUES (2, 1, 0, 2, 1, 2, 2, 6);
INSERT INTO log VALUES (2, x'057468726565');
INSERT INTO log_index (id, run_id, kind, first_line, line_count, step_min, step_max, at_us)
  VALUES (3, 1, 3, 0, 1, 0, 0, 7);
INSERT INTO log VALUES (3, CAST('{"best":3}' AS BLOB));
INSERT INTO log_index (id, run_id, kind, first_line, line_count, step_min, step_max, at_us)
  VALUES (4, 77, 4, 0, 0, 1, 0, 8);
)sql";

// What a program of version 6 or later would have written beside: checksums, and no cuts of runs
// that are gone.
constexpr const char* kSince6 = R"sql(
DELETE FROM log_index WHERE run_id NOT IN (SELECT id FROM runs);
UPDATE log_index SET checksum = piece_checksum(id, run_id, kind, first_line, line_count, step_min,
  step_max, at_us, (SELECT payload FROM log WHERE log.id = log_index.id));
)sql";

// Two collections, of tables that version 2 has.
constexpr const char* kSince2 = R"sql(
INSERT INTO artifact_types (id, project_id, name, description, created_us)
  VALUES (1, 1, 'dataset', '', 5);
INSERT INTO artifact_collections (project_id, type_id, name, description, is_portfolio, tags,
  next_version, created_us, updated_us)
  VALUES (1, 1, 'told', 'what it is', 0, '', 0, 5, 5), (1, 1, 'silent', '', 0, '', 0, 5, 5);
)sql";

// What a program of version 7 or later would have written beside.
constexpr const char* kSince7 =
    "UPDATE artifact_collections SET is_described = 1 WHERE description <> ''";

class Migration : public testing::TestWithParam<std::int64_t> {
 protected:
  Migration() {
    std::string pattern = (fs::temp_directory_path() / "regatta-migration-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    fs::create_directories(data());
    const auto old = *Connection::Open(DataPaths(data()).Database(), Connection::Mode::kReadWrite);
    EXPECT_TRUE(old->Execute("PRAGMA page_size = 16384; PRAGMA journal_mode = WAL"));
    EXPECT_TRUE(MigrateTo(*old, GetParam()));
    EXPECT_TRUE(old->Execute(kFilled));
    if (GetParam() >= 2) EXPECT_TRUE(old->Execute(kSince2));
    if (GetParam() >= 6) EXPECT_TRUE(old->Execute(kSince6));
    if (GetParam() >= 7) EXPECT_TRUE(old->Execute(kSince7));
  }
  ~Migration() override { fs::remove_all(folder_); }
  std::string data() const { return folder_ + "/data"; }

  SimulatedClock clock_;
  std::string folder_;
};

void ExpectWhole(const std::string& folder) {
  const Result<FsckReport> report = Fsck(folder);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  EXPECT_EQ(report->lines, 3);
}

TEST_P(Migration, KeepsEverythingAndABackupOfBefore) {
  ExpectWhole(data());
  std::string backup;
  {
    const Result<std::unique_ptr<SqlStore>> store =
        SqlStore::Open({.folder = data(), .clock = &clock_});
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ((*store)->summary().migrated_from, GetParam());
    backup = (*store)->summary().backup;
    std::vector<std::string> lines;
    std::string summary;
    ASSERT_TRUE((*store)->Read([&](const tracking::Tables& tables) -> Result<void> {
      const auto run = tables.runs().Find(tracking::RunId{1});
      if (!run) return run.error();
      summary = (*run)->summary_json;
      return tables.streams().ReadLines(tracking::RunId{1}, tracking::StreamKind::kHistory, 0, 100,
                                        [&](const tracking::StreamLine& line) {
                                          lines.emplace_back(line.text);
                                          return true;
                                        });
    }));
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
    EXPECT_EQ(summary, R"({"best":3})");
  }
  ExpectWhole(data());
  ExpectWhole(backup);
  const auto before = *Connection::Open(DataPaths(backup).Database(), Connection::Mode::kReadOnly);
  EXPECT_EQ(*StoredVersion(*before), GetParam());
  const Result<std::unique_ptr<SqlStore>> again =
      SqlStore::Open({.folder = data(), .clock = &clock_});
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->summary().migrated_from, 0) << "it is done once";
}

// A run could be deleted while an append to it was on its way: older programs kept those pieces.
TEST_P(Migration, NeverGivesTheNumberOfAPieceThatWasLeftBehindAgain) {
  {
    const auto old = *Connection::Open(DataPaths(data()).Database(), Connection::Mode::kReadWrite);
    ASSERT_TRUE(old->Execute("INSERT INTO log VALUES (5, x'036F6E65')"));
    if (GetParam() < 6) {
      ASSERT_TRUE(
          old->Execute("INSERT INTO log_index (id, run_id, kind, first_line, line_count, step_min, "
                       "step_max, at_us) VALUES (5, 77, 0, 0, 1, 0, 0, 9)"));
    }
  }
  {
    const Result<std::unique_ptr<SqlStore>> store =
        SqlStore::Open({.folder = data(), .clock = &clock_});
    ASSERT_TRUE(store) << store.error().message;
    const Result<void> appended = (*store)->Write([&](tracking::Tables& tables) {
      tracking::StreamAppend append{.run = tracking::RunId{1}, .at = clock_.Now()};
      for (std::int64_t line = 3; line < 6; ++line) {
        append.pieces.push_back({.kind = tracking::StreamKind::kHistory,
                                 .first_line = line,
                                 .lines = {"more"},
                                 .step_min = line,
                                 .step_max = line});
      }
      return tables.streams().Append(append);
    });
    EXPECT_TRUE(appended) << appended.error().message;
  }
  const Result<FsckReport> report = Fsck(data());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->lines, 6);
  if (GetParam() < 6) EXPECT_TRUE(report->problems.empty()) << report->problems.front();
}

TEST_P(Migration, TakesAnEmptyDescriptionForNone) {
  if (GetParam() < 2) return;  // there were no artifacts
  const Result<std::unique_ptr<SqlStore>> store =
      SqlStore::Open({.folder = data(), .clock = &clock_});
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_TRUE((*store)->Read([&](const tracking::Tables& tables) -> Result<void> {
    const auto told = tables.artifacts().FindCollectionByName(tracking::ProjectId{1}, "told");
    if (!told) return told.error();
    const auto silent = tables.artifacts().FindCollectionByName(tracking::ProjectId{1}, "silent");
    if (!silent) return silent.error();
    EXPECT_EQ((*told)->description, "what it is");
    EXPECT_EQ((*silent)->description, std::nullopt);
    return Ok();
  }));
}

TEST_P(Migration, IsNotBegunWithoutItsBackup) {
  std::ofstream(DataPaths(data()).Backups()) << "a file where the folder of backups has to be";
  EXPECT_FALSE(SqlStore::Open({.folder = data(), .clock = &clock_}));
  const auto unchanged =
      *Connection::Open(DataPaths(data()).Database(), Connection::Mode::kReadOnly);
  EXPECT_EQ(*StoredVersion(*unchanged), GetParam());
}

TEST_P(Migration, LeavesABackupOfTheDataAsTheyAreNowAndNotOfAnEarlierAttempt) {
  const std::string name =
      DataPaths(data()).Backups() + "/before-version-" + std::to_string(SchemaVersion());
  fs::create_directories(name);
  std::ofstream(name + "/stale") << "what an attempt left that failed";
  const Result<std::unique_ptr<SqlStore>> store =
      SqlStore::Open({.folder = data(), .clock = &clock_});
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->summary().backup, name);
  ExpectWhole(name);
  EXPECT_FALSE(fs::exists(name + "/stale"));
  EXPECT_TRUE(fs::exists(name + ".earlier/stale"));
}

// Older programs gave the id of a deleted user to the next one, with all that still named it.
TEST_P(Migration, AnIdThatAnOldRunStillNamesIsGivenToNobody) {
  {
    const auto old = *Connection::Open(DataPaths(data()).Database(), Connection::Mode::kReadWrite);
    ASSERT_TRUE(old->Execute("UPDATE runs SET user_id = 1000"));
    if (GetParam() >= 12) ASSERT_TRUE(old->Execute("UPDATE account_ids SET last = 1000"));
  }
  const Result<std::unique_ptr<SqlStore>> store =
      SqlStore::Open({.folder = data(), .clock = &clock_});
  ASSERT_TRUE(store) << store.error().message;
  tracking::User user{.name = "bob"};
  ASSERT_TRUE((*store)->Write(
      [&](tracking::Tables& tables) { return tables.accounts().InsertUser(user); }));
  EXPECT_GT(tracking::ToInt(user.id), 1000);
}

INSTANTIATE_TEST_SUITE_P(FromVersion, Migration, testing::Range(std::int64_t{1}, SchemaVersion()));

}  // namespace
}  // namespace regatta::storage
