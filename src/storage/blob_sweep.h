// Removes blobs that no row names: those that lost their last row, and those that a crash left.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "blob_folder.h"
#include "sqlite.h"

namespace regatta::storage {

// What is released while the server runs goes as soon as it is old enough (BlobFolder::Remove). All
// else is found by looking through the folder, once after each start and once a day, some files at
// a time.
class BlobSweep {
 public:
  // Both outlive the sweep.
  BlobSweep(BlobFolder& blobs, Clock& clock) : blobs_(blobs), clock_(clock) {}

  // Blobs of which a committed write deleted a row; others may still name them. Thread-safe.
  void Release(const std::vector<std::string>& sha256_hex);

  // Removes what may go now. To be called every few seconds, from any one thread. `committed` must
  // see committed rows only: a deletion that is undone would leave a row without its blob. After an
  // error everything is tried again by the next call.
  Result<void> Run(Connection& committed);

 private:
  Result<void> RemoveReleased(Connection& committed);
  Result<void> LookThrough(Connection& committed);
  // Removes the blob unless a row names it; when to try again if it is too young.
  Result<std::optional<Timestamp>> RemoveUnnamed(Connection& committed,
                                                 const std::string& sha256_hex);

  BlobFolder& blobs_;
  Clock& clock_;
  int next_folder_ = 0;       // of the look under way
  Timestamp next_look_ = {};  // at the whole folder; the first is due at once

  std::mutex mutex_;
  // Guarded by mutex_. Released blobs, and from when on they may be removed.
  std::map<std::string, Timestamp> released_;
};

}  // namespace regatta::storage
