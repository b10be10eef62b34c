// What fsck is for: no damage to anything that was stored stays unseen, and nothing whole is called
// damaged. A folder is filled, closed, damaged in one place, and looked at.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "regatta/storage/sql_store.h"
#include "schema.h"
#include "sqlite.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using tracking::RunId;
using tracking::StreamAppend;
using tracking::StreamKind;

constexpr std::size_t kPageSize = 16'384;
constexpr std::int64_t kRareStep = 0x1122334455667788;
constexpr std::string_view kRareStepBytes = "\x11\x22\x33\x44\x55\x66\x77\x88";

class FsckTest : public testing::Test {
 protected:
  FsckTest() {
    std::string pattern = (fs::temp_directory_path() / "regatta-fsck-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Fill();
    std::ifstream file(paths().Database(), std::ios::binary);
    whole_.assign(std::istreambuf_iterator<char>(file), {});
  }
  ~FsckTest() override { fs::remove_all(folder_); }

  DataPaths paths() const { return DataPaths(folder_ + "/data"); }

  // Small pieces that fill several pages of the tables, and one that needs pages of its own.
  void Fill() {
    Result<std::unique_ptr<SqlStore>> opened =
        SqlStore::Open({.folder = paths().root, .clock = &clock_});
    ASSERT_TRUE(opened) << opened.error().message;
    RunId run{};
    const Result<void> made = (*opened)->Write([&](tracking::Tables& tables) -> Result<void> {
      tracking::User user{.name = "ann"};
      if (auto inserted = tables.accounts().InsertUser(user); !inserted) return inserted;
      tracking::Project project{.entity = user.entity, .name = "p"};
      if (auto inserted = tables.projects().Insert(project); !inserted) return inserted;
      tracking::Run row{.project = project.id, .name = "r", .config_json = "{\"lr\":0.125}"};
      if (auto inserted = tables.runs().Insert(row); !inserted) return inserted;
      run = row.id;
      return Ok();
    });
    ASSERT_TRUE(made) << made.error().message;
    for (int i = 0; i < 1000; ++i) Append(**opened, run, i, {"small-" + std::to_string(i)}, i);
    std::string big(100'000, 'b');
    big.replace(50'000, 6, "MIDDLE");
    Append(**opened, run, 1000, {"BEGIN" + big + "END"}, kRareStep);
    StreamAppend summary{.run = run, .at = clock_.Now()};
    summary.summary_json = "{\"best\":0.75}";
    Store(**opened, std::move(summary));
  }
  static void Store(SqlStore& store, StreamAppend append) {
    std::promise<Result<void>> promise;
    store.AppendStreams(std::move(append), [&](Result<void> done) { promise.set_value(done); });
    EXPECT_TRUE(promise.get_future().get());
  }
  void Append(SqlStore& store, RunId run, std::int64_t first, std::vector<std::string> lines,
              std::int64_t step) {
    StreamAppend append{.run = run, .at = clock_.Now()};
    append.pieces.push_back({.kind = StreamKind::kHistory,
                             .first_line = first,
                             .lines = std::move(lines),
                             .step_min = 0,
                             .step_max = step});
    Store(store, std::move(append));
  }

  std::size_t Find(std::string_view bytes) const {
    const std::size_t at = whole_.find(bytes);
    EXPECT_NE(at, std::string::npos) << bytes;
    EXPECT_EQ(whole_.find(bytes, at + 1), std::string::npos) << bytes;
    return at;
  }
  // Whether fsck sees anything wrong with the database, its bytes being `content`.
  bool IsSeen(const std::string& content) const {
    std::ofstream(paths().Database(), std::ios::binary | std::ios::trunc) << content;
    const Result<FsckReport> report = Fsck(paths().root);
    return !report || !report->problems.empty();
  }
  std::string WithFlippedBit(std::size_t at, int bit) const {
    std::string damaged = whole_;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
    return damaged;
  }
  // The problems after `sql` was run on the database.
  std::vector<std::string> ProblemsAfter(const char* sql) const {
    const auto connection = Connection::Open(paths().Database(), Connection::Mode::kReadWrite);
    EXPECT_TRUE((*connection)->Execute(sql));
    const Result<FsckReport> report = Fsck(paths().root);
    EXPECT_TRUE(report) << report.error().message;
    return report ? report->problems : std::vector<std::string>();
  }

  SimulatedClock clock_;
  std::string folder_;
  std::string whole_;  // the database's bytes
};

TEST_F(FsckTest, FindsNothingWrongWithWhatIsWhole) {
  const Result<FsckReport> report = Fsck(paths().root);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  EXPECT_EQ(report->lines, 1001);
  EXPECT_EQ(report->log_pieces, 1002);
}

TEST_F(FsckTest, FindsDamageToAnyPage) {
  ASSERT_EQ(whole_.size() % kPageSize, 0u);
  ASSERT_EQ(whole_.substr(36, 4), std::string(4, '\0')) << "there are free pages: nobody's data";
  ASSERT_GT(whole_.size() / kPageSize, 40u);
  for (std::size_t page = 0; page < whole_.size(); page += kPageSize) {
    std::string damaged = whole_;
    damaged.replace(page, 64, std::string(64, 'Z'));
    EXPECT_TRUE(IsSeen(damaged)) << "page " << page / kPageSize + 1;
  }
}

TEST_F(FsckTest, FindsAnyChangedBitOfWhatWasLogged) {
  for (const std::string_view content :
       {"small-0", "small-500", "small-999", "BEGIN", "MIDDLE", "END", "{\"best\":0.75}"}) {
    // What stands behind "small-0" on its page is another piece, or its own end.
    const std::size_t at =
        content == "small-0" ? whole_.rfind("small-0") : Find(content) + content.size() - 1;
    ASSERT_NE(at, std::string::npos);
    for (int bit = 0; bit < 8; ++bit) {
      EXPECT_TRUE(IsSeen(WithFlippedBit(at, bit))) << content << " bit " << bit;
    }
  }
}

TEST_F(FsckTest, FindsAnyChangedBitOfTheIndexOfTheLog) {
  const std::size_t at = Find(kRareStepBytes);
  for (std::size_t byte = 0; byte < kRareStepBytes.size(); ++byte) {
    EXPECT_TRUE(IsSeen(WithFlippedBit(at + byte, 3))) << byte;
  }
}

TEST_F(FsckTest, FindsABrokenConfigAndNamesTheRun) {
  const std::vector<std::string> problems = ProblemsAfter("UPDATE runs SET config = '{\"lr\":0.1'");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("\"r\""), std::string::npos) << problems[0];
}

TEST_F(FsckTest, FindsPiecesWithoutAnIndexAndIndexesWithoutAPiece) {
  EXPECT_EQ(ProblemsAfter("DELETE FROM log_index WHERE id = 7"),
            std::vector<std::string>{"log piece 7 is in no index"});
  const std::vector<std::string> problems =
      ProblemsAfter("DELETE FROM log WHERE id = 7; DELETE FROM log WHERE id = 9");
  EXPECT_EQ(std::count(problems.begin(), problems.end(), "log piece 9 is missing"), 1);
}

TEST_F(FsckTest, FindsATableThatIsNotThere) {
  const std::vector<std::string> problems = ProblemsAfter("DROP TABLE log");
  EXPECT_EQ(problems, std::vector<std::string>{"schema: log is missing"});
}

TEST_F(FsckTest, RefusesAVersionThatNoProgramWritesByNameAndSoDoesAStart) {
  for (const int version : {0, -1, -2'147'483'647}) {
    const std::string sql = "PRAGMA user_version = " + std::to_string(version);
    ASSERT_TRUE((*Connection::Open(paths().Database(), Connection::Mode::kReadWrite))
                    ->Execute(sql.c_str()));
    const Result<FsckReport> report = Fsck(paths().root);
    const Result<std::unique_ptr<SqlStore>> store =
        SqlStore::Open({.folder = paths().root, .clock = &clock_});
    ASSERT_FALSE(report);
    ASSERT_FALSE(store);
    for (const std::string& message : {report.error().message, store.error().message}) {
      EXPECT_NE(message.find("data version " + std::to_string(version)), std::string::npos);
      EXPECT_NE(message.find(paths().root), std::string::npos) << message;
      EXPECT_NE(message.find("regatta restore"), std::string::npos) << message;
    }
  }
}

TEST_F(FsckTest, RefusesAnEmptiedDatabaseAndAStartDoesNotBeginAnew) {
  std::ofstream(paths().ApiKey()) << "the key that the first start wrote";
  fs::resize_file(paths().Database(), 0);
  const Result<FsckReport> report = Fsck(paths().root);
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("regatta restore"), std::string::npos);
  EXPECT_FALSE(SqlStore::Open({.folder = paths().root, .clock = &clock_}));
}

TEST_F(FsckTest, AFirstStartThatBrokeOffGoesOn) {
  fs::resize_file(paths().Database(), 0);
  EXPECT_TRUE(SqlStore::Open({.folder = paths().root, .clock = &clock_}));
}

TEST_F(FsckTest, RefusesDataOfANewerVersionByName) {
  ASSERT_TRUE((*Connection::Open(paths().Database(), Connection::Mode::kReadWrite))
                  ->Execute("PRAGMA user_version = 999"));
  const Result<FsckReport> report = Fsck(paths().root);
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("999"), std::string::npos);
}

}  // namespace
}  // namespace regatta::storage
