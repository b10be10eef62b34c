#include "hyper_ensemble.h"

#include <algorithm>
#include <numeric>

#include "point_picker.h"
#include "regatta/base/rng.h"
#include "row_choice.h"

namespace regatta::search {
namespace {

// Sweeps before the first draw is kept.
constexpr int kBurnIn = 6;
// Likelihoods look at no more rows than this.
constexpr std::size_t kEvidenceRows = 256;

// Results in the epoch that starts after `start` of them.
std::size_t EpochLength(std::size_t start) { return start < 128 ? 8 : start < 512 ? 32 : 128; }

// Where the epoch of the n-th result starts; n > HyperEnsemble::kEagerResults.
std::size_t EpochStart(std::size_t n) {
  const std::size_t length = EpochLength(n - 1);
  return (n - 1) / length * length;
}

// Where to start for the draws after n results.
std::size_t Base(std::size_t n) {
  if (n <= HyperEnsemble::kEagerResults) {
    return std::max<std::size_t>(2, n / 2 * 2);
  }
  const std::size_t start = EpochStart(n);
  return start <= HyperEnsemble::kEagerResults ? start : EpochStart(start);
}

// The best third, the newest, and every k-th of the rest.
std::vector<std::size_t> EvidenceRows(std::span<const double> y) {
  std::vector<std::size_t> rows;
  if (y.size() <= kEvidenceRows) {
    rows.resize(y.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    return rows;
  }
  std::vector<bool> chosen(y.size());
  const std::vector<std::size_t> order = ByValue(y);
  for (std::size_t i = 0; i < kEvidenceRows / 3; ++i) {
    chosen[order[i]] = true;
  }
  for (std::size_t i = 0; i < kEvidenceRows / 6; ++i) {
    chosen[y.size() - 1 - i] = true;
  }
  const auto taken = static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), true));
  const std::size_t wanted = kEvidenceRows - taken;
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!chosen[i]) {
      rest.push_back(i);
    }
  }
  for (std::size_t i = 0; i < wanted; ++i) {
    chosen[rest[i * rest.size() / wanted]] = true;
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (chosen[i]) {
      rows.push_back(i);
    }
  }
  return rows;
}

}  // namespace

HyperEnsemble::HyperEnsemble(const Encoder& encoder, std::uint64_t seed, std::uint64_t key,
                             const EnsembleSettings& settings)
    : encoder_(&encoder), seed_(seed), key_(key), settings_(settings) {
  for (std::size_t i = 0; i < settings_.particles; ++i) {
    kinds_.push_back(settings_.warps[i % settings_.warps.size()]);
  }
  for (const WarpKind kind : kWarpKinds) {
    if (std::find(kinds_.begin(), kinds_.end(), kind) == kinds_.end()) {
      continue;
    }
    for (int sweep = 0; sweep < kBurnIn; ++sweep) {
      plan_.push_back({kind, sweep == 0, std::nullopt});
    }
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (kinds_[i] == kind) {
        plan_.push_back({kind, false, i});
      }
    }
  }
}

Evidence HyperEnsemble::EvidenceOf(WarpKind kind, std::span<const Unit> units,
                                   std::span<const double> y) const {
  const std::vector<std::size_t> rows = EvidenceRows(y);
  const OutputWarp warp(kind, y);
  return {*encoder_, Rows(*encoder_, Take<Unit>(units, rows)), Take<double>(warp.values(), rows),
          settings_.bends};
}

void HyperEnsemble::Run(std::size_t from, std::size_t to, std::span<const Unit> units,
                        std::span<const double> y) {
  Rng rng = StreamOf(seed_, Stream::kModel, y.size()).Split(key_ * 2);
  std::optional<Evidence> evidence;
  for (std::size_t i = from; i < to; ++i) {
    const Sweep& sweep = plan_[i];
    if (!evidence || sweep.starts) {
      evidence.emplace(EvidenceOf(sweep.kind, units, y));
    }
    if (sweep.starts) {
      chain_ = DefaultHyper(encoder_->dimensions());
    }
    evidence->SliceSweep(chain_, rng);
    if (sweep.kept_as) {
      hypers_[*sweep.kept_as] = chain_;
    }
  }
}

// One sweep of the draw whose turn it is.
void HyperEnsemble::Move(std::span<const Unit> units, std::span<const double> y) {
  const std::size_t turn = y.size() % kinds_.size();
  Rng rng = StreamOf(seed_, Stream::kModel, y.size()).Split(key_ * 2 + 1);
  EvidenceOf(kinds_[turn], units, y).SliceSweep(hypers_[turn], rng);
}

// The epoch's chain by as much as the newest result is of the epoch.
void HyperEnsemble::GoOn(std::span<const Unit> units, std::span<const double> y) {
  const std::size_t start = EpochStart(y.size());
  const std::size_t length = EpochLength(start);
  const std::size_t place = y.size() - start;  // 1 to length
  Run(plan_.size() * (place - 1) / length, plan_.size() * place / length, units, y);
}

void HyperEnsemble::Update(std::span<const Unit> units, std::span<const double> y) {
  const std::size_t n = y.size();
  const std::size_t base = Base(n);
  if (seen_ < base || seen_ > n) {
    hypers_.assign(kinds_.size(), DefaultHyper(encoder_->dimensions()));
    if (base <= kEagerResults) {
      Run(0, plan_.size(), units.first(base), y.first(base));
    }
    seen_ = base;
  }
  while (seen_ < n) {
    ++seen_;
    if (seen_ > kEagerResults) {
      GoOn(units.first(seen_), y.first(seen_));
    } else if (seen_ % 2 == 0) {
      Run(0, plan_.size(), units.first(seen_), y.first(seen_));
    } else {
      Move(units.first(seen_), y.first(seen_));
    }
  }
}

}  // namespace regatta::search
