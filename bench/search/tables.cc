#include "tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <utility>

#include "regatta/base/rng.h"

namespace regatta::bench {
namespace {

using search::Distribution;
using search::Parameter;
using search::Point;
using search::SearchSpace;

struct Table {
  std::string name;
  std::size_t seeds = 0;
  std::vector<Parameter> parameters;
  std::vector<float> values;
  std::vector<double> means;

  // The first parameter is the slowest.
  std::size_t Cell(const Point& point) const {
    std::size_t cell = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto levels = static_cast<std::size_t>(*parameters[i].distribution.level_count());
      cell = cell * levels + static_cast<std::size_t>(search::AsNumber(*point[i]));
    }
    return cell;
  }
};

Error Broken(const std::string& path, const std::string& what) {
  return InvalidArgument(
      fmt::format("{}: {}; remove its folder and run: python3 bench/search/tables.py", path, what));
}

// Reads the lines up to "end", and yields the number of configurations.
Result<std::size_t> ReadHead(const std::string& path, std::istream& file, Table& table) {
  std::string line;
  if (!std::getline(file, line) || line != "regatta-table 1") {
    return Broken(path, "is no table: its first line is not \"regatta-table 1\"");
  }
  std::size_t cells = 1;
  while (std::getline(file, line) && line != "end") {
    std::istringstream words(line);
    std::string key;
    std::string name;
    words >> key;
    if (key == "name") {
      words >> table.name;
    } else if (key == "seeds") {
      words >> table.seeds;
    } else if (key == "parameter") {
      words >> name;
      auto levels = Distribution::Levels(
          {std::istream_iterator<double>(words), std::istream_iterator<double>()});
      if (!levels) {
        return Broken(path, fmt::format("parameter {}: {}", name, levels.error().message));
      }
      cells *= static_cast<std::size_t>(*levels->level_count());
      table.parameters.push_back({name, std::move(*levels), {}, {}});
    } else {
      return Broken(path, fmt::format("unknown line \"{}\" in its head", line));
    }
  }
  if (line != "end" || table.seeds == 0 || table.parameters.empty()) {
    return Broken(path, "its head lacks seeds, parameters or \"end\"");
  }
  return cells;
}

Result<void> ReadValues(const std::string& path, std::istream& file, std::size_t cells,
                        Table& table) {
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t wanted = cells * table.seeds * sizeof(float);
  if (bytes.size() != wanted) {
    return Broken(
        path, fmt::format("has {} bytes of values, its head asks for {}", bytes.size(), wanted));
  }
  for (std::size_t cell = 0; cell < cells; ++cell) {
    double sum = 0;
    for (std::size_t seed = 0; seed < table.seeds; ++seed) {
      std::uint32_t bits = 0;
      for (std::size_t byte = 4; byte-- > 0;) {
        bits =
            bits << 8U | static_cast<unsigned char>(bytes[(cell * table.seeds + seed) * 4 + byte]);
      }
      const auto value = std::bit_cast<float>(bits);
      if (!std::isfinite(value)) {
        return Broken(path, fmt::format("configuration {} has a value that is no number", cell));
      }
      table.values.push_back(value);
      sum += value;
    }
    table.means.push_back(sum / static_cast<double>(table.seeds));
  }
  return Ok();
}

}  // namespace

const std::vector<std::string>& TableNames() {
  static const std::vector<std::string> names = {
      "car", "phoneme", "vehicle", "australian", "kc1", "segment", "blood_transfusion", "credit_g"};
  return names;
}

Result<Task> ReadTableTask(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return NotFound(fmt::format(
        "there is no table {}. Make the tables with: export REGATTA_SEARCH_TABLES=$(python3 "
        "bench/search/tables.py)",
        path));
  }
  const auto table = std::make_shared<Table>();
  const auto cells = ReadHead(path, file, *table);
  if (!cells) {
    return cells.error();
  }
  if (auto values = ReadValues(path, file, *cells, *table); !values) {
    return values.error();
  }
  auto space = SearchSpace::Create(table->parameters);
  if (!space) {
    return Broken(path, space.error().message);
  }
  Task task{table->name, std::move(*space), {}, 0, 1, 0, false, {}};
  task.value = [table](const Point& point) { return table->means[table->Cell(point)]; };
  task.observe = [table](const Point& point, Rng& rng) {
    return static_cast<double>(
        table->values[table->Cell(point) * table->seeds + rng.Below(table->seeds)]);
  };
  std::vector<double> sorted = table->means;
  std::sort(sorted.begin(), sorted.end());
  task.best = sorted.front();
  task.reference = sorted[sorted.size() / 2];
  return task;
}

}  // namespace regatta::bench
