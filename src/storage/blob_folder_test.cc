// Blobs are there whole or not at all, also when the disk fails half way.
#include "blob_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;

// The calls until the next failure, and what fails then; for the one test that runs.
int calls_until_write_fails = -1;
int calls_until_sync_fails = -1;
int calls_until_rename_fails = -1;
int sync_calls = 0;

bool StrikesNow(int& calls_left) { return calls_left >= 0 && calls_left-- == 0; }

ssize_t WriteOrFail(int fd, const void* bytes, std::size_t size) {
  if (StrikesNow(calls_until_write_fails)) {
    errno = ENOSPC;
    return -1;
  }
  // In small steps, so that a failure meets a file that is half there.
  return ::write(fd, bytes, std::min<std::size_t>(size, 4));
}

int SyncOrFail(int fd) {
  sync_calls += 1;
  if (StrikesNow(calls_until_sync_fails)) {
    errno = EIO;
    return -1;
  }
  return ::fsync(fd);
}

int RenameOrFail(const char* from, const char* to) {
  if (StrikesNow(calls_until_rename_fails)) {
    errno = EIO;
    return -1;
  }
  return ::rename(from, to);
}

class BlobFolderTest : public testing::Test {
 protected:
  BlobFolderTest() {
    calls_until_write_fails = calls_until_sync_fails = calls_until_rename_fails = -1;
    sync_calls = 0;
    std::string pattern = (fs::temp_directory_path() / "regatta-blobs-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    Result<std::unique_ptr<BlobFolder>> opened =
        BlobFolder::Open(root_ + "/blobs", root_ + "/spool", clock_,
                         {.write = WriteOrFail, .sync = SyncOrFail, .rename = RenameOrFail});
    Check(opened.has_value(), "the blob folder opens");
    blobs_ = *std::move(opened);
  }
  ~BlobFolderTest() override { fs::remove_all(root_); }

  std::size_t FilesIn(const std::string& folder) const {
    std::size_t count = 0;
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(root_ + "/" + folder)) {
      count += entry.is_regular_file() ? 1u : 0u;
    }
    return count;
  }
  // A refused Put left nothing, and the same Put succeeds now.
  void ExpectRefusedThenStored(const Result<tracking::Blob>& refused) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(FilesIn("blobs"), 0u);
    EXPECT_EQ(FilesIn("spool"), 0u);
    const Result<tracking::Blob> stored = blobs_->Put("some content");
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(*blobs_->Read(stored->sha256_hex, 100), "some content");
  }

  SimulatedClock clock_;
  std::string root_;
  std::unique_ptr<BlobFolder> blobs_;
};

TEST_F(BlobFolderTest, RefusesWhenTheDiskIsFull) {
  calls_until_write_fails = 1;
  ExpectRefusedThenStored(blobs_->Put("some content"));
}

TEST_F(BlobFolderTest, RefusesWhenTheContentCannotBeSynced) {
  calls_until_sync_fails = 0;
  ExpectRefusedThenStored(blobs_->Put("some content"));
}

TEST_F(BlobFolderTest, RefusesWhenTheNameCannotBeSynced) {
  calls_until_sync_fails = 1;
  ExpectRefusedThenStored(blobs_->Put("some content"));
}

TEST_F(BlobFolderTest, RefusesWhenTheNewFolderCannotBeSynced) {
  calls_until_sync_fails = 2;
  ExpectRefusedThenStored(blobs_->Put("some content"));
}

TEST_F(BlobFolderTest, RefusesWhenTheFileCannotBeMoved) {
  calls_until_rename_fails = 0;
  ExpectRefusedThenStored(blobs_->Put("some content"));
}

TEST_F(BlobFolderTest, SyncsTheNameOfAnExistingBlobBeforeItPromisesIt) {
  ASSERT_TRUE(blobs_->Put("some content"));
  sync_calls = 0;
  ASSERT_TRUE(blobs_->Put("some content"));
  EXPECT_EQ(sync_calls, 1);
  calls_until_sync_fails = 0;
  EXPECT_FALSE(blobs_->Put("some content"));
  EXPECT_EQ(FilesIn("blobs"), 1u);
}

TEST_F(BlobFolderTest, ForgetsWhatWasSpooledBeforeARestart) {
  std::ofstream(root_ + "/spool/upload-7") << "half";
  ASSERT_TRUE(BlobFolder::Open(root_ + "/blobs", root_ + "/spool", clock_));
  EXPECT_EQ(FilesIn("spool"), 0u);
}

TEST_F(BlobFolderTest, KeepsABlobWhoseRowMayStillCome) {
  const Result<tracking::Blob> blob = blobs_->Put("some content");
  ASSERT_TRUE(blob);
  const std::optional<Timestamp> again = blobs_->Remove(blob->sha256_hex);
  ASSERT_TRUE(again);
  EXPECT_EQ(FilesIn("blobs"), 1u);
  clock_.Set(*again);
  EXPECT_FALSE(blobs_->Remove(blob->sha256_hex));
  EXPECT_EQ(FilesIn("blobs"), 0u);
}

TEST_F(BlobFolderTest, NamesBlobsAndNothingElse) {
  const Result<tracking::Blob> blob = blobs_->Put("some content");
  ASSERT_TRUE(blob);
  const std::string folder = blob->sha256_hex.substr(0, 2);
  std::ofstream(root_ + "/blobs/" + folder + "/" + std::string(64, 'z')) << "no blob";
  const int number = std::stoi(folder, nullptr, 16);
  EXPECT_EQ(blobs_->NamesIn(number), (std::vector<std::string>{blob->sha256_hex}));
  EXPECT_TRUE(blobs_->NamesIn((number + 1) % BlobFolder::kFolders).empty());
}

}  // namespace
}  // namespace regatta::storage
