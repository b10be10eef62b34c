// The store's promises: atomic writes, snapshots, streams by line number, restarts, backups, one
// owner.
#include "regatta/storage/sql_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>

#include "regatta/tracking/run_rules.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using RunRow = tracking::Run;
using tracking::RunId;
using tracking::StreamAppend;
using tracking::StreamKind;

class SqlStoreTest : public testing::Test {
 protected:
  SqlStoreTest() {
    std::string pattern = (fs::temp_directory_path() / "regatta-store-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Open();
  }
  ~SqlStoreTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  void Open() {
    Result<std::unique_ptr<SqlStore>> opened = SqlStore::Open(
        {.folder = Data(),
         .clock = &clock_,
         .on_change = [this](const auto& changes) { changes_ += static_cast<int>(changes.size()); },
         .on_rollback = [this] { rollbacks_ += 1; }});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void Reopen() {
    store_.reset();
    Open();
  }
  std::string Data() const { return folder_ + "/data"; }

  // A user with a project and one run in it.
  RunId MakeRun(const std::string& name = "r1") {
    RunId id{};
    const Result<void> done = store_->Write([&](tracking::Tables& tables) -> Result<void> {
      auto user = *tables.accounts().FindUserByName("ann");
      if (!user) {
        user = tracking::User{.name = "ann"};
        if (auto inserted = tables.accounts().InsertUser(*user); !inserted) return inserted;
      }
      auto project = *tables.projects().FindByName(user->entity, "p");
      if (!project) {
        project = tracking::Project{.entity = user->entity, .name = "p"};
        if (auto inserted = tables.projects().Insert(*project); !inserted) return inserted;
      }
      RunRow run{.project = project->id, .name = name, .tags = {"a", "b"}};
      if (auto inserted = tables.runs().Insert(run); !inserted) return inserted;
      id = run.id;
      return Ok();
    });
    EXPECT_TRUE(done) << done.error().message;
    return id;
  }

  Result<void> Append(StreamAppend append) {
    std::promise<Result<void>> promise;
    store_->AppendStreams(std::move(append),
                          [&](Result<void> outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
  }
  Result<void> AppendHistory(RunId run, std::int64_t first, std::vector<std::string> lines) {
    StreamAppend append{.run = run, .at = clock_.Now()};
    append.pieces.push_back({.kind = StreamKind::kHistory,
                             .first_line = first,
                             .lines = std::move(lines),
                             .step_min = first,
                             .step_max = first + 9});
    return Append(std::move(append));
  }
  std::vector<std::string> History(RunId run) {
    std::vector<std::string> lines;
    const Result<void> done = store_->Read([&](const tracking::Tables& tables) {
      return tables.streams().ReadLines(run, StreamKind::kHistory, 0, 1'000'000,
                                        [&](const tracking::StreamLine& line) {
                                          lines.emplace_back(line.text);
                                          return true;
                                        });
    });
    EXPECT_TRUE(done);
    return lines;
  }
  RunRow Find(RunId id) {
    RunRow found;
    EXPECT_TRUE(store_->Read([&](const tracking::Tables& tables) -> Result<void> {
      found = **tables.runs().Find(id);
      return Ok();
    }));
    return found;
  }

  SimulatedClock clock_;
  std::string folder_;
  std::unique_ptr<SqlStore> store_;
  int changes_ = 0;
  int rollbacks_ = 0;
};

TEST_F(SqlStoreTest, KeepsLinesAcrossARestart) {
  const RunId run = MakeRun();
  ASSERT_TRUE(AppendHistory(run, 0, {"{\"a\":NaN}", "{\"a\":2}"}));
  ASSERT_TRUE(AppendHistory(run, 2, {std::string(300, 'x'), ""}));
  Reopen();
  EXPECT_EQ(History(run),
            (std::vector<std::string>{"{\"a\":NaN}", "{\"a\":2}", std::string(300, 'x'), ""}));
}

TEST_F(SqlStoreTest, StoresARepeatedRequestOnce) {
  const RunId run = MakeRun();
  ASSERT_TRUE(AppendHistory(run, 0, {"a", "b", "c"}));
  ASSERT_TRUE(AppendHistory(run, 0, {"a", "b", "c"}));
  ASSERT_TRUE(AppendHistory(run, 1, {"b", "c", "d"}));
  EXPECT_EQ(History(run), (std::vector<std::string>{"a", "b", "c", "d"}));
  Reopen();
  EXPECT_EQ(History(run), (std::vector<std::string>{"a", "b", "c", "d"}));
}

// Shared mode.
TEST_F(SqlStoreTest, SeveralWritersShareAStreamAndWhatOneRepeatsIsStoredOnce) {
  const RunId run = MakeRun();
  const auto send = [&](const std::string& writer, std::int64_t first,
                        std::vector<std::string> lines) {
    StreamAppend append{.run = run, .writer = writer, .at = clock_.Now()};
    append.pieces.push_back(
        {.kind = StreamKind::kHistory, .first_line = first, .lines = std::move(lines)});
    ASSERT_TRUE(Append(std::move(append)));
  };
  send("w1", 0, {"a0", "a1"});
  send("w2", 0, {"b0"});
  send("w1", 0, {"a0", "a1"});  // its answer was lost
  EXPECT_EQ(History(run), (std::vector<std::string>{"a0", "a1", "b0"}));
  Reopen();  // the server died before it could answer
  send("w2", 0, {"b0", "b1"});
  send("w1", 1, {"a1, corrected", "a2"});
  const std::vector<std::string> all{"a0", "a1, corrected", "b0", "b1", "a2"};
  EXPECT_EQ(History(run), all);
  Reopen();
  send("w1", 0, {"a0", "a1, corrected", "a2"});
  EXPECT_EQ(History(run), all);
  // What was cut off is new again.
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) {
    return tables.streams().Truncate(run, StreamKind::kHistory, 3, 0);
  }));
  Reopen();
  send("w1", 1, {"a1", "a2"});
  EXPECT_EQ(History(run), (std::vector<std::string>{"a0", "a1", "b0", "a2"}));
  store_.reset();
  const Result<FsckReport> report = Fsck(Data());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
}

TEST_F(SqlStoreTest, TruncatesAndGoesOn) {
  const RunId run = MakeRun();
  ASSERT_TRUE(AppendHistory(run, 0, {"a", "b", "c"}));
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) {
    return tables.streams().Truncate(run, StreamKind::kHistory, 1, 0);
  }));
  ASSERT_TRUE(AppendHistory(run, 1, {"B"}));
  Reopen();
  EXPECT_EQ(History(run), (std::vector<std::string>{"a", "B"}));
}

