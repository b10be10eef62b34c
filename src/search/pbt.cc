#include "regatta/search/pbt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "encoder.h"
#include "pb2.h"
#include "point_picker.h"

namespace regatta::search {
namespace {

constexpr std::size_t kPopulationMin = 4;
// Perturbations that are tried for one that is allowed.
constexpr int kTries = 64;

// A neighbour of `values`: numbers move up or down by `step`, lattices by a level, categories stay;
// each parameter is drawn afresh with chance `resample`.
Point Explore(const SearchSpace& space, const Point& values, const PbtOptions& options, Rng& rng) {
  const Encoder encoder(space);
  Unit unit = encoder.ToUnit(values);
  for (std::size_t d = 0; d < unit.size(); ++d) {
    const double fresh = encoder.FromUniform(d, rng.UniformOpen());
    const double direction = rng.Uniform() < 0.5 ? -1 : 1;
    if (rng.Uniform() < options.resample || unit[d] == kInactive) {
      unit[d] = fresh;
    } else if (encoder.kind(d) == DimensionKind::kContinuous) {
      unit[d] = std::clamp(unit[d] + direction * options.step, 0.0, 1.0);
    } else if (encoder.kind(d) == DimensionKind::kLattice) {
      const std::int64_t level =
          encoder.UnitLevel(d, unit[d]) + static_cast<std::int64_t>(direction);
      unit[d] = encoder.LevelUnit(d, std::clamp<std::int64_t>(level, 0, encoder.levels(d) - 1));
    }
  }
  encoder.Snap(unit);
  return encoder.ToPoint(unit);
}

// A member by its loss, and its place in the population.
using Ranked = std::pair<double, std::size_t>;

// Who goes on is in its next interval, whether it has asked for it yet or not.
void AddOpen(std::span<const Ranked> going_on, std::span<const PopulationMember> population,
             std::uint64_t interval, std::vector<PopulationInterval>& known) {
  for (const auto& [loss, place] : going_on) {
    const PopulationMember& member = population[place];
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const auto& past) {
      return !past.after && past.id == member.id;
    });
    if (!is_known) known.push_back({member.id, interval, member.values, member.value, {}});
  }
}

// An allowed neighbour of `values`, else `values`.
Point ExploreAllowed(const SearchSpace& space, const Point& values, const PbtOptions& options,
                     Rng& rng) {
  for (int n = 0; n < kTries; ++n) {
    Point point = Explore(space, values, options, rng);
    if (!options.allowed || options.allowed(point)) return point;
  }
  return values;
}

}  // namespace

Result<PbtDecision> DecidePbt(const SearchSpace& space,
                              std::span<const PopulationMember> population, TrialId member,
                              std::uint64_t interval, const PbtOptions& options,
                              std::span<const PopulationInterval> history) {
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < population.size(); ++i) {
    const double value = population[i].value;
    const double loss = options.goal == Goal::kMaximize ? -value : value;
    ranked.emplace_back(std::isfinite(loss) ? loss : std::numeric_limits<double>::infinity(), i);
  }
  std::sort(ranked.begin(), ranked.end(), [&](const auto& a, const auto& b) {
    return a.first < b.first ||
           (a.first == b.first && population[a.second].id < population[b.second].id);
  });
  const auto place = std::find_if(ranked.begin(), ranked.end(), [&](const auto& entry) {
    return population[entry.second].id == member;
  });
  if (place == ranked.end()) {
    return NotFound(fmt::format("trial {} is not in the population", member));
  }
  const PopulationMember& self = population[place->second];
  const auto rank = static_cast<std::size_t>(place - ranked.begin());
  const auto edge = static_cast<std::size_t>(
      std::ceil(std::clamp(options.share, 0.0, 0.5) * static_cast<double>(population.size())));
  PbtDecision decision;
  decision.values = self.values;
  decision.reason = fmt::format("place {} of {}: goes on", rank + 1, population.size());
  if (population.size() < kPopulationMin) {
    decision.reason += fmt::format(", fewer than {} never copy", kPopulationMin);
    return decision;
  }
  if (rank + edge < population.size()) return decision;
  std::vector<std::size_t> parents;
  for (std::size_t i = 0; i < edge; ++i) {
    const auto& [loss, at] = ranked[i];
    if (loss < place->first && space.Normalize(population[at].values)) parents.push_back(at);
  }
  if (parents.empty()) {
    decision.reason += ", none of the best is better";
    return decision;
  }
  Rng rng = StreamOf(options.seed, Stream::kChoice, interval).Split(member);
  const PopulationMember& parent = population[parents[rng.Below(parents.size())]];
  decision.parent = parent.id;
  const Point base = *space.Normalize(parent.values);
  decision.reason = fmt::format("place {} of {}: takes over trial {} ({:.6g} against {:.6g})",
                                rank + 1, population.size(), parent.id, parent.value, self.value);
  std::optional<Pb2Choice> choice;
  if (options.explore == Explore::kPb2) {
    std::vector<PopulationInterval> known(history.begin(), history.end());
    AddOpen(std::span(ranked).first(population.size() - edge), population, interval + 1, known);
    choice = ChoosePb2(space, known, {member, interval + 1, base, parent.value, {}}, options);
    decision.reason += choice ? fmt::format(", pb2 chose by {} intervals", choice->intervals)
                              : ", perturbed for want of results";
  }
  decision.values = choice ? choice->values : ExploreAllowed(space, base, options, rng);
  return decision;
}

}  // namespace regatta::search
