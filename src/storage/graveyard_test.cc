// Deletion: what is deleted is gone at once for everybody, and its rows follow in pieces, whatever
// happens in between.
#include "graveyard.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "graveyard_sql.h"
#include "regatta/storage/sql_store.h"
#include "regatta/sweeps/store.h"
#include "schema.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using tracking::Project;
using tracking::RunId;
using tracking::StreamAppend;
using tracking::StreamKind;
using tracking::Tables;

constexpr std::string_view kAgent = "agent0000001";

class GraveyardTest : public testing::Test {
 protected:
  GraveyardTest() {
    std::string pattern = (fs::temp_directory_path() / "regatta-grave-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Open();
    Write([&](Tables& tables) -> Result<void> {
      user_.name = "ann";
      if (auto done = tables.accounts().InsertUser(user_); !done) return done;
      doomed_ = {.entity = user_.entity, .name = "doomed"};
      if (auto done = tables.projects().Insert(doomed_); !done) return done;
      kept_ = {.entity = user_.entity, .name = "kept"};
      return tables.projects().Insert(kept_);
    });
  }
  ~GraveyardTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  void Open() {
    store_.reset();
    Result<std::unique_ptr<SqlStore>> opened = SqlStore::Open(
        {.folder = folder_, .clock = &clock_, .on_step = [this](bool) { writes_ += 1; }});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void Write(FunctionRef<Result<void>(Tables&)> work) {
    const Result<void> done = store_->Write(work);
    ASSERT_TRUE(done) << done.error().message;
  }
  template <typename Work>
  auto Read(Work work) {
    decltype(work(std::declval<const Tables&>())) answer{};
    EXPECT_TRUE(store_->Read([&](const Tables& tables) -> Result<void> {
      answer = work(tables);
      return Ok();
    }));
    return answer;
  }

  RunId MakeRun(const Project& project, const std::string& name) {
    tracking::Run run{.project = project.id,
                      .name = name,
                      .state = tracking::RunState::kRunning,
                      .heartbeat_at = clock_.Now()};
    Write([&](Tables& tables) { return tables.runs().Insert(run); });
    return run.id;
  }
  void MakeRuns(const Project& project, int count) {
    Write([&](Tables& tables) -> Result<void> {
      for (int i = 0; i < count; ++i) {
        tracking::Run run{.project = project.id, .name = fmt::format("run-{}", i)};
        if (auto done = tables.runs().Insert(run); !done) return done;
      }
      return Ok();
    });
  }
  Result<void> Log(RunId run, int pieces) {
    return store_->Write([&](Tables& tables) -> Result<void> {
      for (int i = 0; i < pieces; ++i) {
        StreamAppend append{.run = run, .at = clock_.Now()};
        append.pieces.push_back({.kind = StreamKind::kHistory, .first_line = i, .lines = {"{}"}});
        if (auto done = tables.streams().Append(append); !done) return done;
      }
      return Ok();
    });
  }
  tracking::Blob AddFile(RunId run, std::string_view content) {
    const Result<tracking::Blob> blob = store_->blobs().Put(content);
    EXPECT_TRUE(blob);
    tracking::RunFile file{.run = run, .name = std::string(content), .blob = *blob};
    Write([&](Tables& tables) { return tables.files().Put(file); });
    return *blob;
  }
  // A committed artifact that `run` made, with one file and all that may belong to it.
  tracking::Artifact MakeArtifact(const Project& project, RunId run, const std::string& name) {
    tracking::Artifact artifact{.project = project.id,
                                .state = tracking::ArtifactState::kCommitted,
                                .ttl_seconds = 60,
                                .run = run,
                                .version = 0};
    const Result<tracking::Blob> blob = store_->blobs().Put("content of " + name);
    EXPECT_TRUE(blob);
    Write([&](Tables& tables) -> Result<void> {
      tracking::ArtifactTables& artifacts = tables.artifacts();
      tracking::ArtifactType type{.project = project.id, .name = "type of " + name};
      if (auto done = artifacts.InsertType(type); !done) return done;
      tracking::ArtifactCollection collection{.project = project.id, .type = type.id, .name = name};
      if (auto done = artifacts.InsertCollection(collection); !done) return done;
      artifact.sequence = collection.id;
      if (auto done = artifacts.Insert(artifact); !done) return done;
      tracking::ArtifactMembership member{.collection = collection.id, .artifact = artifact.id};
      if (auto done = artifacts.InsertMember(member); !done) return done;
      if (auto done = artifacts.SetAlias(collection.id, "latest", artifact.id); !done) return done;
      if (auto done = artifacts.SetClient("client of " + name, artifact.id); !done) return done;
      tracking::ArtifactManifest manifest{.artifact = artifact.id, .name = "m", .blob = *blob};
      if (auto done = artifacts.InsertManifest(manifest); !done) return done;
      if (auto done = artifacts.PutEntries(
              artifact.id, {{.path = "f", .digest = blob->md5_base64, .size = blob->size}});
          !done) {
        return done;
      }
      if (auto done = artifacts.PutBlob(artifact.id, project.entity, *blob); !done) return done;
      return artifacts.AddUse(run, artifact.id, tracking::ArtifactUse::kOutput);
    });
    return artifact;
  }
  // Puts `artifact` into a portfolio of `project`.
  tracking::CollectionId Link(const Project& project, const tracking::Artifact& artifact,
                              const std::string& portfolio) {
    tracking::ArtifactCollection collection{
        .project = project.id, .name = portfolio, .is_portfolio = true};
    Write([&](Tables& tables) -> Result<void> {
      tracking::ArtifactType type{.project = project.id, .name = "type of " + portfolio};
      if (auto done = tables.artifacts().InsertType(type); !done) return done;
      collection.type = type.id;
      if (auto done = tables.artifacts().InsertCollection(collection); !done) return done;
      tracking::ArtifactMembership member{.collection = collection.id, .artifact = artifact.id};
      if (auto done = tables.artifacts().InsertMember(member); !done) return done;
      return tables.artifacts().SetAlias(collection.id, "best", artifact.id);
    });
    return collection.id;
  }
  // A sweep with a point, an attempt, an agent and values.
  sweeps::SweepId MakeSweep(const Project& project) {
    sweeps::SweepRow row{.project = project.id, .name = "sweep001", .config_text = "method: grid"};
    Write([&](Tables& tables) -> Result<void> {
      sweeps::SweepTables& sweeps = sweeps::SweepsOf(tables);
      if (auto done = sweeps.Insert(row); !done) return done;
      if (auto done = sweeps.Put(row.id, sweeps::SweepRecord{}); !done) return done;
      if (auto done = sweeps.Put(row.id, sweeps::PointRecord{}); !done) return done;
      if (auto done = sweeps.Put(row.id, sweeps::AttemptRecord{}); !done) return done;
      if (auto done = sweeps.Put(row.id, sweeps::AgentRecord{.id = std::string(kAgent)}); !done) {
        return done;
      }
      for (std::uint64_t first = 0; first < 3; ++first) {
        sweeps::ValuesRecord values{.attempt = 0, .first = first, .steps = {1}, .values = {0.5}};
        if (auto done = sweeps.Put(row.id, values); !done) return done;
      }
      return Ok();
    });
    return row.id;
  }
  void DeleteDoomed() {
    Write([&](Tables& tables) { return tables.projects().Delete(doomed_.id); });
  }
  bool IsThere(const tracking::Blob& blob) {
    return store_->blobs().Path(blob.sha256_hex).has_value();
  }
  void MaintainUntilErased() {
    for (int i = 0; i < 1'000; ++i) {
      const Result<void> done = store_->Maintain();
      ASSERT_TRUE(done) << done.error().message;
      if (CountOf("SELECT count(*) FROM runs WHERE project_id = 0") +
              CountOf("SELECT count(*) FROM projects WHERE entity_id = 0") ==
          1) {
        return;
      }
    }
    FAIL() << "it never ends";
  }
  std::int64_t CountOf(std::string_view sql) {
    const auto connection =
        *Connection::Open(DataPaths(folder_).Database(), Connection::Mode::kReadOnly);
    Statement count = connection->Prepare(sql);
    EXPECT_TRUE(count.Step());
    return count.Int(0);
  }
  void ExpectWhole() {
    store_.reset();
    const Result<FsckReport> report = Fsck(folder_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  }

  SimulatedClock clock_;
  std::string folder_;
  std::unique_ptr<SqlStore> store_;
  tracking::User user_;
  Project doomed_;
  Project kept_;
  int writes_ = 0;
};

TEST_F(GraveyardTest, ADeletedProjectIsGoneAtOnceAndItsNameIsFree) {
  const RunId run = MakeRun(doomed_, "r");
  const RunId user = MakeRun(kept_, "user");
  ASSERT_TRUE(Log(run, 1));
  const tracking::Artifact artifact = MakeArtifact(doomed_, run, "model");
  const tracking::Artifact other = MakeArtifact(kept_, user, "other");
  const tracking::CollectionId abroad = Link(kept_, artifact, "registry");
  Link(doomed_, other, "own registry");
  Write([&](Tables& tables) {
    return tables.artifacts().AddUse(user, artifact.id, tracking::ArtifactUse::kInput);
  });
  const sweeps::SweepId sweep = MakeSweep(doomed_);

  DeleteDoomed();
  Open();  // and a restart changes nothing about it

  Read([&](const Tables& tables) {
    EXPECT_FALSE(*tables.projects().Find(doomed_.id));
    EXPECT_FALSE(*tables.projects().FindByName(user_.entity, "doomed"));
    EXPECT_EQ(tables.projects().List(user_.entity)->size(), 1u);
    EXPECT_FALSE(*tables.runs().Find(run));
    EXPECT_EQ(tables.runs().ListSilent(clock_.Now() + std::chrono::hours(1))->size(), 1u);
    const tracking::ArtifactTables& artifacts = tables.artifacts();
    EXPECT_FALSE(*artifacts.Find(artifact.id));
    EXPECT_FALSE(*artifacts.FindByClient("client of model"));
    EXPECT_FALSE(*artifacts.FindCollection(artifact.sequence));
    EXPECT_TRUE(artifacts.ListMembers(abroad)->empty());
    EXPECT_TRUE(artifacts.ListAliases(abroad)->empty());
    EXPECT_EQ(artifacts.ListMemberships(other.id)->size(), 1u);
    EXPECT_EQ(artifacts.ListAliasesOf(other.id)->size(), 1u);
    EXPECT_TRUE(artifacts.ListOfRun(user, tracking::ArtifactUse::kInput)->empty());
    EXPECT_EQ(artifacts.ListMortal()->size(), 1u);
    const tracking::ArtifactFile file = *artifacts.FindFile(artifact.id, "f").value();
    EXPECT_FALSE(*artifacts.FindBlobOfEntity(user_.entity, file.entry.digest));
    EXPECT_FALSE(*sweeps::SweepsOf(tables).Find(sweep));
    EXPECT_FALSE(*sweeps::SweepsOf(tables).FindSweepOfAgent(kAgent));
    return true;
  });
  EXPECT_EQ(store_->summary().projects, 1);
  EXPECT_EQ(store_->summary().runs, 1);
  const Result<void> late = Log(run, 1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kNotFound);

  Project again{.entity = user_.entity, .name = "doomed"};
  Write([&](Tables& tables) { return tables.projects().Insert(again); });
  const RunId successor = MakeRun(again, "r");
  ASSERT_TRUE(Log(successor, 2));
  MaintainUntilErased();
  EXPECT_TRUE(Read([&](const Tables& tables) { return **tables.runs().Find(successor); }).name ==
              "r");
  EXPECT_EQ(CountOf("SELECT count(*) FROM log_index"), 2);
  ExpectWhole();
}

TEST_F(GraveyardTest, ADeletedProjectLeavesNoRowAndNoBlob) {
  const RunId run = MakeRun(doomed_, "r");
  const RunId user = MakeRun(kept_, "user");
  ASSERT_TRUE(Log(run, 3));
  const tracking::Blob file = AddFile(run, "a file");
  const tracking::Blob shared = AddFile(run, "a shared file");
  AddFile(user, "a shared file");
  const tracking::Artifact artifact = MakeArtifact(doomed_, run, "model");
  Link(kept_, artifact, "registry");
  Link(doomed_, MakeArtifact(kept_, user, "other"), "own registry");
  MakeSweep(doomed_);
  DeleteDoomed();
  clock_.Advance(std::chrono::hours(2));
  MaintainUntilErased();

  for (const char* sql :
       {"SELECT count(*) FROM projects WHERE id <> 0", "SELECT count(*) FROM runs",
        "SELECT count(*) FROM artifacts", "SELECT count(*) FROM artifact_members",
        "SELECT count(*) FROM artifact_aliases", "SELECT count(*) FROM artifact_manifests",
        "SELECT count(*) FROM artifact_entries", "SELECT count(*) FROM artifact_blobs",
        "SELECT count(*) FROM artifact_uses", "SELECT count(*) FROM artifact_clients",
        "SELECT count(*) FROM run_files"}) {
    EXPECT_EQ(CountOf(sql), 1) << sql << ": what is left is of the other project";
  }
  for (const char* table : {"log", "log_index", "sweeps", "sweep_records", "sweep_points",
                            "sweep_attempts", "sweep_agents", "sweep_values"}) {
    EXPECT_EQ(CountOf(fmt::format("SELECT count(*) FROM {}", table)), 0) << table;
  }
  EXPECT_FALSE(IsThere(file));
  EXPECT_TRUE(IsThere(shared));
  ExpectWhole();
}

TEST_F(GraveyardTest, NoWriteErasesMoreThanSomeTwoHundredRuns) {
  MakeRuns(doomed_, 1'000);
  DeleteDoomed();
  writes_ = 0;
  MaintainUntilErased();
  EXPECT_EQ(CountOf("SELECT count(*) FROM runs"), 0);
  EXPECT_GE(writes_, 5);
}

TEST_F(GraveyardTest, OneLongRunIsErasedInPiecesThatOutliveAStop) {
  const RunId run = MakeRun(doomed_, "long");
  ASSERT_TRUE(Log(run, 5'000));
  Write([&](Tables& tables) { return tables.runs().Delete(run); });
  EXPECT_FALSE(Read([&](const Tables& tables) { return *tables.runs().Find(run); }));
  store_.reset();
  {  // one piece, and then the power goes
    const auto connection =
        *Connection::Open(DataPaths(folder_).Database(), Connection::Mode::kReadWrite);
    StreamIndex index;
    for (std::int64_t id = 1; id <= 5'000; ++id) {
      index.Apply({{.log_id = id, .run = run, .kind = LogKind::kHistory, .first_line = id}});
    }
    std::int64_t next_log_id = 5'001;
    Context context;
    context.connection = context.log = connection.get();
    context.index = &index;
    context.next_log_id = &next_log_id;
    ASSERT_TRUE(connection->Execute("BEGIN"));
    ASSERT_TRUE(Graveyard(context).EraseSome());
    ASSERT_TRUE(connection->Execute("COMMIT"));
    const std::int64_t left = 5'000 - 2'000;
    EXPECT_EQ(CountOf("SELECT count(*) FROM log_index"), left);
    EXPECT_EQ(CountOf("SELECT count(*) FROM log"), left);
    // The index hears of it, and the next piece goes on behind it.
    index.Apply(context.pending);
    EXPECT_EQ(index.LogIds(run, 1), (std::vector<std::int64_t>{2'001}));
  }
  Open();
  EXPECT_EQ(store_->summary().log_pieces, 3'000);
  EXPECT_EQ(store_->summary().runs, 0);
  MaintainUntilErased();
  EXPECT_EQ(CountOf("SELECT count(*) FROM log_index"), 0);
  EXPECT_EQ(CountOf("SELECT count(*) FROM runs"), 0);
  ExpectWhole();
}

TEST_F(GraveyardTest, AnUndoneDeletionBuriesNothing) {
  const RunId run = MakeRun(doomed_, "r");
  ASSERT_FALSE(store_->Write([&](Tables& tables) -> Result<void> {
    if (auto done = tables.projects().Delete(doomed_.id); !done) return done;
    EXPECT_FALSE(*tables.runs().Find(run));
    return Conflict("on purpose");
  }));
  MaintainUntilErased();
  EXPECT_TRUE(Read([&](const Tables& tables) { return *tables.runs().Find(run); }));
  EXPECT_TRUE(Log(run, 1));
}

TEST_F(GraveyardTest, WhatADeletedRunMadeStaysAndNamesItNoMore) {
  const RunId run = MakeRun(kept_, "r");
  const tracking::Artifact artifact = MakeArtifact(kept_, run, "model");
  const tracking::Blob file = AddFile(run, "a file");
  Write([&](Tables& tables) { return tables.runs().Delete(run); });
  // Its name is free at once.
  const RunId successor = MakeRun(kept_, "r");
  clock_.Advance(std::chrono::hours(2));
  MaintainUntilErased();
  const auto found =
      Read([&](const Tables& tables) { return *tables.artifacts().Find(artifact.id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->run, RunId{});
  EXPECT_EQ(CountOf("SELECT count(*) FROM artifact_uses"), 0);
  EXPECT_FALSE(IsThere(file));
  EXPECT_TRUE(Read([&](const Tables& tables) { return *tables.runs().Find(successor); }));
  ExpectWhole();
}

TEST_F(GraveyardTest, AnAccountCanBeDeletedWhileItsProjectsAreStillBeingErased) {
  MakeRuns(doomed_, 10);
  Write([&](Tables& tables) -> Result<void> {
    for (const Project& project : {doomed_, kept_}) {
      if (auto done = tables.projects().Delete(project.id); !done) return done;
    }
    return tables.accounts().DeleteUser(user_.id);
  });
  tracking::User again{.name = "ann"};
  Write([&](Tables& tables) { return tables.accounts().InsertUser(again); });
  EXPECT_TRUE(
      Read([&](const Tables& tables) { return *tables.projects().List(again.entity); }).empty());
  EXPECT_EQ(CountOf("SELECT count(*) FROM runs"), 10);
  MaintainUntilErased();
  EXPECT_EQ(CountOf("SELECT count(*) FROM runs"), 0);
  ExpectWhole();
}

TEST_F(GraveyardTest, NobodyFindsTheGraveItself) {
  Read([&](const Tables& tables) {
    EXPECT_FALSE(*tables.accounts().FindEntity(kGraveEntity));
    EXPECT_FALSE(*tables.accounts().FindEntityByName(""));
    EXPECT_FALSE(*tables.projects().Find(kGraveProject));
    return true;
  });
  EXPECT_FALSE(store_->Write([&](Tables& tables) {
    tracking::Run run{.name = "of no project"};
    return tables.runs().Insert(run);
  }));
  EXPECT_FALSE(store_->Write([&](Tables& tables) {
    Project project{.name = "of no entity"};
    return tables.projects().Insert(project);
  }));
}

// A statement of a deletion runs once for each row that goes: one that looks through a whole table
// makes it quadratic.
TEST(GraveyardSql, FindsItsRowsByAnIndex) {
  const auto connection = *Connection::Open(":memory:", Connection::Mode::kReadWrite);
  ASSERT_TRUE(Migrate(*connection));
  std::vector<std::string_view> statements = {grave_sql::kBuryRun,   grave_sql::kIsAnyBuried,
                                              grave_sql::kProjects,  grave_sql::kRuns,
                                              grave_sql::kArtifacts, grave_sql::kSweeps};
  const auto add = [&](const auto& list) {
    statements.insert(statements.end(), list.begin(), list.end());
  };
  add(grave_sql::kBuryProject);
  add(grave_sql::kErasePiece);
  add(grave_sql::kEraseOfRun);
  add(grave_sql::kEraseOfArtifact);
  add(grave_sql::kEraseCollections);
  add(grave_sql::kEraseOfSweep);
  for (const std::string_view sql : statements) {
    Statement plan = connection->Prepare(fmt::format("EXPLAIN QUERY PLAN {}", sql));
    while (*plan.Step()) {
      const std::string_view step = plan.View(3);
      EXPECT_FALSE(step.starts_with("SCAN") && step != "SCAN CONSTANT ROW")
          << step << " in " << sql;
    }
  }
}

// Nor may the check of a foreign key: SQLite looks for children of each row that goes.
TEST(GraveyardSql, EachForeignKeyOfWhatIsErasedHasAnIndex) {
  const auto connection = *Connection::Open(":memory:", Connection::Mode::kReadWrite);
  ASSERT_TRUE(Migrate(*connection));
  Statement keys = connection->Prepare(
      "SELECT m.name, f.\"from\", f.\"table\" FROM sqlite_schema m, "
      "pragma_foreign_key_list(m.name) "
      "f WHERE m.type = 'table'");
  int checked = 0;
  while (*keys.Step()) {
    const std::string child = keys.Text(0);
    const std::string column = keys.Text(1);
    if (keys.View(2) == "entities" || keys.View(2) == "users") continue;  // few, and seldom deleted
    Statement plan = connection->Prepare(
        fmt::format("EXPLAIN QUERY PLAN SELECT 1 FROM {} WHERE {} = ?", child, column));
    while (*plan.Step()) {
      EXPECT_FALSE(plan.View(3).starts_with("SCAN")) << child << "." << column << plan.View(3);
    }
    checked += 1;
  }
  EXPECT_GT(checked, 15);
}

}  // namespace
}  // namespace regatta::storage
