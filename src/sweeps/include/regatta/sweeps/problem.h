// What is wrong with a sweep file: where, what, and how to put it right.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

enum class Severity : std::uint8_t {
  kWarning,  // the sweep is created; the person should look
  kError,    // no sweep is created
};

struct Problem {
  Severity severity = Severity::kError;
  // The place in the tree, keys joined by '.' and list items as [0]: "parameters.lr.min".
  std::string path;
  // Line 0: the problem has no place in the text.
  Position position;
  std::string message;
  // What to write instead, as a sentence; may be empty.
  std::string suggestion;
};

// "line 3, column 5: parameters.lr.min: message; suggestion", leaving out what is not known.
std::string ProblemText(const Problem& problem);

bool HasErrors(std::span<const Problem> problems);

// The texts of all warnings, as `configValidationWarnings` carries them.
std::vector<std::string> WarningTexts(std::span<const Problem> problems);

// The candidate that `word` was probably meant to be (edit distance of at most a third of its
// length, letter case free), or empty.
std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates);

// `did you mean "x"?` for the nearest candidate, or, with none near, `use one of a, b, c`.
std::string SpellingSuggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace regatta::sweeps
