// What was answered stays, whatever the disk does: calls that fail, and power that goes.
//
// The store runs on a disk that fails at every possible call, or whose power is cut after every
// single operation, and is then read back. Nothing answered may be missing, nothing may be there
// twice, and what was refused is either absent or whole.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "fault_vfs.h"
#include "regatta/storage/sql_store.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using tracking::RunId;
using tracking::StreamAppend;
using tracking::StreamKind;

// In memory where there is such a folder: these tests make thousands of stores.
std::string TestRoot() {
  std::error_code error;
  const fs::path memory("/dev/shm");
  const fs::path root = fs::is_directory(memory, error) ? memory : fs::temp_directory_path();
  std::string pattern = (root / "regatta-disk-XXXXXX").string();
  const char* made = mkdtemp(pattern.data());
  return made != nullptr ? made : "";
}

std::string LineText(std::int64_t line) {
  return fmt::format("{{\"_step\":{},\"text\":\"{}\"}}", line, std::string(50, 'x'));
}

// A store with one run, driven as a client would: pieces by line number, resent until answered.
class Streamed {
 public:
  // `vfs` may be empty. The checkpoints come often, so that they are part of what is tried.
  explicit Streamed(const std::string& folder, const std::string& vfs = {}) {
    opened_ = SqlStore::Open(
        {.folder = folder, .clock = &clock_, .vfs = vfs, .checkpoint_frames = kCheckpointFrames});
  }

  bool is_open() const { return opened_.has_value(); }
  std::string problem() const { return opened_ ? "" : opened_.error().message; }
  SqlStore& store() { return **opened_; }
  RunId run() const { return run_; }

  Result<void> MakeRun(const std::string& name = "r") {
    return store().Write([&](tracking::Tables& tables) -> Result<void> {
      const auto known = tables.accounts().FindUserByName("ann");
      if (!known) return known.error();
      tracking::User user = *known ? **known : tracking::User{.name = "ann"};
      if (!*known) {
        if (auto inserted = tables.accounts().InsertUser(user); !inserted) return inserted;
      }
      const auto old = tables.projects().FindByName(user.entity, "p");
      if (!old) return old.error();
      tracking::Project project =
          *old ? **old : tracking::Project{.entity = user.entity, .name = "p"};
      if (!*old) {
        if (auto inserted = tables.projects().Insert(project); !inserted) return inserted;
      }
      tracking::Run row{.project = project.id, .name = name};
      if (auto inserted = tables.runs().Insert(row); !inserted) return inserted;
      run_ = row.id;
      return Ok();
    });
  }

  // Finds the run that an earlier store made; false if it is not there.
  bool FindRun() {
    bool found = false;
    const Result<void> done = store().Read([&](const tracking::Tables& tables) -> Result<void> {
      const auto user = tables.accounts().FindUserByName("ann");
      if (!user) return user.error();
      if (!*user) return Ok();
      const auto project = tables.projects().FindByName((*user)->entity, "p");
      if (!project) return project.error();
      if (!*project) return Ok();
      const auto run = tables.runs().FindByName((*project)->id, "r");
      if (!run) return run.error();
      found = run->has_value();
      if (found) run_ = (*run)->id;
      return Ok();
    });
    EXPECT_TRUE(done) << done.error().message;
    return found;
  }

