#include "regatta/tracking/extreme_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace regatta::tracking {

ExtremeSampler::ExtremeSampler(const RowPicker& picker, std::size_t key, std::size_t kept_max)
    : picker_(picker),
      key_(key),
      // Three of each stretch, and the two ends.
      stretches_max_((std::max<std::size_t>(kept_max, 8) - 2) / 3 / 2 * 2) {}

void ExtremeSampler::Add(std::string_view row, std::optional<double> smoothed) {
  if (picker_.Find(row, values_)) {
    AddFound(values_, smoothed);
  }
}

void ExtremeSampler::AddFound(std::span<const std::string_view> values,
                              std::optional<double> smoothed) {
  const double value = NumberOf(values[key_]);
  if (seen_ == 0) {
    first_ = Keep(value, values, smoothed);
  }
  if (seen_ % length_ == 0) {
    if (stretches_.size() == stretches_max_) {
      for (std::size_t i = 0; i < stretches_.size(); i += 2) {
        Stretch joined = std::move(stretches_[i]);
        Join(joined, std::move(stretches_[i + 1]));
        stretches_[i / 2] = std::move(joined);
      }
      stretches_.resize(stretches_max_ / 2);
      length_ *= 2;
    }
    stretches_.emplace_back();
  }
  Stretch& stretch = stretches_.back();
  if (!std::isfinite(value)) {
    if (!stretch.odd) {
      stretch.odd = Keep(value, values, smoothed);
    }
  } else {
    if (!stretch.low || value < stretch.low->value) {
      stretch.low = Keep(value, values, smoothed);
    }
    if (!stretch.high || value > stretch.high->value) {
      stretch.high = Keep(value, values, smoothed);
    }
  }
  last_text_.clear();
  picker_.PickFound(values, last_text_);
  last_smoothed_ = smoothed;
  ++seen_;
}

void ExtremeSampler::Join(Stretch& into, Stretch&& next) {
  if (next.low && (!into.low || next.low->value < into.low->value)) {
    into.low = std::move(next.low);
  }
  if (next.high && (!into.high || next.high->value > into.high->value)) {
    into.high = std::move(next.high);
  }
  if (!into.odd) {
    into.odd = std::move(next.odd);
  }
}

ExtremeSampler::Kept ExtremeSampler::Keep(double value, std::span<const std::string_view> values,
                                          std::optional<double> smoothed) const {
  std::string text;
  picker_.PickFound(values, text);
  return {seen_, value, WithSmoothed(std::move(text), smoothed)};
}

std::vector<std::string> ExtremeSampler::TakeSample() {
  std::vector<Kept> kept;
  const auto take = [&kept](std::optional<Kept>& item) {
    if (item) {
      kept.push_back(*std::move(item));
    }
  };
  take(first_);
  for (Stretch& stretch : stretches_) {
    take(stretch.low);
    take(stretch.high);
    take(stretch.odd);
  }
  if (seen_ > 0) {
    kept.push_back({seen_ - 1, 0, WithSmoothed(std::move(last_text_), last_smoothed_)});
  }
  std::sort(kept.begin(), kept.end(),
            [](const Kept& a, const Kept& b) { return a.index < b.index; });
  std::vector<std::string> sample;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    // A row can be the lowest, the highest and the first at once.
    if (i == 0 || kept[i].index != kept[i - 1].index) {
      sample.push_back(std::move(kept[i].text));
    }
  }
  return sample;
}

std::string WithSmoothed(std::string picked, std::optional<double> smoothed) {
  if (!smoothed || picked.empty()) return picked;
  picked.back() = ',';
  return picked + fmt::format("\"{}\":{}}}", kSmoothedKey, *smoothed);
}

}  // namespace regatta::tracking
