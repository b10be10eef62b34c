#include "pb2.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "candidate_search.h"
#include "encoder.h"
#include "evidence.h"
#include "point_picker.h"
#include "population_gains.h"
#include "posterior.h"
#include "regatta/base/function_ref.h"
#include "sobol.h"

namespace regatta::search {
namespace {

// κ: deviations that count beside the mean.
constexpr double kOptimism = 1;
// Draws of the hyperparameters, sweeps before the first and between them.
constexpr int kDraws = 4;
constexpr int kBurnIn = 6;
constexpr int kSweepsBetween = 2;
// How far numbers move from the parent's values at most, as a share of the range (lattices at least
// one level): the checkpoint is one that those made.
constexpr double kBox = 0.3;
// How far apart choices keep from what is open, in some number, as a share of its range: where the
// deviation is small against the slope of the mean, pending intervals alone do not spread members.
constexpr double kApart = 0.01;
// How far a new choice may reach in one step of the candidate search, as a share of the range.
constexpr double kReach = 0.5;
// Sobol points of one decision.
constexpr std::uint64_t kCandidatesMax = 1024;

// One posterior for each draw of the hyperparameters.
std::vector<Posterior> FitDraws(const Encoder& encoder, const PopulationGains& gains, Rng& rng) {
  const Rows rows(encoder, gains.ended());
  Evidence evidence(encoder, rows, gains.gains());
  Hyper hyper = DefaultHyper(encoder.dimensions());
  std::vector<Posterior> posteriors;
  for (int draw = 0; draw < kDraws; ++draw) {
    for (int i = 0; i < (draw == 0 ? kBurnIn : kSweepsBetween); ++i) {
      evidence.SliceSweep(hyper, rng);
    }
    Posterior posterior;
    if (!posterior.Fit(encoder, rows, gains.gains(), hyper)) continue;
    posterior.AppendPending(gains.open());
    posteriors.push_back(std::move(posterior));
  }
  return posteriors;
}

bool IsNear(const Encoder& encoder, const Unit& unit, const Unit& from) {
  for (std::size_t d = 0; d < unit.size(); ++d) {
    if (unit[d] == kInactive || from[d] == kInactive) continue;
    if (encoder.kind(d) == DimensionKind::kContinuous && std::abs(unit[d] - from[d]) > kBox) {
      return false;
    }
    if (encoder.kind(d) == DimensionKind::kLattice) {
      const std::int64_t gap = encoder.UnitLevel(d, unit[d]) - encoder.UnitLevel(d, from[d]);
      const double reach = kBox * static_cast<double>(encoder.levels(d));
      if (std::abs(static_cast<double>(gap)) > std::max(1.0, reach)) return false;
    }
  }
  return true;
}

// Whether two rows are the same try, whatever their time and level.
bool IsClose(const Encoder& encoder, const Unit& left, const Unit& right) {
  for (std::size_t d = 0; d < encoder.dimensions(); ++d) {
    const bool is_number = encoder.kind(d) == DimensionKind::kContinuous && left[d] != kInactive &&
                           right[d] != kInactive;
    if (is_number ? std::abs(left[d] - right[d]) >= kApart : left[d] != right[d]) return false;
  }
  return true;
}

}  // namespace

std::optional<Pb2Choice> ChoosePb2(const SearchSpace& space,
                                   std::span<const PopulationInterval> history,
                                   const PopulationInterval& next, const PbtOptions& options) {
  if (space.size() == 0) return {};
  const Encoder encoder(space);
  const PopulationGains gains(space, encoder, options.goal, history, next);
  if (gains.gains().size() < kPb2ResultsMin) return {};
  const SearchSpace wide_space = WithTimeAndLevel(space);
  const Encoder wide(wide_space);
  // All members that explore after the same interval share the draws.
  Rng chain = StreamOf(options.seed, Stream::kModel, next.interval);
  const std::vector<Posterior> posteriors = FitDraws(wide, gains, chain);
  if (posteriors.empty()) return {};

  Posterior::Scratch scratch;
  std::vector<Unit> at_next;
  std::vector<double> mean;
  std::vector<double> variance;
  const auto score = [&](std::span<const Unit> units, Effort /*effort*/,
                         std::vector<double>& scores) {
    at_next.clear();
    for (const Unit& unit : units) at_next.push_back(gains.AtNext(unit));
    const Rows points(wide, at_next);
    scores.assign(units.size(), 0);
    mean.resize(units.size());
    variance.resize(units.size());
    for (const Posterior& posterior : posteriors) {
      posterior.Predict(points, mean.data(), variance.data(), scratch);
      for (std::size_t i = 0; i < units.size(); ++i) {
        scores[i] += mean[i] + kOptimism * std::sqrt(std::max(0.0, variance[i]));
      }
    }
  };
  const Unit from = encoder.ToUnit(next.values);
  const auto is_allowed = [&](const Unit& unit) {
    return IsNear(encoder, unit, from) &&
           (!options.allowed || options.allowed(encoder.ToPoint(unit)));
  };
  const auto is_apart = [&](const Unit& unit) {
    const Unit row = gains.AtNext(unit);
    return is_allowed(unit) &&
           std::none_of(gains.open().begin(), gains.open().end(),
                        [&](const Unit& open) { return IsClose(encoder, row, open); });
  };
  Rng rng = StreamOf(options.seed, Stream::kAcquisition, next.interval).Split(next.id);
  const Sobol sobol(space.size(), options.seed);
  const std::vector<Unit> seeds = {from};
  const std::vector<double> reach(space.size(), kReach);
  const auto search = [&](FunctionRef<bool(const Unit&)> admit) {
    return SearchCandidates(encoder, sobol, next.interval * kCandidatesMax, seeds, reach,
                            SearchSettings{}, admit, score, rng);
  };
  std::vector<Candidate> found = search(is_apart);
  if (found.empty()) found = search(is_allowed);  // few points, all of them open
  if (found.empty()) return {};
  return Pb2Choice{encoder.ToPoint(found.front().unit), gains.gains().size()};
}

}  // namespace regatta::search