TEST_F(SqlStoreTest, TheNewestSummaryWinsBeforeAndAfterARestart) {
  const RunId run = MakeRun();
  ASSERT_TRUE(Append({.run = run, .summary_json = "{\"loss\":2}", .at = clock_.Now()}));
  ASSERT_TRUE(Append({.run = run, .summary_json = "{\"loss\":1}", .at = clock_.Now()}));
  EXPECT_EQ(Find(run).summary_json, "{\"loss\":1}");
  Reopen();
  EXPECT_EQ(Find(run).summary_json, "{\"loss\":1}");
  ASSERT_TRUE(store_->Maintain());
  ASSERT_TRUE(Append({.run = run, .summary_json = "{\"loss\":0}", .at = clock_.Now()}));
  EXPECT_EQ(Find(run).summary_json, "{\"loss\":0}");
  ASSERT_TRUE(store_->Maintain());
  Reopen();
  EXPECT_EQ(Find(run).summary_json, "{\"loss\":0}");
}

TEST_F(SqlStoreTest, ASummaryIsNotTakenForAnOldOneAfterTheEndOfTheLogWasDeleted) {
  const RunId run = MakeRun();
  const RunId other = MakeRun("r2");
  ASSERT_TRUE(Append({.run = run, .summary_json = "{\"loss\":1}", .at = clock_.Now()}));
  ASSERT_TRUE(AppendHistory(other, 0, {"a"}));
  ASSERT_TRUE(AppendHistory(other, 1, {"b"}));
  // The row of the first run takes over everything up to the other's last piece.
  ASSERT_TRUE(store_->Write(
      [&](tracking::Tables& tables) { return tables.runs().Update(**tables.runs().Find(run)); }));
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) { return tables.runs().Delete(other); }));
  ASSERT_TRUE(store_->Maintain());
  Reopen();
  ASSERT_TRUE(Append({.run = run, .summary_json = "{\"loss\":0}", .at = clock_.Now()}));
  Reopen();
  EXPECT_EQ(Find(run).summary_json, "{\"loss\":0}");
}

