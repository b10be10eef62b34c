// One line of a run's console, as clients write it into output.log.
#pragma once

#include <string>
#include <string_view>

namespace regatta::tracking {

struct ConsoleLine {
  std::string timestamp;  // ISO 8601, UTC, ending in Z; empty if the line carries none
  std::string level;      // "error" for what went to stderr, else empty
  std::string label;      // the process, where several write to one run
  std::string text;       // as printed, colour codes included
};

// Reads both forms: `[ERROR ]2026-01-02T03:04:05.678901 text` and a JSON object with `level`, `ts`,
// `label` and `content`. Anything else is the text itself. In the plain form a label in brackets
// cannot be told from printed text, so it stays in the text.
ConsoleLine ParseConsoleLine(std::string_view line);

}  // namespace regatta::tracking