  Result<void> Append(std::int64_t first, std::int64_t count) {
    StreamAppend append{.run = run_,
                        .summary_json = fmt::format("{{\"lines\":{}}}", first + count),
                        .at = clock_.Now()};
    tracking::StreamLines piece{.kind = StreamKind::kHistory,
                                .first_line = first,
                                .step_min = first,
                                .step_max = first + count - 1};
    for (std::int64_t line = first; line < first + count; ++line) {
      piece.lines.push_back(LineText(line));
    }
    append.pieces.push_back(std::move(piece));
    std::promise<Result<void>> promise;
    store().AppendStreams(std::move(append),
                          [&](Result<void> outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
  }

  // The number of lines, each of which was seen to be the one that was sent as such.
  std::int64_t CountLines() {
    std::int64_t next = 0;
    const Result<void> done = store().Read([&](const tracking::Tables& tables) {
      return tables.streams().ReadLines(run_, StreamKind::kHistory, 0, 1'000'000,
                                        [&](const tracking::StreamLine& line) {
                                          EXPECT_EQ(line.number, next);
                                          EXPECT_EQ(line.text, LineText(line.number));
                                          next += 1;
                                          return true;
                                        });
    });
    EXPECT_TRUE(done) << done.error().message;
    return next;
  }

 private:
  static constexpr int kCheckpointFrames = 12;

  SimulatedClock clock_;
  Result<std::unique_ptr<SqlStore>> opened_ = Internal("not open");
  RunId run_{};
};

class FailingDisk : public testing::Test {
 protected:
  FailingDisk() : root_(TestRoot()) {}
  ~FailingDisk() override { fs::remove_all(root_); }
  std::string NewFolder() { return fmt::format("{}/{}", root_, next_++); }

  // Streams pieces while `fault` strikes, and tells what must hold whatever it does.
  void StreamThrough(const DiskFault& fault);

  const std::string root_;
  int next_ = 0;
  std::int64_t refused_ = 0;
};

void FailingDisk::StreamThrough(const DiskFault& fault) {
  SCOPED_TRACE(fmt::format("{} fails with {} after {} calls, {} times",
                           fault.call == DiskFault::Call::kSync ? "sync" : "write",
                           fault.sqlite_error, fault.successes, fault.failures));
  FaultVfs vfs;
  const std::string folder = NewFolder();
  std::int64_t answered = 0;
  {
    Streamed streamed(folder, vfs.name());
    ASSERT_TRUE(streamed.is_open()) << streamed.problem();
    ASSERT_TRUE(streamed.MakeRun());
    vfs.Fail(fault);
    constexpr std::int64_t kPiece = 3;
    for (int attempt = 0; attempt < 8; ++attempt) {
      const std::int64_t failures_before = vfs.failure_count();
      const Result<void> outcome = streamed.Append(answered, kPiece);
      if (outcome) {
        answered += kPiece;
      } else {
        EXPECT_EQ(outcome.error().code, ErrorCode::kUnavailable) << outcome.error().message;
        EXPECT_GT(vfs.failure_count(), failures_before) << "refused without a reason";
        refused_ += 1;
      }
      const std::int64_t visible = streamed.CountLines();
      EXPECT_TRUE(visible == answered || (!outcome && visible == answered + kPiece)) << visible;
      if (attempt == 4) (void)streamed.store().Maintain();
    }
    // Either all of it or nothing.
    const Result<void> second = streamed.MakeRun("second");
    if (!second) {
      EXPECT_EQ(second.error().code, ErrorCode::kUnavailable) << second.error().message;
    }
    ASSERT_TRUE(streamed.FindRun());
    vfs.Heal();
    const Result<void> again = streamed.Append(answered, kPiece);
    ASSERT_TRUE(again) << again.error().message;
    answered += kPiece;
    EXPECT_EQ(streamed.CountLines(), answered);
    EXPECT_TRUE(streamed.store().Maintain());
    EXPECT_EQ(streamed.CountLines(), answered);
  }
  Streamed reopened(folder);
  ASSERT_TRUE(reopened.is_open()) << reopened.problem();
  ASSERT_TRUE(reopened.FindRun());
  EXPECT_EQ(reopened.CountLines(), answered);
}

TEST_F(FailingDisk, RefusesWhatItCannotKeepAndGoesOnWhenTheDiskDoes) {
  constexpr DiskFault::Call kWrite = DiskFault::Call::kWrite;
  constexpr DiskFault::Call kSync = DiskFault::Call::kSync;
  for (const std::int64_t failures : {std::int64_t{1}, DiskFault::kForever}) {
    for (std::int64_t successes = 0; successes < 24; ++successes) {
      StreamThrough({kWrite, SQLITE_FULL, successes, failures});
      StreamThrough({kWrite, SQLITE_IOERR_WRITE, successes, failures});
    }
    for (std::int64_t successes = 0; successes < 10; ++successes) {
      StreamThrough({kSync, SQLITE_IOERR_FSYNC, successes, failures});
    }
  }
  EXPECT_GT(refused_, 100) << "the faults hardly struck";
}

TEST_F(FailingDisk, RefusesEveryMemberOfAGroupOnceWhenItsCommitFails) {
  FaultVfs vfs;
  Streamed streamed(NewFolder(), vfs.name());
  ASSERT_TRUE(streamed.is_open());
  ASSERT_TRUE(streamed.MakeRun());
  vfs.Fail({DiskFault::Call::kSync, SQLITE_IOERR_FSYNC, 0, DiskFault::kForever});
  constexpr int kMembers = 200;
  std::vector<std::promise<Result<void>>> answers(kMembers);
  for (int i = 0; i < kMembers; ++i) {
    StreamAppend append{.run = streamed.run()};
    append.pieces.push_back(
        {.kind = StreamKind::kHistory, .first_line = i, .lines = {LineText(i)}});
    streamed.store().AppendStreams(std::move(append), [&answers, i](Result<void> outcome) {
      answers[static_cast<std::size_t>(i)].set_value(std::move(outcome));  // throws if twice
    });
  }
  for (std::promise<Result<void>>& answer : answers) {
    const Result<void> outcome = answer.get_future().get();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::kUnavailable);
  }
  EXPECT_EQ(streamed.CountLines(), 0);
  vfs.Heal();
  ASSERT_TRUE(streamed.Append(0, 2));
  EXPECT_EQ(streamed.CountLines(), 2);
}

TEST_F(FailingDisk, AFailedStartLeavesAFolderThatStartsLater) {
  for (std::int64_t successes = 0; successes < 40; ++successes) {
    SCOPED_TRACE(successes);
    const std::string folder = NewFolder();
    FaultVfs vfs;
    vfs.Fail({DiskFault::Call::kWrite, SQLITE_FULL, successes, DiskFault::kForever});
    {
      const Streamed refused(folder, vfs.name());
      if (refused.is_open()) break;
    }
    vfs.Heal();
    Streamed later(folder, vfs.name());
    ASSERT_TRUE(later.is_open()) << later.problem();
    ASSERT_TRUE(later.MakeRun());
    ASSERT_TRUE(later.Append(0, 1));
  }
}

// The same stream of events once, and then every disk that a power cut may have left of it.
class PowerCut : public testing::Test {
 protected:
  // Something that was promised when so many operations had been done.
  struct Promise {
    std::size_t operations = 0;
    std::int64_t lines = 0;
  };

