#include "parzen.h"

#include <algorithm>
#include <cmath>

#include "acquisition.h"
#include "normal.h"

namespace regatta::search {
namespace {

// Of a kernel that is alone, as a share of the range.
constexpr double kWidth = 0.08;

}  // namespace

Parzen::Parzen(const SearchSpace& space, const Encoder& encoder)
    : dimensions_(space.size()), space_(&space), encoder_(&encoder) {}

void Parzen::Set(const std::vector<const Unit*>& centres) {
  const double n = std::max<double>(1, static_cast<double>(centres.size()));
  const auto d = static_cast<double>(dimensions_.size());
  const double shrink = std::pow(n, -1 / (d + 4));
  leak_ = std::max(0.1, 1 / (1 + std::sqrt(n)));
  for (std::size_t k = 0; k < dimensions_.size(); ++k) {
    Dimension& dimension = dimensions_[k];
    dimension.centres.clear();
    dimension.norms.clear();
    if (encoder_->kind(k) == DimensionKind::kCategory) {
      const Distribution& distribution = (*space_)[k].distribution;
      const auto& given = distribution.spec().probabilities;
      const auto levels = static_cast<std::size_t>(encoder_->levels(k));
      dimension.same.assign(levels, 0.0);
      for (std::size_t item = 0; item < levels; ++item) {
        const double chance = given.empty() ? 1 / static_cast<double>(levels) : given[item];
        dimension.same[item] = std::log(leak_ + (1 - leak_) / std::max(chance, 1e-12));
      }
      dimension.other = std::log(leak_);
      continue;
    }
    dimension.width = kWidth * shrink;
  }
  size_ = 0;
  for (const Unit* centre : centres) {
    Add(*centre);
  }
}

void Parzen::Add(const Unit& centre) {
  for (std::size_t k = 0; k < dimensions_.size(); ++k) {
    Dimension& dimension = dimensions_[k];
    const double x = centre[k];
    dimension.centres.push_back(x);
    if (encoder_->kind(k) != DimensionKind::kCategory) {
      const double inside =
          NormalCdf((1 - x) / dimension.width) - NormalCdf((0 - x) / dimension.width);
      dimension.norms.push_back(
          x == kInactive ? 0 : -0.91893853320467274 - std::log(dimension.width * inside));
    }
  }
  ++size_;
}

void Parzen::Truncate(std::size_t count) {
  for (Dimension& dimension : dimensions_) {
    dimension.centres.resize(std::min(count, dimension.centres.size()));
    dimension.norms.resize(std::min(count, dimension.norms.size()));
  }
  size_ = std::min(count, size_);
}

Unit Parzen::Draw(Rng& rng) const {
  const std::size_t which = rng.Below(size_ + 1);
  Unit unit(dimensions_.size());
  for (std::size_t k = 0; k < unit.size(); ++k) {
    const Dimension& dimension = dimensions_[k];
    const double fresh = encoder_->FromUniform(k, rng.UniformOpen());
    const double centre = which < size_ ? dimension.centres[which] : kInactive;
    if (centre == kInactive) {
      unit[k] = fresh;
    } else if (encoder_->kind(k) == DimensionKind::kCategory) {
      unit[k] = rng.Uniform() < leak_ ? fresh : centre;
    } else {
      double moved = centre + dimension.width * rng.Normal();
      for (int i = 0; i < 16 && (moved < 0 || moved > 1); ++i) {
        moved = centre + dimension.width * rng.Normal();
      }
      unit[k] = std::clamp(moved, 0.0, 1.0);
    }
  }
  encoder_->Snap(unit);
  return unit;
}

double Parzen::LogDensity(const Unit& unit) const {
  logs_.assign(size_ + 1, 0.0);  // the last one is the space's own distribution
  for (std::size_t k = 0; k < unit.size(); ++k) {
    const double x = unit[k];
    if (x == kInactive) {
      continue;
    }
    const Dimension& dimension = dimensions_[k];
    const double* centres = dimension.centres.data();
    double* logs = logs_.data();
    if (encoder_->kind(k) == DimensionKind::kCategory) {
      const double same = dimension.same[static_cast<std::size_t>(x)];
      for (std::size_t c = 0; c < size_; ++c) {
        logs[c] += centres[c] == x ? same : centres[c] == kInactive ? 0.0 : dimension.other;
      }
    } else {
      const double* norms = dimension.norms.data();
      const double half = 0.5 / (dimension.width * dimension.width);
      for (std::size_t c = 0; c < size_; ++c) {
        const double gap = x - centres[c];
        logs[c] += centres[c] == kInactive ? 0.0 : norms[c] - half * gap * gap;
      }
    }
  }
  return LogMeanExp(logs_.data(), static_cast<int>(logs_.size()));
}

}  // namespace regatta::search
