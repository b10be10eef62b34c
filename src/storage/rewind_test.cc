// Rewinding a run on the real store: read first, cut in one short Write, and never by what is no
// longer true.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "regatta/storage/sql_store.h"
#include "regatta/tracking/run_rules.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using RunRow = tracking::Run;
using tracking::RewindPoint;
using tracking::RunId;
using tracking::StreamKind;
using tracking::Tables;

class RewindTest : public testing::Test {
 protected:
  RewindTest() {
    std::string pattern = (fs::temp_directory_path() / "regatta-rewind-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    store_ = *SqlStore::Open({.folder = folder_, .clock = &clock_});
    Check(store_
              ->Write([&](Tables& tables) -> Result<void> {
                tracking::User user{.name = "ann"};
                if (auto done = tables.accounts().InsertUser(user); !done) return done;
                project_ = {.entity = user.entity, .name = "p"};
                if (auto done = tables.projects().Insert(project_); !done) return done;
                RunRow run{.project = project_.id, .name = "r"};
                if (auto done = tables.runs().Insert(run); !done) return done;
                run_ = run.id;
                return Ok();
              })
              .has_value(),
          "there is a run");
  }
  ~RewindTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  void Log(std::int64_t first, std::vector<std::string> rows, std::int64_t last_step) {
    tracking::StreamAppend append{.run = run_, .at = clock_.Now()};
    append.pieces.push_back({.kind = StreamKind::kHistory,
                             .first_line = first,
                             .lines = std::move(rows),
                             .step_min = 0,
                             .step_max = last_step});
    ASSERT_TRUE(store_->Write([&](Tables& tables) { return tables.streams().Append(append); }));
  }
  Result<RewindPoint> Find(std::int64_t step) {
    Result<RewindPoint> point = NotFound("");
    (void)store_->Read([&](const Tables& tables) -> Result<void> {
      point = tracking::FindRewindPoint(tables, project_, "r", step);
      return Ok();
    });
    return point;
  }
  Result<RunRow> Rewind(const RewindPoint& point) {
    Result<RunRow> run = NotFound("");
    const Result<void> done = store_->Write([&](Tables& tables) -> Result<void> {
      run = tracking::RewindRun(tables, point, clock_.Now());
      return run ? Ok() : Result<void>(run.error());
    });
    return run;
  }
  std::vector<std::string> History() {
    std::vector<std::string> rows;
    (void)store_->Read([&](const Tables& tables) {
      return tables.streams().ReadLines(run_, StreamKind::kHistory, 0, 1'000,
                                        [&](const tracking::StreamLine& line) {
                                          rows.emplace_back(line.text);
                                          return true;
                                        });
    });
    return rows;
  }

  SimulatedClock clock_;
  std::string folder_;
  std::unique_ptr<SqlStore> store_;
  tracking::Project project_;
  RunId run_{};
};

TEST_F(RewindTest, CutsTheHistoryAndTakesTheLastValueOfEachKey) {
  Log(0,
      {R"({"_step":0,"loss":3,"best \"one\"":NaN})", R"({"_step":1,"loss":2,"late":[1]})",
       R"({"_step":2,"loss":1})"},
      2);
  const Result<RewindPoint> point = Find(1);
  ASSERT_TRUE(point);
  const Result<RunRow> run = Rewind(*point);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->summary_json, R"({"_step":1,"loss":2,"best \"one\"":NaN,"late":[1]})");
  EXPECT_EQ(History().size(), 2u);
}

TEST_F(RewindTest, ARunThatLoggedMeanwhileIsNotCutByWhatWasReadBefore) {
  Log(0, {R"({"_step":0})"}, 0);
  const Result<RewindPoint> point = Find(5);
  ASSERT_TRUE(point);
  Log(1, {R"({"_step":1})", R"({"_step":2})"}, 2);
  const Result<RunRow> refused = Rewind(*point);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(History().size(), 3u);
  const Result<RewindPoint> again = Find(1);
  ASSERT_TRUE(again);
  ASSERT_TRUE(Rewind(*again));
  EXPECT_EQ(History().size(), 2u);
}

TEST_F(RewindTest, LinesThatNeverCameAreNotCounted) {
  Log(0, {R"({"_step":0})"}, 0);
  Log(3, {R"({"_step":3})", R"({"_step":4})"}, 4);
  const Result<RewindPoint> point = Find(3);
  ASSERT_TRUE(point);
  EXPECT_EQ(point->line_count, 4);
  ASSERT_TRUE(Rewind(*point));
  EXPECT_EQ(History(), (std::vector<std::string>{R"({"_step":0})", R"({"_step":3})"}));
}

TEST_F(RewindTest, ADeletedRunIsNotFound) {
  Log(0, {R"({"_step":0})"}, 0);
  const Result<RewindPoint> point = Find(0);
  ASSERT_TRUE(point);
  ASSERT_TRUE(store_->Write([&](Tables& tables) { return tables.runs().Delete(run_); }));
  const Result<RunRow> refused = Rewind(*point);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace regatta::storage
