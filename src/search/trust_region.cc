#include "trust_region.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace regatta::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

TrustRegion::TrustRegion(const Encoder& encoder, std::span<const Unit> results,
                         std::span<const Unit> pending, bool on)
    : encoder_(&encoder), results_(results), pending_(pending) {
  const auto n = static_cast<double>(results.size());
  const auto d = static_cast<double>(encoder.dimensions());
  radius_ = 0.2 + 0.3 * n / (5 * (d + 1));
  if (radius_ > 0.5 || !on) {
    radius_ = kInfinity;
  }
}

bool TrustRegion::IsNear(const Unit& unit, const Unit& seen) const {
  for (std::size_t d = 0; d < unit.size(); ++d) {
    if (encoder_->kind(d) != DimensionKind::kCategory && unit[d] >= 0 && seen[d] >= 0 &&
        std::abs(unit[d] - seen[d]) > radius_) {
      return false;
    }
  }
  return true;
}

bool TrustRegion::Holds(const Unit& unit) const {
  if (radius_ == kInfinity) {
    return true;
  }
  const auto near = [&](const Unit& seen) { return IsNear(unit, seen); };
  return std::any_of(results_.begin(), results_.end(), near) ||
         std::any_of(pending_.begin(), pending_.end(), near);
}

void TrustRegion::Box(const Unit& unit, Unit& low, Unit& high) const {
  low.assign(unit.size(), 0);
  high.assign(unit.size(), 1);
  if (radius_ == kInfinity) {
    return;
  }
  const double side = radius_ * (1 - 1e-9);  // its ends are trusted whatever rounding says
  for (const std::span<const Unit> seen : {results_, pending_}) {
    const auto near = std::find_if(seen.begin(), seen.end(),
                                   [&](const Unit& other) { return IsNear(unit, other); });
    if (near == seen.end()) {
      continue;
    }
    for (std::size_t d = 0; d < unit.size(); ++d) {
      if ((*near)[d] >= 0) {
        low[d] = std::max(low[d], (*near)[d] - side);
        high[d] = std::min(high[d], (*near)[d] + side);
      }
    }
    return;
  }
}

}  // namespace regatta::search