TEST_F(SqlStoreTest, AFailedWriteChangesNothing) {
  const RunId run = MakeRun();
  const Result<void> done = store_->Write([&](tracking::Tables& tables) -> Result<void> {
    RunRow changed = **tables.runs().Find(run);
    changed.notes = "half";
    if (auto updated = tables.runs().Update(changed); !updated) return updated;
    StreamAppend append{.run = run, .summary_json = "{\"half\":1}"};
    if (auto appended = tables.streams().Append(append); !appended) return appended;
    return Conflict("on purpose");
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kConflict);
  EXPECT_EQ(Find(run).notes, "");
  EXPECT_EQ(Find(run).summary_json, "{}");
}

TEST_F(SqlStoreTest, AWriteThatThrowsIsUndoneAndTheWriterGoesOn) {
  const RunId run = MakeRun();
  changes_ = 0;
  const Result<void> done = store_->Write([&](tracking::Tables& tables) -> Result<void> {
    RunRow changed = **tables.runs().Find(run);
    changed.notes = "half";
    if (auto updated = tables.runs().Update(changed); !updated) return updated;
    StreamAppend append{.run = run, .summary_json = "{\"half\":1}"};
    if (auto appended = tables.streams().Append(append); !appended) return appended;
    tables.Notify({.run_name = "r1"});
    throw std::runtime_error("what a library says");
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kInternal);
  EXPECT_EQ(done.error().message.find("library"), std::string::npos);
  EXPECT_EQ(Find(run).notes, "");
  EXPECT_EQ(Find(run).summary_json, "{}");
  EXPECT_EQ(changes_, 0);
  EXPECT_EQ(rollbacks_, 1) << "what was derived from the undone rows is to be thrown away";
  ASSERT_TRUE(AppendHistory(run, 0, {"{\"_step\":0}"}));
  Reopen();
  EXPECT_EQ(Find(run).notes, "");
  EXPECT_EQ(History(run), (std::vector<std::string>{"{\"_step\":0}"}));
}

TEST_F(SqlStoreTest, AWriteThatThrowsLeavesItsNeighboursInTheCommitAlone) {
  const RunId run = MakeRun();
  std::promise<void> is_queued;
  std::promise<Result<void>> appended;
  // The writer is kept busy until all the others wait, so that one commit takes them.
  std::future<Result<void>> first = std::async(std::launch::async, [&] {
    return store_->Write([&](tracking::Tables&) -> Result<void> {
      is_queued.get_future().wait();
      return Ok();
    });
  });
  StreamAppend append{.run = run, .at = clock_.Now()};
  append.pieces.push_back({.kind = StreamKind::kHistory, .first_line = 0, .lines = {"{}"}});
  std::future<Result<void>> thrower = std::async(std::launch::async, [&] {
    return store_->Write([&](tracking::Tables&) -> Result<void> { throw 1; });
  });
  store_->AppendStreams(std::move(append),
                        [&](Result<void> outcome) { appended.set_value(std::move(outcome)); });
  is_queued.set_value();
  EXPECT_TRUE(first.get());
  EXPECT_FALSE(thrower.get());
  EXPECT_TRUE(appended.get_future().get());
  EXPECT_EQ(History(run), (std::vector<std::string>{"{}"}));
}

TEST_F(SqlStoreTest, AWriteSeesWhatItAppended) {
  const RunId run = MakeRun();
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) -> Result<void> {
    StreamAppend append{.run = run};
    append.pieces.push_back({.kind = StreamKind::kConsole, .first_line = 0, .lines = {"x", "y"}});
    if (auto appended = tables.streams().Append(append); !appended) return appended;
    EXPECT_EQ(tables.streams().Info(run)->lines(StreamKind::kConsole), 2);
    return Ok();
  }));
}

