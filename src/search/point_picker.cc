#include "point_picker.h"

#include <algorithm>
#include <utility>

namespace regatta::search {
namespace {

constexpr std::size_t kTries = 64;
constexpr std::size_t kTriesForAllowed = 10'000;
// Finite spaces up to this size are walked when random tries keep meeting taken points.
constexpr std::uint64_t kWalkMax = std::uint64_t{1} << 22U;

}  // namespace

Rng StreamOf(std::uint64_t seed, Stream stream, std::uint64_t place) {
  return Rng(seed, static_cast<std::uint64_t>(stream)).Split(place);
}

PointPicker::PointPicker(const SearchSpace& space, const SamplerOptions& options)
    : space_(&space), options_(&options) {
  if (Result<Grid> grid = Grid::Create(space, GridValues::kLevels)) {
    points_ = grid->size();
    grid_ = std::move(*grid);
  }
  for (std::size_t n = 0; n < options.initial_points.size(); ++n) {
    Rng rng = StreamOf(options.seed, Stream::kInitial, n);
    Point point = options.initial_points[n];
    point.resize(space.size());
    for (const std::size_t i : space.parents_first()) {
      const double u = rng.UniformOpen();
      if (!space.IsActive(i, point)) {
        point[i].reset();
      } else if (!point[i] || !space[i].distribution.Contains(*point[i])) {
        point[i] = space[i].distribution.Quantile(u);
      }
    }
    initial_.push_back(std::move(point));
  }
}

bool PointPicker::IsFree(const Point& point, const TrialBook& book, const Batch& batch) const {
  const std::string key = space_->Key(point);
  return !book.IsTaken(key) && !batch.contains(key) && IsReachable(point) && IsAllowed(point);
}

std::optional<Point> PointPicker::NextInitial(const TrialBook& book, const Batch& batch) const {
  for (const Point& point : initial_) {
    if (IsFree(point, book, batch)) {
      return point;
    }
  }
  return std::nullopt;
}

// False for items of probability zero, which walking the space would meet and sampling never does.
bool PointPicker::IsReachable(const Point& point) const {
  for (std::size_t i = 0; i < point.size(); ++i) {
    const auto& probabilities = (*space_)[i].distribution.spec().probabilities;
    if (point[i] && !probabilities.empty() &&
        !(probabilities[static_cast<std::size_t>(AsNumber(*point[i]))] > 0)) {
      return false;
    }
  }
  return true;
}

Result<std::optional<Point>> PointPicker::Pick(
    const TrialBook& book, const Batch& batch, Rng& rng,
    FunctionRef<void(std::size_t, std::vector<double>&)> draw) const {
  const bool small = points_ && *points_ <= kWalkMax;
  const bool crowded = small && (book.taken() + batch.size()) * 2 >= *points_;
  const std::size_t tries = crowded ? 4 : options_->allowed ? kTriesForAllowed : kTries;
  std::vector<double> u(space_->size());
  bool any_allowed = false;
  for (std::size_t n = 0; n < tries; ++n) {
    draw(n, u);
    Point point = space_->At(u);
    if (!IsAllowed(point)) {
      continue;
    }
    any_allowed = true;
    const std::string key = space_->Key(point);
    if (!book.IsTaken(key) && !batch.contains(key)) {
      return std::optional(std::move(point));
    }
    if (n >= kTries && small) {
      break;
    }
  }
  if (small) {
    const Permutation order(*points_, rng.Next());
    for (std::uint64_t n = 0; n < *points_; ++n) {
      Point point = grid_->At(order(n));
      if (IsReachable(point) && IsAllowed(point)) {
        any_allowed = true;
        const std::string key = space_->Key(point);
        if (!book.IsTaken(key) && !batch.contains(key)) {
          return std::optional(std::move(point));
        }
      }
    }
  }
  if (!any_allowed) {
    return FailedPrecondition(
        "no point of the space meets the constraints; relax them or give an initial point that "
        "does");
  }
  return std::optional<Point>();
}

Result<std::optional<Point>> PointPicker::PickRandom(const TrialBook& book, const Batch& batch,
                                                     Rng& rng) const {
  return Pick(book, batch, rng, [&rng](std::size_t /*attempt*/, std::vector<double>& u) {
    for (double& coordinate : u) {
      coordinate = rng.UniformOpen();
    }
  });
}

}  // namespace regatta::search
