#include "candidate_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "lbfgs.h"

namespace regatta::search {
namespace {

double Reflect(double x) {
  x = std::abs(x);
  x = std::fmod(x, 2.0);
  return x > 1 ? 2 - x : x;
}

double MoveLattice(const Encoder& encoder, std::size_t d, double at, double width, Rng& rng) {
  const std::int64_t levels = encoder.levels(d);
  const std::int64_t level = encoder.UnitLevel(d, at);
  if (levels < 2) {
    return at;
  }
  auto step =
      static_cast<std::int64_t>(std::nearbyint(rng.Normal() * width * static_cast<double>(levels)));
  if (step == 0) {
    step = rng.Uniform() < 0.5 ? -1 : 1;
  }
  std::int64_t moved = std::clamp<std::int64_t>(level + step, 0, levels - 1);
  if (moved == level) {
    moved = level == 0 ? 1 : level - 1;
  }
  return encoder.LevelUnit(d, moved);
}

// Scores the units and appends them.
void AddScored(std::vector<Unit> units, Effort effort, ScoreFunction score,
               std::vector<Candidate>& candidates) {
  std::vector<double> scores;
  score(units, effort, scores);
  for (std::size_t i = 0; i < units.size(); ++i) {
    candidates.push_back({std::move(units[i]), scores[i]});
  }
}

}  // namespace

void SortByScore(std::vector<Candidate>& candidates) {
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&candidates](std::size_t i) {
    const double score = candidates[i].score;
    return std::isnan(score) ? -std::numeric_limits<double>::infinity() : score;
  };
  std::sort(order.begin(), order.end(), [&key](std::size_t a, std::size_t b) {
    return key(a) > key(b) || (key(a) == key(b) && a < b);
  });
  std::vector<Candidate> sorted;
  sorted.reserve(candidates.size());
  for (const std::size_t i : order) {
    sorted.push_back(std::move(candidates[i]));
  }
  candidates = std::move(sorted);
}

Unit Perturb(const Encoder& encoder, const Unit& base, double width, double dimensions_mean,
             std::span<const double> scale, Rng& rng) {
  const std::size_t dimensions = base.size();
  std::vector<std::size_t> active;
  for (std::size_t d = 0; d < dimensions; ++d) {
    if (base[d] != kInactive) {
      active.push_back(d);
    }
  }
  Unit unit = base;
  if (active.empty()) {
    return unit;
  }
  const double share = std::min(1.0, dimensions_mean / static_cast<double>(active.size()));
  const std::size_t certain = active[rng.Below(active.size())];
  for (const std::size_t d : active) {
    if (d != certain && rng.Uniform() >= share) {
      continue;
    }
    switch (encoder.kind(d)) {
      case DimensionKind::kContinuous:
        unit[d] = Reflect(unit[d] + rng.Normal() * width * std::min(scale[d], 1.0));
        break;
      case DimensionKind::kLattice:
        unit[d] = MoveLattice(encoder, d, unit[d], width * std::min(scale[d], 1.0), rng);
        break;
      case DimensionKind::kCategory:
        if (encoder.levels(d) > 1) {
          const auto others = static_cast<std::uint64_t>(encoder.levels(d) - 1);
          const auto other = static_cast<double>(rng.Below(others));
          unit[d] = other >= unit[d] ? other + 1 : other;
        }
        break;
    }
  }
  if (active.size() < dimensions) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      if (base[d] == kInactive) {
        unit[d] = encoder.FromUniform(d, rng.UniformOpen());
      }
    }
  }
  encoder.Snap(unit);
  return unit;
}

