#include "blob_sweep.h"

#include <utility>

namespace regatta::storage {
namespace {

constexpr std::chrono::hours kLookInterval{24};
// Some fifty milliseconds of looking; a folder is looked through as a whole.
constexpr std::size_t kFilesPerRun = 2'000;

Result<bool> IsNamed(Connection& connection, const std::string& sha256_hex) {
  Statement named = connection.Prepare(
      "SELECT 1 FROM run_files WHERE sha256 = ?1 UNION ALL "
      "SELECT 1 FROM artifact_blobs WHERE sha256 = ?1 UNION ALL "
      "SELECT 1 FROM artifact_manifests WHERE sha256 = ?1 LIMIT 1");
  named.Bind(sha256_hex);
  return named.Step();
}

}  // namespace

void BlobSweep::Release(const std::vector<std::string>& sha256_hex) {
  const std::lock_guard lock(mutex_);
  for (const std::string& blob : sha256_hex) released_.try_emplace(blob, Timestamp{});
}

Result<void> BlobSweep::Run(Connection& committed) {
  if (Result<void> done = RemoveReleased(committed); !done) return done;
  return LookThrough(committed);
}

Result<std::optional<Timestamp>> BlobSweep::RemoveUnnamed(Connection& committed,
                                                          const std::string& sha256_hex) {
  const Result<bool> named = IsNamed(committed, sha256_hex);
  if (!named) return named.error();
  if (*named) return std::optional<Timestamp>();
  // A row that comes from here on comes with an upload of its own, which Remove knows of.
  return blobs_.Remove(sha256_hex);
}

Result<void> BlobSweep::RemoveReleased(Connection& committed) {
  const Timestamp now = clock_.Now();
  std::vector<std::string> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [blob, from] : released_) {
      if (from <= now) due.push_back(blob);
    }
  }
  for (const std::string& blob : due) {
    const Result<std::optional<Timestamp>> again = RemoveUnnamed(committed, blob);
    if (!again) return again.error();
    const std::lock_guard lock(mutex_);
    if (*again) {
      released_[blob] = **again;
    } else {
      released_.erase(blob);
    }
  }
  return Ok();
}

Result<void> BlobSweep::LookThrough(Connection& committed) {
  if (clock_.Now() < next_look_) return Ok();
  std::size_t looked_at = 0;
  while (next_folder_ < BlobFolder::kFolders) {
    if (looked_at >= kFilesPerRun) return Ok();
    for (const std::string& blob : blobs_.NamesIn(next_folder_)) {
      looked_at += 1;
      const Result<std::optional<Timestamp>> again = RemoveUnnamed(committed, blob);
      if (!again) return again.error();
      if (!*again) continue;
      const std::lock_guard lock(mutex_);
      released_.insert_or_assign(blob, **again);
    }
    next_folder_ += 1;
  }
  next_folder_ = 0;
  next_look_ = clock_.Now() + kLookInterval;
  return Ok();
}

}  // namespace regatta::storage