TEST_F(SqlStoreTest, DeletingARunLeavesNothingOfItInTheLog) {
  const RunId run = MakeRun();
  ASSERT_TRUE(AppendHistory(run, 0, {"a", "b"}));
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) -> Result<void> {
    for (const StreamKind kind :
         {StreamKind::kHistory, StreamKind::kEvents, StreamKind::kConsole}) {
      if (auto cut = tables.streams().Truncate(run, kind, 1, 0); !cut) return cut;
    }
    return Ok();
  }));
  Reopen();
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) { return tables.runs().Delete(run); }));
  ASSERT_TRUE(store_->Maintain());
  Reopen();
  EXPECT_EQ(store_->summary().log_pieces, 0);
}

TEST_F(SqlStoreTest, AnAppendBehindTheDeletionOfItsRunAddsNothingAndFailsAlone) {
  const RunId gone = MakeRun("gone");
  const RunId stays = MakeRun("stays");
  std::promise<Result<void>> late;
  std::promise<Result<void>> neighbour;
  const auto append_to = [&](RunId run, std::promise<Result<void>>& told) {
    StreamAppend append{.run = run, .summary_json = "{\"loss\":1}", .at = clock_.Now()};
    append.pieces.push_back(
        {.kind = StreamKind::kHistory, .lines = {"{\"_step\":0}"}, .step_min = 0, .step_max = 0});
    store_->AppendStreams(std::move(append),
                          [&](Result<void> done) { told.set_value(std::move(done)); });
  };
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) {
    // Queued while the deletion is under way, as by a client that does not know of it yet.
    append_to(gone, late);
    append_to(stays, neighbour);
    return tables.runs().Delete(gone);
  }));
  const Result<void> told = late.get_future().get();
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(neighbour.get_future().get());
  ASSERT_TRUE(store_->Maintain());
  EXPECT_EQ(History(stays).size(), 1u);
  EXPECT_TRUE(History(gone).empty());
  store_.reset();
  const Result<FsckReport> report = Fsck(Data());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
}

TEST_F(SqlStoreTest, DeletingARunDeletesItsLines) {
  const RunId run = MakeRun();
  ASSERT_TRUE(AppendHistory(run, 0, {"a"}));
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) { return tables.runs().Delete(run); }));
  ASSERT_TRUE(store_->Maintain());
  EXPECT_TRUE(History(run).empty());
  Reopen();
  EXPECT_EQ(store_->summary().log_pieces, 0);
}

TEST_F(SqlStoreTest, RunsAndTagsSurviveARestart) {
  const RunId run = MakeRun();
  Reopen();
  const RunRow found = Find(run);
  EXPECT_EQ(found.name, "r1");
  EXPECT_EQ(found.tags, (std::vector<std::string>{"a", "b"}));
}

