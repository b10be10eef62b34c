// BlobStore in a folder: blobs/<first two digits>/<sha256>.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "regatta/base/clock.h"
#include "regatta/tracking/run_file.h"

namespace regatta::storage {

class BlobFolder : public tracking::BlobStore {
 public:
  // Creates `folder` and the spool beside it, and empties the spool: what lies there was never
  // adopted.
  static Result<std::unique_ptr<BlobFolder>> Open(const std::string& blob_folder,
                                                  const std::string& spool_folder, Clock& clock);

  std::string SpoolFolder() const override { return spool_folder_; }
  Result<void> Adopt(const std::string& path, const tracking::Blob& blob) override;
  Result<tracking::Blob> Put(std::string_view bytes) override;
  Result<std::string> Path(std::string_view sha256_hex) const override;
  Result<std::string> Read(std::string_view sha256_hex, std::int64_t max_bytes) const override;

  // Removes a blob that no row names, unless it was adopted so lately that its row may still come.
  void Remove(std::string_view sha256_hex);

 private:
  BlobFolder(std::string blob_folder, std::string spool_folder, Clock& clock);
  std::string PathOf(std::string_view sha256_hex) const;

  const std::string blob_folder_;
  const std::string spool_folder_;
  Clock& clock_;
  std::atomic<std::uint64_t> next_spool_name_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, Timestamp> adopted_;  // guarded by mutex_; the last hour's
};

}  // namespace regatta::storage
