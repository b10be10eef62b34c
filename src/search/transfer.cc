#include "transfer.h"

#include <algorithm>
#include <cmath>

#include "trial_book.h"

namespace regatta::search {
namespace {

constexpr std::size_t kSearchesMax = 5;
constexpr std::size_t kResultsMin = 8;
constexpr std::size_t kResultsMax = 200;
// Fewer results of this search tell nothing about the earlier ones.
constexpr std::size_t kEvidenceMin = 4;
constexpr std::size_t kEvidenceMax = 100;
// After so many results an earlier search that ranks them perfectly still counts half.
constexpr double kHalfLife = 40;
constexpr double kShareMax = 0.9;
// The coordinate of what has no value though it always should.
constexpr double kNowhere = 0.5;

// Brings numbers and categories that a trial lacks, which inactive ones are not, to one place.
// Answers which ones all of them lack.
std::vector<std::size_t> FillIn(const SearchSpace& space, std::vector<Unit>& units) {
  std::vector<std::size_t> unknown;
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (space.is_conditional(d)) {
      continue;
    }
    bool known = false;
    for (Unit& unit : units) {
      known = known || unit[d] != kInactive;
      unit[d] = unit[d] == kInactive ? kNowhere : unit[d];
    }
    if (!known) {
      unknown.push_back(d);
    }
  }
  return unknown;
}

}  // namespace

double KendallTau(std::span<const double> left, std::span<const double> right) {
  double balance = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double product = (left[i] - left[j]) * (right[i] - right[j]);
      balance += product > 0 ? 1 : product < 0 ? -1 : 0;
      ++pairs;
    }
  }
  return pairs > 0 ? balance / pairs : 0;
}

EarlierKnowledge::EarlierKnowledge(const SearchSpace& space, const SamplerOptions& options,
                                   const Encoder& encoder)
    : encoder_(&encoder) {
  const double sign = options.objectives.front().goal == Goal::kMaximize ? -1 : 1;
  const std::size_t skipped =
      options.earlier.size() - std::min(options.earlier.size(), kSearchesMax);
  for (std::size_t s = skipped; s < options.earlier.size(); ++s) {
    std::vector<Unit> units;
    std::vector<double> y;
    for (const Trial& trial : options.earlier[s].trials) {
      if (!HasResult(trial, 1) || trial.values.size() != space.size()) {
        continue;
      }
      units.push_back(encoder.ToUnit(trial.values));
      y.push_back(sign * trial.objectives.front());
    }
    if (y.size() > kResultsMax) {  // the newest
      units.erase(units.begin(), units.end() - static_cast<std::ptrdiff_t>(kResultsMax));
      y.erase(y.begin(), y.end() - static_cast<std::ptrdiff_t>(kResultsMax));
    }
    if (y.size() < kResultsMin) {
      continue;
    }
    EnsembleSettings settings;
    settings.particles = 2;
    settings.warps = {WarpKind::kIdentity};
    Search search;
    search.model = std::make_unique<Surrogate>(encoder, options.seed, 1000 + s, settings);
    search.unknown = FillIn(space, units);
    search.units = std::move(units);
    search.y = std::move(y);
    searches_.push_back(std::move(search));
  }
}

void EarlierKnowledge::Release() {
  for (Search& search : searches_) {
    search.model->Release();
  }
}

Rows EarlierKnowledge::Known(const Search& search, const Rows& points) const {
  Rows known = points;
  for (std::size_t c = 0; c < points.columns(); ++c) {
    if (std::binary_search(search.unknown.begin(), search.unknown.end(),
                           encoder_->dimension_of(c))) {
      known.Fill(c, kNowhere);
    }
  }
  return known;
}

std::vector<double> EarlierKnowledge::Predict(const Search& search, const Rows& given) const {
  const Rows points = Known(search, given);
  std::vector<double> sum(points.size());
  std::vector<double> mean(points.size());
  for (std::size_t i = 0; i < search.model->size(); ++i) {
    search.model->member(i).Predict(points, mean.data(), nullptr, scratch_);
    for (std::size_t k = 0; k < mean.size(); ++k) {
      sum[k] += mean[k] / static_cast<double>(search.model->size());
    }
  }
  return sum;
}

void EarlierKnowledge::Weigh(std::span<const Unit> units, std::span<const double> y) {
  share_ = 0;
  const std::size_t count = std::min(y.size(), kEvidenceMax);
  for (Search& search : searches_) {
    search.weight = 0;
  }
  if (count < kEvidenceMin) {
    return;
  }
  const Rows rows(*encoder_, units.last(count));
  const auto n = static_cast<double>(count);
  // Of τ between unrelated lists (Kendall 1938).
  const double error = std::sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)));
  const double decay = kHalfLife / (kHalfLife + static_cast<double>(y.size()));
  for (Search& search : searches_) {
    search.model->Update(search.units, search.y, false);
    if (!search.model->ready()) {
      continue;
    }
    const std::vector<double> predicted = Predict(search, rows);
    search.mean = 0;
    double squares = 0;
    for (const double value : predicted) {
      search.mean += value / n;
    }
    for (const double value : predicted) {
      squares += (value - search.mean) * (value - search.mean) / n;
    }
    search.spread = std::sqrt(squares);
    if (search.spread > 1e-9) {
      search.weight = std::max(0.0, KendallTau(predicted, y.last(count)) - error) * decay;
    }
    share_ += search.weight;
  }
  if (share_ > kShareMax) {
    for (Search& search : searches_) {
      search.weight *= kShareMax / share_;
    }
    share_ = kShareMax;
  }
}

std::vector<double> EarlierKnowledge::Predict(const Rows& points) const {
  std::vector<double> sum(points.size());
  for (const Search& search : searches_) {
    if (search.weight <= 0) {
      continue;
    }
    const std::vector<double> predicted = Predict(search, points);
    for (std::size_t k = 0; k < sum.size(); ++k) {
      sum[k] += search.weight * (predicted[k] - search.mean) / search.spread;
    }
  }
  return sum;
}

std::vector<double> EarlierKnowledge::Predict(const Rows& points,
                                              std::vector<double>& by_column) const {
  by_column.assign(points.size() * points.columns(), 0.0);
  Posterior::Slopes at;
  for (const Search& search : searches_) {
    if (search.weight <= 0) {
      continue;
    }
    const Rows known = Known(search, points);
    const double share = search.weight / search.spread / static_cast<double>(search.model->size());
    for (std::size_t i = 0; i < search.model->size(); ++i) {
      search.model->member(i).PredictMeanSlopes(known, at, scratch_);
      for (std::size_t place = 0; place < by_column.size(); ++place) {
        by_column[place] += share * at.mean_slopes[place];
      }
    }
  }
  return Predict(points);
}

}  // namespace regatta::search
