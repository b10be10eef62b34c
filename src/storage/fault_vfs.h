// A disk for tests: a SQLite VFS that fails when told to, and remembers what was written and what
// was synced, so that a test can build the disk as a power cut may have left it.
//
// Its code is in fault_vfs_test.cc: no program links it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "regatta/base/rng.h"

namespace regatta::storage {

// Which calls fail, and how.
struct DiskFault {
  enum class Call : std::uint8_t { kWrite, kSync };
  static constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

  Call call = Call::kWrite;
  int sqlite_error = SQLITE_FULL;
  std::int64_t successes = 0;  // calls of this kind that still succeed
  std::int64_t failures = 1;   // and so many after them that fail; kForever: until healed
};

// Something that was done to a file. Files go by the last part of their path.
struct DiskOperation {
  enum class Kind : std::uint8_t { kWrite, kTruncate, kSync, kFailedSync, kDelete };
  Kind kind = Kind::kWrite;
  std::string file;
  std::int64_t offset = 0;  // of a write; the new size of a truncation
  std::string bytes;        // of a write
};

// Registered under a name of its own while it lives, which is longer than any connection through
// it. Passes everything on to the default VFS. Thread-safe.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // To open connections with.
  const std::string& name() const { return name_; }

  // From now on calls fail as `fault` says; it takes the place of an earlier one.
  void Fail(const DiskFault& fault);
  void Heal();
  // Calls that were made to fail so far.
  std::int64_t failure_count() const;

  std::size_t operation_count() const;
  std::vector<DiskOperation> operations() const;

  // For the file methods: SQLITE_OK, or the error that the call has to answer with.
  int Judge(DiskFault::Call call);
  void Record(DiskOperation operation);

 private:
  const std::string name_;
  sqlite3_vfs vfs_{};

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  DiskFault fault_{.failures = 0};
  std::int64_t failure_count_ = 0;
  std::vector<DiskOperation> operations_;
};

// What a power cut does to writes that no sync followed.
enum class Unsynced : std::uint8_t {
  kLost,     // all of them
  kKept,     // none of them: every write reached the disk in its order
  kTorn,     // none, but of the very last write only a part
  kShuffled  // each for itself, by chance: the disk may write in any order
};

// The files, by name, as they stand when the power is cut right after `done`. What was synced is
// always there. Writes before a failed sync count as not synced for ever, whatever sync succeeds
// after it: Linux forgets that they are still to be written. `rng` is asked for kTorn and kShuffled
// only.
std::map<std::string, std::string> DiskAfterPowerCut(std::span<const DiskOperation> done,
                                                     Unsynced unsynced, Rng& rng);

}  // namespace regatta::storage
