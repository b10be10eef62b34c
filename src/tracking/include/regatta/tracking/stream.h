// What a run logs line by line: history, system events and console, addressed by line number.
//
// Writing sets lines: a line that is written twice keeps the last text, so a repeated request
// changes nothing, in whatever pieces it comes. Lines never written are absent.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/tracking/ids.h"

namespace regatta::tracking {

enum class StreamKind : std::uint8_t { kHistory = 0, kEvents = 1, kConsole = 2 };
inline constexpr int kStreamKinds = 3;

// Consecutive lines of one stream. `lines` are the texts as the client wrote them, without newline.
struct StreamLines {
  StreamKind kind = StreamKind::kHistory;
  std::int64_t first_line = 0;
  std::vector<std::string> lines;
  // History only: the smallest and largest `_step` of the lines; min > max where no line has one.
  std::int64_t step_min = std::numeric_limits<std::int64_t>::max();
  std::int64_t step_max = std::numeric_limits<std::int64_t>::min();
};

// Everything that one request of a run's client adds, committed as a whole.
struct StreamAppend {
  RunId run{};
  std::vector<StreamLines> pieces;
  // The whole summary, replacing the last one.
  std::optional<std::string> summary_json;
  // The writer's own name in shared mode, where several processes log to one run and line numbers
  // are each writer's own: lines that it has not sent before go to the end of the stream, and those
  // that it sends again are set where they stand. Empty otherwise.
  std::string writer;
  Timestamp at;
  // For the feed of changes: whose run it is. Nobody is told where `run_name` is empty.
  ProjectId project{};
  std::string run_name;
  std::string sweep_name;
};

// One line of a stream as read back.
struct StreamLine {
  std::int64_t number = 0;
  std::string_view text;  // valid during the visit
};

// What the streams of a run hold.
struct StreamInfo {
  // Highest line + 1, by StreamKind.
  std::int64_t line_count[kStreamKinds] = {0, 0, 0};
  // The largest `_step` of the history; absent without any.
  std::optional<std::int64_t> last_step;

  std::int64_t lines(StreamKind kind) const { return line_count[static_cast<int>(kind)]; }
};

class StreamTables {
 public:
  virtual ~StreamTables() = default;

  virtual Result<StreamInfo> Info(RunId run) const = 0;
  // Visits the lines [first, first + count) that exist, ascending, until `visit` answers false.
  virtual Result<void> ReadLines(RunId run, StreamKind kind, std::int64_t first, std::int64_t count,
                                 FunctionRef<bool(const StreamLine&)> visit) const = 0;
  // Visits the history lines of those chunks that may hold a `_step` in [step_min, step_max];
  // the visitor still has to look at each row's own step.
  virtual Result<void> ReadSteps(RunId run, std::int64_t step_min, std::int64_t step_max,
                                 FunctionRef<bool(const StreamLine&)> visit) const = 0;

  // Adds to the streams as part of a larger write; Store::AppendStreams is the short road. Errors:
  // kNotFound if there is no such run (any more); nothing is added then.
  virtual Result<void> Append(const StreamAppend& append) = 0;
  // Forgets every line of `kind` from `line_count` on. `last_step` is the largest `_step` that is
  // left in the history, which only the rows themselves tell; nullopt for none and for the other
  // kinds.
  virtual Result<void> Truncate(RunId run, StreamKind kind, std::int64_t line_count,
                                std::optional<std::int64_t> last_step) = 0;
};

}  // namespace regatta::tracking
