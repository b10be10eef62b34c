// BlobStore in a folder: blobs/<first two digits>/<sha256>.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/tracking/run_file.h"

namespace regatta::storage {

// The calls that may meet a failing disk; a test puts others in their place.
struct FileCalls {
  ssize_t (*write)(int fd, const void* bytes, std::size_t size);
  int (*sync)(int fd);
  int (*rename)(const char* from, const char* to);

  static FileCalls OfTheSystem();
};

class BlobFolder : public tracking::BlobStore {
 public:
  // Creates `folder` and the spool beside it, and empties the spool: what lies there was never
  // adopted.
  static Result<std::unique_ptr<BlobFolder>> Open(const std::string& blob_folder,
                                                  const std::string& spool_folder, Clock& clock,
                                                  FileCalls calls = FileCalls::OfTheSystem());

  std::string SpoolFolder() const override { return spool_folder_; }
  Result<void> Adopt(const std::string& path, const tracking::Blob& blob) override;
  Result<tracking::Blob> Put(std::string_view bytes) override;
  Result<std::string> Path(std::string_view sha256_hex) const override;
  Result<std::string> Read(std::string_view sha256_hex, std::int64_t max_bytes) const override;

  // Removes a blob that no row names, unless it was adopted so lately that its row may still come:
  // then the answer is when it may go. A blob whose upload begins later is whole again when its
  // Adopt answers.
  std::optional<Timestamp> Remove(std::string_view sha256_hex);

  // The blobs in one of the kFolders folders; what has another name is no blob.
  static constexpr int kFolders = 256;
  std::vector<std::string> NamesIn(int folder) const;

 private:
  BlobFolder(std::string blob_folder, std::string spool_folder, Clock& clock, FileCalls calls);
  std::string PathOf(std::string_view sha256_hex) const;
  Result<void> WriteWhole(const std::string& path, std::string_view bytes) const;
  Result<void> Sync(const std::string& path) const;
  // Moves the spooled file to `target`, durably, or leaves nothing at `target`.
  Result<void> Move(const std::string& path, const std::string& target) const;

  const std::string blob_folder_;
  const std::string spool_folder_;
  Clock& clock_;
  const FileCalls calls_;
  std::atomic<std::uint64_t> next_spool_name_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, Timestamp> adopted_;  // guarded by mutex_; the last hour's
};

}  // namespace regatta::storage
