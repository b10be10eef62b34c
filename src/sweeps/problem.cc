#include "regatta/sweeps/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace regatta::sweeps {
namespace {

char Lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                              : character;
}

// Edits (insert, delete, replace, swap of neighbours) from one word to the other, letter case free.
std::size_t EditDistance(std::string_view from, std::string_view to) {
  const std::size_t width = to.size() + 1;
  std::vector<std::size_t> before(width);
  std::vector<std::size_t> last(width);
  std::vector<std::size_t> row(width);
  for (std::size_t j = 0; j < width; ++j) {
    last[j] = j;
  }
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const bool is_same = Lower(from[i - 1]) == Lower(to[j - 1]);
      row[j] = std::min({row[j - 1] + 1, last[j] + 1, last[j - 1] + (is_same ? 0 : 1)});
      if (i > 1 && j > 1 && Lower(from[i - 1]) == Lower(to[j - 2]) &&
          Lower(from[i - 2]) == Lower(to[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[width - 1];
}

}  // namespace

std::string ProblemText(const Problem& problem) {
  std::string text;
  if (problem.position.line > 0) {
    text += fmt::format("line {}, column {}: ", problem.position.line, problem.position.column);
  }
  if (!problem.path.empty()) {
    text += problem.path + ": ";
  }
  text += problem.message;
  if (!problem.suggestion.empty()) {
    text += "; " + problem.suggestion;
  }
  return text;
}

bool HasErrors(std::span<const Problem> problems) {
  return std::ranges::any_of(
      problems, [](const Problem& problem) { return problem.severity == Severity::kError; });
}

std::vector<std::string> WarningTexts(std::span<const Problem> problems) {
  std::vector<std::string> texts;
  for (const Problem& problem : problems) {
    if (problem.severity == Severity::kWarning) {
      texts.push_back(ProblemText(problem));
    }
  }
  return texts;
}

std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t kWordLengthMax = 100;
  if (word.empty() || word.size() > kWordLengthMax) {
    return {};
  }
  std::string_view nearest;
  std::size_t nearest_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kWordLengthMax) {
      continue;
    }
    const std::size_t distance = EditDistance(word, candidate);
    if (distance < nearest_distance && distance < word.size()) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  return nearest;
}

std::string SpellingSuggestion(std::string_view word,
                               std::span<const std::string_view> candidates) {
  if (const std::string_view nearest = NearestWord(word, candidates); !nearest.empty()) {
    return fmt::format("did you mean \"{}\"?", nearest);
  }
  constexpr std::size_t kListedMax = 24;
  std::string list;
  for (const std::string_view candidate :
       candidates.first(std::min(candidates.size(), kListedMax))) {
    list += list.empty() ? "" : ", ";
    list += candidate;
  }
  if (candidates.size() > kListedMax) {
    list += ", ...";
  }
  return list.empty() ? std::string() : "use one of " + list;
}

}  // namespace regatta::sweeps