  PowerCut() : root_(TestRoot()) {}
  ~PowerCut() override { fs::remove_all(root_); }

  void RecordStream(const DiskFault& fault = {.failures = 0}) {
    FaultVfs vfs;
    Streamed streamed(root_ + "/recorded", vfs.name());
    ASSERT_TRUE(streamed.is_open()) << streamed.problem();
    ASSERT_TRUE(streamed.MakeRun());
    promises_ = {{vfs.operation_count(), 0}};
    std::int64_t lines = 0;
    vfs.Fail(fault);
    for (int piece = 0; piece < 10; ++piece) {
      const std::int64_t count = 1 + piece % 3;
      // Refused because of `fault`: the client sends it again.
      int refusals = 0;
      while (!streamed.Append(lines, count)) ASSERT_LT(++refusals, 10);
      if (piece == 5) {
        ASSERT_TRUE(streamed.Append(lines, count));  // a repeated request
        (void)streamed.store().Maintain();
      }
      lines += count;
      promises_.push_back({vfs.operation_count(), lines});
    }
    // Closing the store is no part of it: power cuts do not close.
    operations_ = vfs.operations();
    total_lines_ = lines;
  }

  // The promise that held when the power went; null before the first one.
  const Promise* PromiseAt(std::size_t operations) const {
    const Promise* held = nullptr;
    for (const Promise& promise : promises_) {
      if (promise.operations <= operations) held = &promise;
    }
    return held;
  }

