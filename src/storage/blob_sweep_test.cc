// A blob that no row names goes: after the hour in which its row may still come, and after a
// restart, too.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "regatta/storage/sql_store.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using tracking::Blob;
using tracking::RunFile;

class BlobSweepTest : public testing::Test {
 protected:
  BlobSweepTest() {
    std::string pattern = (fs::temp_directory_path() / "regatta-sweep-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Open();
    MakeRun();
  }
  ~BlobSweepTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  void Open() {
    store_.reset();
    Result<std::unique_ptr<SqlStore>> opened =
        SqlStore::Open({.folder = folder_, .clock = &clock_});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void MakeRun() {
    ASSERT_TRUE(store_->Write([&](tracking::Tables& tables) -> Result<void> {
      tracking::User user{.name = "ann"};
      if (auto done = tables.accounts().InsertUser(user); !done) return done;
      tracking::Project project{.entity = user.entity, .name = "p"};
      if (auto done = tables.projects().Insert(project); !done) return done;
      tracking::Run run{.project = project.id, .name = "r"};
      if (auto done = tables.runs().Insert(run); !done) return done;
      run_ = run.id;
      return Ok();
    }));
  }
  Blob Upload(std::string_view content) {
    const Result<Blob> blob = store_->blobs().Put(content);
    EXPECT_TRUE(blob);
    return *blob;
  }
  RunFile Name(const std::string& name, const Blob& blob) {
    RunFile file{.run = run_, .name = name, .blob = blob};
    EXPECT_TRUE(store_->Write([&](tracking::Tables& tables) { return tables.files().Put(file); }));
    return file;
  }
  void Delete(const RunFile& file) {
    EXPECT_TRUE(
        store_->Write([&](tracking::Tables& tables) { return tables.files().Delete(file.id); }));
  }
  bool IsThere(const Blob& blob) { return store_->blobs().Path(blob.sha256_hex).has_value(); }
  void Maintain() {
    const Result<void> done = store_->Maintain();
    ASSERT_TRUE(done) << done.error().message;
  }

  SimulatedClock clock_;
  std::string folder_;
  std::unique_ptr<SqlStore> store_;
  tracking::RunId run_{};
};

TEST_F(BlobSweepTest, ABlobReleasedWithinTheHourOfItsUploadGoesAfterIt) {
  const Blob blob = Upload("content");
  Delete(Name("f", blob));
  Maintain();
  EXPECT_TRUE(IsThere(blob));  // another upload of the same content may be about to name it
  clock_.Advance(std::chrono::minutes(61));
  Maintain();
  EXPECT_FALSE(IsThere(blob));
}

TEST_F(BlobSweepTest, ABlobReleasedBeforeARestartGoesAfterIt) {
  const Blob blob = Upload("content");
  const Blob named = Upload("other content");
  Name("g", named);
  Delete(Name("f", blob));
  Maintain();
  Open();
  Maintain();
  EXPECT_FALSE(IsThere(blob));
  EXPECT_TRUE(IsThere(named));
}

TEST_F(BlobSweepTest, WhatACrashLeftIsFoundWithinADay) {
  Maintain();
  const std::string folder = folder_ + "/blobs/ab";
  fs::create_directories(folder);
  const std::string orphan = folder + "/ab" + std::string(62, '0');
  std::ofstream(orphan) << "of an upload that broke off before its row came";
  std::ofstream(folder + "/notes.txt") << "not ours";
  Maintain();
  EXPECT_TRUE(fs::exists(orphan));
  clock_.Advance(std::chrono::hours(25));
  Maintain();
  EXPECT_FALSE(fs::exists(orphan));
  EXPECT_TRUE(fs::exists(folder + "/notes.txt"));
}

TEST_F(BlobSweepTest, ABlobWhoseRowIsStillToComeStays) {
  const Blob blob = Upload("content");
  Maintain();  // looks through the whole folder
  EXPECT_TRUE(IsThere(blob));
  // The same content again, long after the first upload, whose row went in between.
  Delete(Name("f", blob));
  clock_.Advance(std::chrono::minutes(59));
  Upload("content");
  clock_.Advance(std::chrono::minutes(59));
  Maintain();
  EXPECT_TRUE(IsThere(blob));
  Name("f", blob);
  clock_.Advance(std::chrono::hours(48));
  Maintain();
  EXPECT_TRUE(IsThere(blob));
}

TEST_F(BlobSweepTest, ABlobWithTwoNamesStaysUntilTheLastOneGoes) {
  const Blob blob = Upload("content");
  const RunFile first = Name("f", blob);
  const RunFile second = Name("g", blob);
  clock_.Advance(std::chrono::hours(2));
  Delete(first);
  Maintain();
  EXPECT_TRUE(IsThere(blob));
  Delete(second);
  Maintain();
  EXPECT_FALSE(IsThere(blob));
}

}  // namespace
}  // namespace regatta::storage
