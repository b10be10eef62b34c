#include "prior_draw.h"

#include <algorithm>
#include <cstdint>

namespace regatta::search {
namespace {

// The middle of the coordinates that give the level.
double MiddleOf(const Distribution& distribution, std::int64_t level) {
  const double above = distribution.Cdf(distribution.Level(level));
  const double below = level > 0 ? distribution.Cdf(distribution.Level(level - 1)) : 0.0;
  return 0.5 * (below + above);
}

}  // namespace

double DrawFromPrior(const SearchSpace& space, const Encoder& encoder, std::size_t d, double u,
                     Rng& rng) {
  const Distribution& distribution = space[d].distribution;
  const Prior& prior = *space[d].prior;
  if (encoder.kind(d) == DimensionKind::kCategory) {
    const auto others = static_cast<double>(encoder.levels(d) - 1);
    const bool follows = rng.Uniform() * (prior.odds + others) < prior.odds;
    return follows ? MiddleOf(distribution, distribution.LevelOf(prior.value)) : u;
  }
  Point point(space.size());
  point[d] = prior.value;
  const double drawn = std::clamp(encoder.ToUnit(point)[d] + prior.spread * rng.Normal(), 0.0, 1.0);
  if (encoder.kind(d) == DimensionKind::kContinuous) {
    return drawn;
  }
  const ParameterValue value = encoder.ValueAt(d, drawn);
  // The cdf of a rounded range is that of the values before they are rounded.
  return distribution.is_quantized() ? distribution.Cdf(value)
                                     : MiddleOf(distribution, distribution.LevelOf(value));
}

}  // namespace regatta::search
