// What every run's streams hold and where in the log it stands; kept in memory, rebuilt from
// log_index.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "line_map.h"
#include "regatta/tracking/stream.h"

namespace regatta::storage {

// What a row of log_index says. The values are stored: docs/formats/database.md.
enum class LogKind : std::uint8_t {
  kHistory = 0,
  kEvents = 1,
  kConsole = 2,
  kSummary = 3,          // the whole summary, the last one counts
  kTruncateHistory = 4,  // history lines from first_line on are forgotten
  kTruncateEvents = 5,
  kTruncateConsole = 6,
  kForget = 7,         // the run was deleted
  kSummaryFolded = 8,  // never stored: the run's row holds the summary up to this log id
  kErased = 9,         // never stored: the run's pieces up to this log id are gone
};

struct LogEntry {
  std::int64_t log_id = 0;
  tracking::RunId run{};
  LogKind kind = LogKind::kHistory;
  std::int64_t first_line = 0;
  std::int64_t count = 0;
  std::int64_t step_min = 0;
  std::int64_t step_max = 0;
  std::int64_t at_us = 0;
  // Of new lines in shared mode: who wrote them (StreamAppend::writer as a number, never 0), and
  // the first one as the writer counts.
  std::int64_t writer = 0;
  std::int64_t writer_line = 0;
  // kSummary only: the text, shared with readers.
  std::shared_ptr<const std::string> summary;
};

// One run's streams.
struct RunStreams {
  LineMap streams[tracking::kStreamKinds];
  // Shared mode only; by the number of the writer and the kind of stream.
  std::map<std::pair<std::int64_t, int>, WriterLines> writers;
  std::optional<std::int64_t> last_step;
  // The newest summary that the run's row does not hold yet, and its piece of the log.
  std::shared_ptr<const std::string> summary;
  std::int64_t summary_log_id = 0;
  std::int64_t heartbeat_us = 0;
  // Every piece of the log that belongs to the run, ascending, for deletion.
  std::vector<std::int64_t> log_ids;

  void Apply(const LogEntry& entry);
  tracking::StreamInfo Info() const;

 private:
  void Truncate(tracking::StreamKind kind, std::int64_t line_count);
};

// Thread-safe: readers on any thread, Apply on the writer's.
class StreamIndex {
 public:
  // Makes committed entries visible, in their order.
  void Apply(const std::vector<LogEntry>& entries);
  // Raises the run's last sign of life.
  void Touch(tracking::RunId run, std::int64_t at_us);

  // A copy of the run's streams; empty ones if it has logged nothing.
  RunStreams Snapshot(tracking::RunId run) const;
  tracking::StreamInfo Info(tracking::RunId run) const;
  // The ids of the run's pieces, ascending, the first `count_max` of them.
  std::vector<std::int64_t> LogIds(tracking::RunId run, std::size_t count_max) const;
  // The parts of a run's row that are newer here: its summary, if not folded yet, and its
  // heartbeat.
  struct Overlay {
    std::shared_ptr<const std::string> summary;
    std::int64_t summary_log_id = 0;
    std::int64_t heartbeat_us = 0;
  };
  Overlay OverlayOf(tracking::RunId run) const;
  // Runs whose row lags behind: an unfolded summary, or a heartbeat newer than the last fold.
  std::vector<tracking::RunId> Unfolded() const;
  void MarkHeartbeatFolded(tracking::RunId run, std::int64_t at_us);

 private:
  struct Slot {
    RunStreams streams;
    std::int64_t folded_heartbeat_us = 0;
  };

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::int64_t, Slot> runs_;  // guarded by mutex_
};

// The lines of a piece, packed: each as its length (LEB128) and its bytes.
std::string PackLines(const std::vector<std::string>& lines);
// Visits the lines [skip, skip + count) of a packed piece until `visit` answers false; false if the
// piece is damaged.
bool UnpackLines(std::string_view packed, std::int64_t skip, std::int64_t count,
                 FunctionRef<bool(std::int64_t position, std::string_view line)> visit);

}  // namespace regatta::storage
