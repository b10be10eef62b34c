#include "population_gains.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "row_choice.h"

namespace regatta::search {
namespace {

// How many robust deviations a number counts at most.
constexpr double kDeviationsMax = 3;
// Intervals over which the scale of the gains is smoothed.
constexpr double kScaleReach = 2;
// So that no difference overflows.
constexpr double kValueMax = 1e150;

// Median, and how far the upper quartile lies above it over 0.6745: the standard deviation if
// normal. What blows up lies below.
struct Spread {
  double median = 0;
  double deviation = 0;
};

// Requires: values.
Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double median = Quantile(values, 0.5);
  return {median, (Quantile(values, 0.75) - median) / 0.6745};
}

// The value at `time` of a line through points (time, y) that counts near ones more, by weights
// e^(-distance / kScaleReach) (local linear regression, Cleveland 1979): where a trend ends, a mean
// of neighbours would lag behind it.
double LocalLine(const std::vector<std::pair<double, double>>& points, double time) {
  double weight = 0;
  double t = 0;
  double y = 0;
  double tt = 0;
  double ty = 0;
  for (const auto& [at, value] : points) {
    const double gap = at - time;
    const double w = std::exp(-std::abs(gap) / kScaleReach);
    weight += w;
    t += w * gap;
    y += w * value;
    tt += w * gap * gap;
    ty += w * gap * value;
  }
  // As if one more interval stood at distance 1 on either side: a slope needs some evidence.
  const double variance = tt - t * t / weight + 1;
  const double slope = (ty - t * y / weight) / variance;
  return (y - slope * t) / weight;
}

double Deviations(double value, const Spread& spread) {
  if (spread.deviation <= 0) return 0;
  return std::clamp((value - spread.median) / spread.deviation, -kDeviationsMax, kDeviationsMax);
}

double Level(double before, const Spread& spread) {
  return 0.5 + 0.15 * Deviations(before, spread);
}

double Better(Goal goal, double value) {
  return std::clamp(goal == Goal::kMaximize ? value : -value, -kValueMax, kValueMax);
}

}  // namespace

struct PopulationGains::Row {
  Unit unit;
  std::size_t age = 0;
  std::optional<double> before;
  double gain = std::numeric_limits<double>::quiet_NaN();  // not finite: failed
  bool has_ended = false;
};

SearchSpace WithTimeAndLevel(const SearchSpace& space) {
  std::vector<Parameter> parameters = space.parameters();
  for (const char* name : {"\x01time", "\x01level"}) {
    parameters.push_back({name, Distribution::Uniform(0, 1).value(), {}, {}});
  }
  return SearchSpace::Create(std::move(parameters)).value();
}

PopulationGains::PopulationGains(const SearchSpace& space, const Encoder& encoder, Goal goal,
                                 std::span<const PopulationInterval> history,
                                 const PopulationInterval& next) {
  std::map<std::uint64_t, std::size_t> ages;
  for (const PopulationInterval& past : history) ages[past.interval] = 0;
  ages[next.interval] = 0;
  std::size_t later = ages.size();
  for (auto& [interval, age] : ages) age = --later;
  const std::size_t now = ages[next.interval];

  std::vector<Row> rows;
  for (const PopulationInterval& past : history) {
    const std::size_t age = std::max(ages[past.interval], now) - now;
    const Result<Point> point = space.Normalize(past.values);
    const bool is_sound = !past.before || std::isfinite(*past.before);
    if (!point || age > kWindow || !is_sound) continue;
    Row row{.unit = encoder.ToUnit(*point), .age = age, .has_ended = past.after.has_value()};
    if (past.before) row.before = Better(goal, *past.before);
    if (past.after && std::isfinite(*past.after)) {
      row.gain = Better(goal, *past.after) - row.before.value_or(0);
    }
    rows.push_back(std::move(row));
  }
  auto ended = static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.has_ended; }));
  std::erase_if(rows, [&](const Row& row) { return row.has_ended && ended-- > kRowsMax; });

  std::map<std::size_t, std::vector<double>> befores;
  for (const Row& row : rows) {
    if (row.before) befores[row.age].push_back(*row.before);
  }
  std::map<std::size_t, Spread> levels;
  for (const auto& [age, values] : befores) levels[age] = SpreadOf(values);
  if (next.before && std::isfinite(*next.before) && levels.contains(0)) {
    next_level_ = Level(Better(goal, *next.before), levels[0]);
  }
  Standardise(rows);
  for (const Row& row : rows) {
    Unit unit = row.unit;
    unit.push_back(1 - static_cast<double>(row.age) / static_cast<double>(kWindow));
    unit.push_back(row.before ? Level(*row.before, levels[row.age]) : 0.5);
    (row.has_ended ? ended_ : open_).push_back(std::move(unit));
    if (row.has_ended) gains_.push_back(row.gain);
  }
}

// Leaves y where the gain was.
void PopulationGains::Standardise(std::vector<Row>& rows) {
  std::map<std::pair<std::size_t, bool>, std::vector<double>> fellows;
  for (const Row& row : rows) {
    if (row.has_ended && std::isfinite(row.gain)) {
      fellows[{row.age, row.before.has_value()}].push_back(row.gain);
    }
  }
  std::map<std::pair<std::size_t, bool>, Spread> spreads;
  for (const auto& [place, gains] : fellows) spreads[place] = SpreadOf(gains);
  std::vector<std::pair<double, double>> log_deviations;  // by age
  for (const auto& [place, spread] : spreads) {
    if (spread.deviation <= 0) continue;
    log_deviations.emplace_back(static_cast<double>(place.first), std::log(spread.deviation));
  }
  const auto scale = [&](std::size_t age) {
    return log_deviations.empty() ? 1.0
                                  : std::exp(LocalLine(log_deviations, static_cast<double>(age)));
  };
  std::vector<double> scaled;
  for (Row& row : rows) {
    if (!row.has_ended || !std::isfinite(row.gain)) continue;
    if (!row.before) row.gain -= spreads[{row.age, false}].median;
    row.gain /= scale(row.age);
    scaled.push_back(row.gain);
  }
  if (scaled.empty()) scaled.push_back(0);
  const Spread spread = SpreadOf(scaled);
  double count = 0;
  double mean = 0;
  for (Row& row : rows) {
    if (!row.has_ended) continue;
    row.gain = std::isfinite(row.gain) ? Deviations(row.gain, spread) : -kDeviationsMax;
    mean += row.gain;
    count += 1;
  }
  mean /= std::max(count, 1.0);
  double variance = 0;
  for (const Row& row : rows) {
    if (row.has_ended) variance += (row.gain - mean) * (row.gain - mean) / count;
  }
  for (Row& row : rows) row.gain = variance > 0 ? (row.gain - mean) / std::sqrt(variance) : 0;
}

Unit PopulationGains::AtNext(const Unit& unit) const {
  Unit row = unit;
  row.push_back(1);
  row.push_back(next_level_);
  return row;
}

}  // namespace regatta::search