// What somebody made names them by it: runs, keys in a log, rights that are remembered.
TEST_F(SqlStoreTest, AnIdOfSomebodyWhoIsGoneIsNotGivenAgain) {
  tracking::User first{.name = "bob"};
  tracking::User next{.name = "eve"};
  tracking::ApiKey key{.sha256_hex = "1"};
  tracking::ApiKey next_key{.sha256_hex = "2"};
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) -> Result<void> {
    if (auto done = tables.accounts().InsertUser(first); !done) return done;
    key.user = first.id;
    if (auto done = tables.accounts().InsertKey(key); !done) return done;
    return tables.accounts().DeleteUser(first.id);
  }));
  Reopen();
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) -> Result<void> {
    if (auto done = tables.accounts().InsertUser(next); !done) return done;
    next_key.user = next.id;
    return tables.accounts().InsertKey(next_key);
  }));
  EXPECT_GT(tracking::ToInt(next.id), tracking::ToInt(first.id));
  EXPECT_GT(tracking::ToInt(next.entity), tracking::ToInt(first.entity));
  EXPECT_GT(tracking::ToInt(next_key.id), tracking::ToInt(key.id));
}

TEST_F(SqlStoreTest, RefusesTheSameNameTwice) {
  MakeRun();
  const Result<void> done = store_->Write([&](tracking::Tables& tables) -> Result<void> {
    tracking::User user{.name = "ann"};
    return tables.accounts().InsertUser(user);
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kAlreadyExists);
}

TEST_F(SqlStoreTest, ManyWritersShareCommitsAndLoseNothing) {
  const RunId run = MakeRun();
  constexpr int kLines = 500;
  std::vector<std::promise<Result<void>>> promises(kLines);
  for (int i = 0; i < kLines; ++i) {
    StreamAppend append{.run = run, .at = clock_.Now()};
    append.pieces.push_back(
        {.kind = StreamKind::kHistory, .first_line = i, .lines = {std::to_string(i)}});
    store_->AppendStreams(std::move(append), [&promises, i](Result<void> outcome) {
      promises[static_cast<std::size_t>(i)].set_value(std::move(outcome));
    });
  }
  for (auto& promise : promises) ASSERT_TRUE(promise.get_future().get());
  const std::vector<std::string> lines = History(run);
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(kLines));
  EXPECT_EQ(lines[499], "499");
}

TEST_F(SqlStoreTest, ACleanStopLeavesOneFile) {
  const RunId run = MakeRun();
  ASSERT_TRUE(AppendHistory(run, 0, {"a"}));
  EXPECT_EQ(History(run).size(), 1u);  // so that there is a reader to close
  store_.reset();
  EXPECT_TRUE(fs::exists(Data() + "/regatta.db"));
  EXPECT_FALSE(fs::exists(Data() + "/regatta.db-wal"));
  EXPECT_FALSE(fs::exists(Data() + "/regatta.db-shm"));
}

TEST_F(SqlStoreTest, BackupOfAnOpenStoreRestoresToTheSameData) {
  const RunId run = MakeRun();
  ASSERT_TRUE(AppendHistory(run, 0, {"a", "b"}));
  const Result<tracking::Blob> blob = store_->blobs().Put("content");
  ASSERT_TRUE(blob);
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) {
    tracking::RunFile file{.run = run, .name = "f.txt", .blob = *blob};
    return tables.files().Put(file);
  }));
  const Result<void> saved = Backup(Data(), folder_ + "/backup");
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_FALSE(Backup(Data(), folder_ + "/backup"));
  ASSERT_TRUE(Restore(folder_ + "/backup", folder_ + "/restored"));
  const Result<FsckReport> report = Fsck(folder_ + "/restored");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  EXPECT_EQ(report->lines, 2);
  EXPECT_EQ(report->blobs, 1);
  EXPECT_FALSE(Restore(folder_ + "/backup", folder_ + "/restored"));
}

TEST_F(SqlStoreTest, ABackupWithoutTheServersSecretIsNone) {
  (void)MakeRun();
  fs::create_directories(DataPaths(Data()).Secret());  // what cannot be copied as a file
  const Result<void> failed = Backup(Data(), folder_ + "/backup");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("secret"), std::string::npos) << failed.error().message;
  EXPECT_FALSE(fs::exists(folder_ + "/backup"));
  fs::remove(DataPaths(Data()).Secret());
  ASSERT_TRUE(Backup(Data(), folder_ + "/backup"));
  fs::create_directories(DataPaths(folder_ + "/backup").Secret());
  EXPECT_FALSE(Restore(folder_ + "/backup", folder_ + "/restored"));
  EXPECT_FALSE(fs::exists(DataPaths(folder_ + "/restored").Database()));
}