namespace {

void Rescore(Effort effort, ScoreFunction score, std::vector<Candidate>& pool) {
  std::vector<Unit> units;
  for (Candidate& candidate : pool) {
    units.push_back(std::move(candidate.unit));
  }
  pool.clear();
  AddScored(std::move(units), effort, score, pool);
  SortByScore(pool);
}

// The finalists of a sorted pool by the full model, the rest after them as a reserve.
void ScoreFinalists(const SearchSettings& settings, ScoreFunction score,
                    std::vector<Candidate>& pool) {
  std::vector<Candidate> reserve;
  while (pool.size() > settings.finalists) {
    reserve.push_back(std::move(pool.back()));
    pool.pop_back();
  }
  Rescore(Effort::kAll, score, pool);
  std::reverse(reserve.begin(), reserve.end());
  for (Candidate& candidate : reserve) {
    pool.push_back(std::move(candidate));
  }
}

// Whether anything can be polished.
bool HasNumbers(const Encoder& encoder) {
  for (std::size_t d = 0; d < encoder.dimensions(); ++d) {
    if (encoder.kind(d) == DimensionKind::kContinuous) {
      return true;
    }
  }
  return false;
}

// A start of the polishing, with the coordinates that move and how far.
struct Climber {
  Unit unit;
  Unit low;
  Unit high;
  std::vector<std::size_t> free;
  ProjectedLbfgs search;  // in length scales

  void Place(std::span<const double> scale, std::span<const double> x) {
    for (std::size_t i = 0; i < free.size(); ++i) {
      unit[free[i]] = std::clamp(x[i] * scale[free[i]], low[free[i]], high[free[i]]);
    }
  }
  // A millionth of a range is as fine as anybody asks for, and rounding hides last places of exp
  // and erfc, in which C libraries for different processors differ.
  void Round() {
    constexpr double kSteps = 1 << 20;
    for (const std::size_t d : free) {
      unit[d] = std::clamp(std::nearbyint(unit[d] * kSteps) / kSteps, low[d], high[d]);
    }
  }
};

// Far enough from each other to end at different tops.
bool IsDistinct(const Encoder& encoder, const Unit& unit, std::span<const double> scale,
                const std::vector<Climber>& climbers) {
  constexpr double kApart = 0.1;
  return std::none_of(climbers.begin(), climbers.end(), [&](const Climber& climber) {
    for (std::size_t d = 0; d < unit.size(); ++d) {
      const double reach =
          encoder.kind(d) == DimensionKind::kContinuous ? kApart * std::min(scale[d], 1.0) : 0.0;
      if (std::abs(unit[d] - climber.unit[d]) > reach) {
        return false;
      }
    }
    return true;
  });
}

// Polishes the best of a sorted pool, all of them in lock-step, and puts what is better than its
// start in front.
void Polish(const Encoder& encoder, std::span<const double> scale, const SearchSettings& settings,
            FunctionRef<bool(const Unit&)> admit, const Slopes& slopes,
            std::vector<Candidate>& pool) {
  constexpr double kBehind = 3;
  std::vector<Climber> climbers;
  Unit low;
  Unit high;
  for (const Candidate& candidate : pool) {
    if (climbers.size() == settings.climbers) {
      break;
    }
    if (!IsDistinct(encoder, candidate.unit, scale, climbers)) {
      continue;
    }
    slopes.box(candidate.unit, low, high);
    std::vector<std::size_t> free;
    std::vector<double> start;
    std::vector<double> lowest;
    std::vector<double> highest;
    for (std::size_t d = 0; d < candidate.unit.size(); ++d) {
      if (encoder.kind(d) == DimensionKind::kContinuous && candidate.unit[d] != kInactive) {
        free.push_back(d);
        low[d] = std::min(low[d], candidate.unit[d]);
        high[d] = std::max(high[d], candidate.unit[d]);
        start.push_back(candidate.unit[d] / scale[d]);
        lowest.push_back(low[d] / scale[d]);
        highest.push_back(high[d] / scale[d]);
      }
    }
    if (!free.empty()) {
      climbers.push_back({candidate.unit, low, high, std::move(free),
                          ProjectedLbfgs(std::move(start), std::move(lowest), std::move(highest))});
    }
  }
  std::vector<std::size_t> going(climbers.size());
  std::iota(going.begin(), going.end(), std::size_t{0});
  std::vector<Unit> units;
  std::vector<double> scores;
  std::vector<Unit> derivatives;
  std::vector<double> downhill;
  double top = -std::numeric_limits<double>::infinity();
  for (std::size_t step = 0; step < settings.steps && !going.empty(); ++step) {
    units.clear();
    for (const std::size_t i : going) {
      climbers[i].Place(scale, climbers[i].search.next());
      units.push_back(climbers[i].unit);
    }
    slopes.score(units, scores, derivatives);
    for (std::size_t k = 0; k < going.size(); ++k) {
      Climber& climber = climbers[going[k]];
      downhill.clear();
      for (const std::size_t d : climber.free) {
        downhill.push_back(-derivatives[k][d] * scale[d]);
      }
      climber.search.Take(-scores[k], downhill);
      top = std::max(top, -climber.search.value());
    }
    std::erase_if(going, [&](std::size_t i) {
      return climbers[i].search.done() || -climbers[i].search.value() < top - kBehind;
    });
  }
  for (Climber& climber : climbers) {
    climber.Place(scale, climber.search.best());
    climber.Round();
    encoder.Snap(climber.unit);
    if (admit(climber.unit)) {
      pool.push_back({std::move(climber.unit), -climber.search.value()});
    }
  }
  SortByScore(pool);
}

}  // namespace