  void CheckDisk(const std::map<std::string, std::string>& files, const Promise* promise) {
    const std::string folder = root_ + "/image";
    fs::remove_all(folder);
    fs::create_directories(folder);
    for (const auto& [name, content] : files) {
      std::ofstream(folder + "/" + name, std::ios::binary) << content;
    }
    {
      Streamed found(folder);
      ASSERT_TRUE(found.is_open()) << found.problem();
      const bool has_run = found.FindRun();
      if (promise != nullptr) {
        ASSERT_TRUE(has_run);
      }
      std::int64_t lines = 0;
      if (has_run) {
        lines = found.CountLines();
        EXPECT_GE(lines, promise != nullptr ? promise->lines : 0);
        EXPECT_LE(lines, total_lines_);
      } else {
        ASSERT_TRUE(found.MakeRun());
      }
      // It goes on where it stopped.
      ASSERT_TRUE(found.Append(lines, 1));
      EXPECT_EQ(found.CountLines(), lines + 1);
    }
    const Result<FsckReport> report = Fsck(folder);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  }

  void CutEverywhere(Unsynced unsynced, const DiskFault& fault = {.failures = 0}) {
    const std::string recorded = root_ + "/recorded";
    fs::remove_all(recorded);
    ASSERT_NO_FATAL_FAILURE(RecordStream(fault));
    for (std::size_t cut = 0; cut <= operations_.size(); ++cut) {
      SCOPED_TRACE(fmt::format("power cut after operation {} of {}", cut, operations_.size()));
      Rng rng(cut);
      const std::span<const DiskOperation> done(operations_.data(), cut);
      ASSERT_NO_FATAL_FAILURE(CheckDisk(DiskAfterPowerCut(done, unsynced, rng), PromiseAt(cut)));
      if (HasFailure()) return;
    }
  }

  const std::string root_;
  std::vector<Promise> promises_;
  std::vector<DiskOperation> operations_;
  std::int64_t total_lines_ = 0;
};

TEST_F(PowerCut, KeepsEveryAnsweredLineWhenAllThatWasNotSyncedIsLost) {
  CutEverywhere(Unsynced::kLost);
}

TEST_F(PowerCut, KeepsEveryAnsweredLineWhenTheLastWriteIsTorn) { CutEverywhere(Unsynced::kTorn); }

TEST_F(PowerCut, KeepsEveryAnsweredLineWhenUnsyncedWritesArriveInAnyOrder) {
  CutEverywhere(Unsynced::kShuffled);
}

TEST_F(PowerCut, KeepsEveryAnsweredLineWhenSyncsHadFailedBefore) {
  // Several in a row: the commit's, and those of the writer that closes and opens again.
  for (const std::int64_t failures : {1, 3}) {
    for (const std::int64_t successes : {0, 1, 4}) {
      SCOPED_TRACE(fmt::format("{} syncs failed after {}", failures, successes));
      CutEverywhere(Unsynced::kLost,
                    {DiskFault::Call::kSync, SQLITE_IOERR_FSYNC, successes, failures});
      if (HasFailure()) return;
    }
  }
}

TEST_F(PowerCut, HasSomethingToLose) {
  ASSERT_NO_FATAL_FAILURE(RecordStream());
  std::size_t syncs = 0;
  bool checkpointed = false;
  for (const DiskOperation& operation : operations_) {
    syncs += operation.kind == DiskOperation::Kind::kSync ? 1u : 0u;
    checkpointed |=
        operation.kind == DiskOperation::Kind::kSync && operation.file == "regatta.db" && syncs > 8;
  }
  EXPECT_GE(syncs, promises_.size()) << "an answer without a sync";
  EXPECT_TRUE(checkpointed) << "the write-ahead log was never written back";
}

}  // namespace
}  // namespace regatta::storage
