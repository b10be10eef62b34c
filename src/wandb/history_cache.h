// What keys each run's history holds, kept between requests and grown by new rows only.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "regatta/base/result.h"
#include "regatta/tracking/history_keys.h"
#include "regatta/tracking/store.h"

namespace regatta::wandb {

// Thread-safe. Holds the most recently asked runs, up to a number of keys in all.
class HistoryKeyCache {
 public:
  // The run's `historyKeys` as JSON, or nothing for a run without history. Reads the rows that are
  // new since the last call; all of them, if the history was cut in between.
  Result<std::optional<std::string>> KeysOf(const tracking::Tables& tables, tracking::RunId run);

 private:
  static constexpr std::size_t kRunsMax = 2'000;
  static constexpr std::size_t kKeysMax = 400'000;

  struct Entry {
    std::mutex mutex;
    // Guarded by mutex.
    tracking::HistoryKeys keys;
    std::int64_t line_count = 0;
    std::size_t last_line_hash = 0;  // tells whether the lines before are still the same
  };
  struct Slot {
    std::shared_ptr<Entry> entry;
    std::list<std::int64_t>::iterator place;
    std::size_t key_count = 0;
  };

  std::shared_ptr<Entry> EntryOf(tracking::RunId run);
  void NoteSize(tracking::RunId run, std::size_t key_count);

  std::mutex mutex_;
  // Guarded by mutex_.
  std::unordered_map<std::int64_t, Slot> slots_;
  std::list<std::int64_t> recent_;  // newest first
  std::size_t key_count_ = 0;
};

}  // namespace regatta::wandb