std::vector<Candidate> SearchCandidates(const Encoder& encoder, const Sobol& sobol,
                                        std::uint64_t sobol_offset, std::span<const Unit> seeds,
                                        std::span<const double> scale,
                                        const SearchSettings& settings,
                                        FunctionRef<bool(const Unit&)> admit, ScoreFunction score,
                                        Rng& rng, const Slopes* slopes) {
  std::vector<Unit> units;
  std::vector<double> u(encoder.dimensions());
  const std::size_t spread = seeds.empty() ? settings.candidates : settings.candidates / 2;
  for (std::size_t i = 0; i < spread; ++i) {
    sobol.At(sobol_offset + i, u);
    Unit unit(u.size());
    for (std::size_t d = 0; d < u.size(); ++d) {
      unit[d] = encoder.FromUniform(d, u[d]);
    }
    encoder.Snap(unit);
    if (admit(unit)) {
      units.push_back(std::move(unit));
    }
  }
  if (!seeds.empty()) {
    for (std::size_t i = spread; i < settings.candidates; ++i) {
      const Unit& base = seeds[rng.Below(seeds.size())];
      const double width = 0.01 * std::pow(50.0, rng.Uniform());
      Unit unit = Perturb(encoder, base, width, 3, scale, rng);
      if (admit(unit)) {
        units.push_back(std::move(unit));
      }
    }
  }

  std::vector<Candidate> pool;
  AddScored(std::move(units), Effort::kGlance, score, pool);
  SortByScore(pool);
  pool.resize(std::min(pool.size(), settings.survivors));
  Rescore(Effort::kLook, score, pool);

  const bool polished = slopes != nullptr && HasNumbers(encoder);
  const std::size_t rounds = polished ? settings.rounds_before : settings.rounds;
  double width = 0.2;
  for (std::size_t round = 0; round < rounds; ++round, width *= 0.5) {
    std::vector<Unit> children;
    const std::size_t parents = std::min(pool.size(), settings.parents);
    for (std::size_t p = 0; p < parents; ++p) {
      for (std::size_t c = 0; c < settings.children; ++c) {
        const double few = c % 2 == 0 ? 1.0 : static_cast<double>(encoder.dimensions());
        Unit child = Perturb(encoder, pool[p].unit, width, few, scale, rng);
        if (admit(child)) {
          children.push_back(std::move(child));
        }
      }
    }
    AddScored(std::move(children), Effort::kLook, score, pool);
    SortByScore(pool);
    pool.resize(std::min(pool.size(), settings.survivors));
  }
  if (polished) {
    Polish(encoder, scale, settings, admit, *slopes, pool);
  }
  ScoreFinalists(settings, score, pool);
  return pool;
}

std::vector<Candidate> SiftCandidates(std::vector<Unit> units, const SearchSettings& settings,
                                      ScoreFunction score) {
  std::vector<Candidate> pool;
  if (units.size() <= settings.survivors) {
    AddScored(std::move(units), Effort::kAll, score, pool);
    SortByScore(pool);
    return pool;
  }
  AddScored(std::move(units), Effort::kGlance, score, pool);
  SortByScore(pool);
  pool.resize(settings.survivors);
  Rescore(Effort::kLook, score, pool);
  ScoreFinalists(settings, score, pool);
  return pool;
}

}  // namespace regatta::search
