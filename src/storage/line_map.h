// Which piece of the log holds which line of a stream, when the last text of a line wins.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace regatta::storage {

// A run of lines whose current texts all stand in one log piece.
struct Extent {
  std::int64_t first = 0;  // first line
  std::int64_t count = 0;
  std::int64_t log_id = 0;    // the piece
  std::int64_t skip = 0;      // lines of the piece before `first`
  std::int64_t step_min = 0;  // of the whole piece: a bound, not the extent's own
  std::int64_t step_max = 0;

  std::int64_t end() const { return first + count; }
};

// Extents in ascending order without overlap. Setting lines is O(1) at the end, where logging
// happens, and O(n) in the middle, where only resends and progress bars write.
class LineMap {
 public:
  // Lines [extent.first, extent.end()) now stand in `extent`, whatever held them.
  void Set(const Extent& extent);
  // Forgets all lines from `line_count` on.
  void Truncate(std::int64_t line_count);

  // Highest line + 1.
  std::int64_t line_count() const { return extents_.empty() ? 0 : extents_.back().end(); }
  const std::vector<Extent>& extents() const { return extents_; }
  // The parts of the extents that lie in [first, first + count).
  std::vector<Extent> Slice(std::int64_t first, std::int64_t count) const;

 private:
  std::vector<Extent> extents_;
};

// Where the lines that one of several writers of a stream counts for itself stand in the stream.
class WriterLines {
 public:
  struct Part {
    std::int64_t first = 0;  // as the writer counts
    std::int64_t count = 0;
    std::optional<std::int64_t> place;  // of the first one in the stream; none: not there yet

    std::int64_t end() const { return first + count; }
  };

  // Lines [first, first + count) of the writer, which were not there yet, stand at `place`.
  void Add(std::int64_t first, std::int64_t count, std::int64_t place);
  // Forgets what stands at `line_count` of the stream or beyond.
  void Truncate(std::int64_t line_count);
  // Lines [first, first + count) of the writer in parts, ascending, without a gap.
  std::vector<Part> Split(std::int64_t first, std::int64_t count) const;

 private:
  std::vector<Part> parts_;  // ascending, without overlap; each with a place
};

}  // namespace regatta::storage
