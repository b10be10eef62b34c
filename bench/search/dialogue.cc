#include "dialogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <istream>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "numbers.h"
#include "regatta/base/result.h"
#include "simulate.h"

namespace regatta::bench {
namespace {

using search::Parameter;
using search::Point;

std::string SpaceLines(const search::SearchSpace& space) {
  std::string text = fmt::format("{}\n", space.size());
  for (std::size_t i = 0; i < space.size(); ++i) {
    const auto& spec = space[i].distribution.spec();
    text += fmt::format("{} {}", space[i].name, search::DistributionName(spec.kind));
    if (space[i].distribution.is_categorical()) {
      text += fmt::format(" {}", spec.categories);
      for (const double level : spec.levels) {
        text += fmt::format(" {}", level);
      }
    } else if (spec.kind == search::DistributionKind::kIntUniform) {
      text += fmt::format(" {} {}", spec.int_min, spec.int_max);
    } else {
      text += fmt::format(" {} {}", spec.min, spec.max);
    }
    for (const auto& condition : space[i].conditions) {
      text += fmt::format(" when {} {}", condition.parent, condition.categories.at(0));
    }
    text += "\n";
  }
  return text;
}

// Some optimisers write their whole numbers as 3.0.
std::optional<std::int64_t> ParseWhole(const std::string& word) {
  if (const auto whole = ParseNumber<std::int64_t>(word)) {
    return whole;
  }
  const auto number = ParseNumber<double>(word);
  if (!number || std::nearbyint(*number) != *number || std::fabs(*number) > 0x1p53) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

using Answer = std::optional<search::ParameterValue>;

Result<Answer> ParseValue(const Parameter& parameter, const std::string& word) {
  if (word == "-") {
    return Answer();
  }
  const auto& distribution = parameter.distribution;
  const bool is_whole = distribution.is_categorical() || distribution.is_integer();
  if (const auto whole = is_whole ? ParseWhole(word) : std::nullopt) {
    return distribution.is_categorical() ? Answer(search::CategoryIndex{*whole}) : Answer(*whole);
  }
  if (const auto number = ParseNumber<double>(word);
      number && std::isfinite(*number) && !is_whole) {
    return Answer(*number);
  }
  return InvalidArgument(fmt::format("parameter \"{}\": expected {} and found \"{}\"",
                                     parameter.name,
                                     distribution.is_categorical() ? "the number of an item"
                                     : is_whole                    ? "a whole number"
                                                                   : "a number",
                                     word));
}

Result<Point> ParsePoint(const search::SearchSpace& space, const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  if (words.size() != space.size()) {
    return InvalidArgument(
        fmt::format("found {} values for {} parameters: each needs one, \"-\" if it is inactive",
                    words.size(), space.size()));
  }
  Point point;
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto value = ParseValue(space[i], words[i]);
    if (!value) {
      return value.error();
    }
    point.push_back(*value);
  }
  return space.Normalize(std::move(point));
}

}  // namespace

void Converse(const Task& task, std::uint64_t seed, std::istream& in, std::ostream& out) {
  Session session(task, seed);
  out << fmt::format("{},{}\n", task.name, TaskKind(task)) << SpaceLines(task.space) << std::flush;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line) && line != "end"; ++number) {
    const auto point = ParsePoint(task.space, line);
    if (!point) {
      out << fmt::format("error line {}: {}\n", number, point.error().message) << std::flush;
      continue;
    }
    const double seen = session.Observe(*point);
    out << (std::isfinite(seen) ? fmt::format("{}\n", seen) : "crash\n") << std::flush;
  }
  out << fmt::format("{:.6g}\n", fmt::join(session.regrets(), " ")) << std::flush;
}

}  // namespace regatta::bench
