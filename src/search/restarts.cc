#include "restarts.h"

#include <algorithm>
#include <cmath>

namespace regatta::search {
namespace {

// No search begins afresh before so many results.
constexpr std::size_t kFrom = 1000;
// A search that has gained nothing by so many results in a row, plus so many for each parameter,
// stands still.
constexpr std::size_t kPatience = 60;
constexpr std::size_t kPatienceOfOne = 10;
// What counts as a gain, as a part of the way from the median of the first kFrom results to their
// best.
constexpr double kGain = 1e-4;

// The newest of so many that ended last is taken for the newest there is; a trial from elsewhere
// may have any number.
constexpr std::size_t kRecent = 64;

}  // namespace

Restarts::Restarts(std::size_t dimensions) : patience_(kPatience + kPatienceOfOne * dimensions) {}

// The first search is given up late; when its turn comes again it mostly has nothing to add.
std::size_t Restarts::Patience() const {
  if (forgotten_) {
    return patience_;
  }
  return tried_afresh_ ? patience_ / 2 : 2 * patience_;
}

void Restarts::Begin(std::optional<TrialId> forgotten, double best) {
  forgotten_ = forgotten;
  mark_ = best;
  progress_at_ = taken_;
}

void Restarts::Take(TrialId id, double value) {
  ++taken_;
  best_ = std::min(best_, value);
  recent_.push_back(id);
  if (recent_.size() > kRecent) {
    recent_.pop_front();
  }
  const bool counts = !forgotten_ || id > *forgotten_;
  if (counts && value < mark_ - gain_) {
    mark_ = value;
    progress_at_ = taken_;
  }
  if (taken_ <= kFrom) {
    first_.push_back(value);
    if (taken_ == kFrom) {
      const auto middle = first_.begin() + static_cast<std::ptrdiff_t>(kFrom / 2);
      std::nth_element(first_.begin(), middle, first_.end());
      const double gain = kGain * (*middle - best_);
      gain_ = std::isfinite(gain) ? gain : 0;
      first_ = {};
    }
  }
  if (taken_ < kFrom || taken_ - progress_at_ < Patience()) {
    return;
  }
  if (forgotten_) {
    Begin(std::nullopt, best_);
  } else {
    tried_afresh_ = true;
    Begin(*std::max_element(recent_.begin(), recent_.end()), kInfinity);
  }
}

}  // namespace regatta::search