TEST_F(SqlStoreTest, ABackupThatBrokeOffIsNotTakenForOne) {
  const RunId run = MakeRun();
  ASSERT_TRUE(AppendHistory(run, 0, {"a"}));
  fs::create_directories(folder_ + "/backup.partial/blobs");
  std::ofstream(folder_ + "/backup.partial/regatta.db") << "half";
  const Result<void> saved = Backup(Data(), folder_ + "/backup");
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_FALSE(fs::exists(folder_ + "/backup.partial"));
  const Result<FsckReport> report = Fsck(folder_ + "/backup");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->lines, 1);
}

TEST_F(SqlStoreTest, FsckFindsADamagedBlob) {
  const RunId run = MakeRun();
  const Result<tracking::Blob> blob = store_->blobs().Put("content");
  ASSERT_TRUE(blob);
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) {
    tracking::RunFile file{.run = run, .name = "f.txt", .blob = *blob};
    return tables.files().Put(file);
  }));
  const std::string path = *store_->blobs().Path(blob->sha256_hex);
  store_.reset();
  std::ofstream(path, std::ios::binary) << "other";
  const Result<FsckReport> report = Fsck(Data());
  ASSERT_TRUE(report);
  ASSERT_EQ(report->problems.size(), 1u);
  EXPECT_NE(report->problems[0].find("damaged"), std::string::npos);
}

TEST_F(SqlStoreTest, TellsListenersOnlyOfCommittedChanges) {
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) -> Result<void> {
    tables.Notify({.run_name = "a"});
    return Ok();
  }));
  ASSERT_FALSE(store_->Write([&](tracking::Tables& tables) -> Result<void> {
    tables.Notify({.run_name = "b"});
    return Conflict("on purpose");
  }));
  EXPECT_EQ(changes_, 1);
}

TEST_F(SqlStoreTest, ARenamedProjectIsToldOfAndItsNewNameIsOneThatANewProjectCouldHave) {
  (void)MakeRun();
  const auto rename = [&](std::string_view name) {
    changes_ = 0;
    return store_->Write([&](tracking::Tables& tables) -> Result<void> {
      const auto user = *tables.accounts().FindUserByName("ann");
      auto project = *tables.projects().FindByName(user->entity, "p");
      if (!project) return NotFound("p");
      return tracking::RenameProject(tables, *project, name, clock_.Now());
    });
  };
  ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) -> Result<void> {
    tracking::Project other{.entity = (*tables.accounts().FindUserByName("ann"))->entity,
                            .name = "taken"};
    return tables.projects().Insert(other);
  }));
  for (const char* name : {"a/b?c", "", "..", "a\nb"}) {
    const Result<void> refused = rename(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
  const Result<void> taken = rename("taken");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(taken.error().message.find("UNIQUE"), std::string::npos);
  EXPECT_EQ(changes_, 0);
  EXPECT_TRUE(rename("p"));
  EXPECT_EQ(changes_, 0) << "it has that name";
  EXPECT_TRUE(rename("new"));
  EXPECT_EQ(changes_, 1);
  EXPECT_FALSE(rename("again")) << "nothing is called p any more";
}

TEST(FolderLock, RefusesASecondOwnerAndNamesTheFirst) {
  std::string pattern = (fs::temp_directory_path() / "regatta-lock-XXXXXX").string();
  const DataPaths paths{std::string(mkdtemp(pattern.data()))};
  Result<std::unique_ptr<FolderLock>> first = FolderLock::Take(paths);
  ASSERT_TRUE(first);
  const Result<std::unique_ptr<FolderLock>> second = FolderLock::Take(paths);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos);
  first->reset();
  EXPECT_TRUE(FolderLock::Take(paths));
  fs::remove_all(paths.root);
}

}  // namespace
}  // namespace regatta::storage
