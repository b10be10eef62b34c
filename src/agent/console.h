// The last output of a run, line by line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/function_ref.h"

namespace regatta::agent {

// Cuts one stream of bytes into lines. A carriage return starts the line anew, as progress bars
// mean it; a line longer than kLineBytesMax comes in pieces. Not thread-safe.
class LineCutter {
 public:
  static constexpr std::size_t kLineBytesMax = 8192;

  // Calls `on_line` for every line that `bytes` completes, without its end.
  void Add(std::string_view bytes, FunctionRef<void(std::string_view)> on_line);
  // Calls `on_line` with what stands after the last newline, if anything does.
  void Finish(FunctionRef<void(std::string_view)> on_line);

 private:
  std::string line_;
  bool restarts_ = false;  // a carriage return was seen; it may still belong to "\r\n"
};

// Keeps the newest lines of a run within a bound. Not thread-safe.
class Console {
 public:
  static constexpr std::size_t kLinesMax = 1000;
  static constexpr std::size_t kBytesMax = std::size_t{256} << 10;

  void Add(Timestamp time, bool is_error, std::string_view text);

  // The newest `count` lines, at most `bytes_max` bytes of each, oldest first.
  std::vector<std::string> Last(std::size_t count, std::size_t bytes_max) const;
  // All that is kept as lines of output.log: "[ERROR ]<UTC time> text". When older lines were
  // dropped, the first line says how many.
  std::vector<std::string> LogLines() const;

 private:
  struct Line {
    Timestamp time;
    bool is_error = false;
    std::string text;
  };
  std::deque<Line> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace regatta::agent
