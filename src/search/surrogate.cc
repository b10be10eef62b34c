#include "surrogate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "evidence.h"
#include "point_picker.h"
#include "regatta/base/rng.h"

namespace regatta::search {
namespace {

// Sweeps before the first draw is kept, and between draws.
constexpr int kBurnIn = 6;
constexpr WarpKind kWarps[] = {WarpKind::kAffine, WarpKind::kIdentity, WarpKind::kHalfRankLog};

std::vector<Unit> Take(std::span<const Unit> units, const std::vector<std::size_t>& rows) {
  std::vector<Unit> taken;
  taken.reserve(rows.size());
  for (const std::size_t row : rows) {
    taken.push_back(units[row]);
  }
  return taken;
}

std::vector<double> Take(const std::vector<double>& y, const std::vector<std::size_t>& rows) {
  std::vector<double> taken;
  taken.reserve(rows.size());
  for (const std::size_t row : rows) {
    taken.push_back(y[row]);
  }
  return taken;
}

std::vector<std::size_t> ByValue(std::span<const double> y) {
  std::vector<std::size_t> order(y.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [y](std::size_t a, std::size_t b) { return y[a] < y[b] || (y[a] == y[b] && a < b); });
  return order;
}

}  // namespace

Surrogate::Surrogate(const Encoder& encoder, std::uint64_t seed, std::uint64_t key,
                     const SurrogateSettings& settings)
    : encoder_(&encoder), seed_(seed), key_(key), settings_(settings) {
  for (std::size_t i = 0; i < settings_.particles; ++i) {
    kinds_.push_back(settings_.warps[i % settings_.warps.size()]);
  }
}

std::size_t Surrogate::MilestoneAtOrBelow(std::size_t n) {
  const std::size_t step = n <= 32 ? 2 : n <= 128 ? 8 : n <= 512 ? 32 : 128;
  return n / step * step;
}

// The best third, the newest, and every k-th of the rest.
std::vector<std::size_t> Surrogate::EvidenceRows(std::span<const double> y) const {
  std::vector<std::size_t> rows;
  if (y.size() <= settings_.evidence_rows) {
    rows.resize(y.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    return rows;
  }
  std::vector<bool> chosen(y.size());
  const std::vector<std::size_t> order = ByValue(y);
  for (std::size_t i = 0; i < settings_.evidence_rows / 3; ++i) {
    chosen[order[i]] = true;
  }
  for (std::size_t i = 0; i < settings_.evidence_rows / 6; ++i) {
    chosen[y.size() - 1 - i] = true;
  }
  const auto taken = static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), true));
  const std::size_t wanted = settings_.evidence_rows - taken;
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

// All of them, or those nearest to the best point and a spread of the rest.
std::vector<std::size_t> Surrogate::ModelRows(std::span<const Unit> units,
                                              std::span<const double> y) const {
  std::vector<std::size_t> rows(y.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  if (y.size() <= settings_.exact_rows) {
    return rows;
  }
  const std::size_t limit = settings_.exact_rows * 3 / 4;
  const Unit& best = units[ByValue(y).front()];
  std::vector<double> distance(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t d = 0; d < best.size(); ++d) {
      const bool category = encoder_->kind(d) == DimensionKind::kCategory;
      const double gap = category ? (units[i][d] == best[d] ? 0.0 : 1.0) : units[i][d] - best[d];
      distance[i] += gap * gap * std::exp(-2 * hypers_.front().log_scale[d]);
    }
  }
  std::sort(rows.begin(), rows.end(), [&distance](std::size_t a, std::size_t b) {
    return distance[a] < distance[b] || (distance[a] == distance[b] && a < b);
  });
  const std::size_t near = limit * 3 / 4;
  const std::size_t spread = limit - near;
  std::vector<std::size_t> chosen(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(near));
  for (std::size_t i = 0; i < spread; ++i) {
    chosen.push_back(rows[near + i * (rows.size() - near) / spread]);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

void Surrogate::SampleAfresh(std::span<const Unit> units, std::span<const double> y) {
  const std::vector<std::size_t> rows = EvidenceRows(y);
  const Rows encoded(*encoder_, Take(units, rows));
  hypers_.assign(kinds_.size(), DefaultHyper(encoder_->dimensions()));
  for (const WarpKind kind : kWarps) {
    if (std::find(kinds_.begin(), kinds_.end(), kind) == kinds_.end()) {
      continue;
    }
    const OutputWarp warp(kind, y);
    Evidence evidence(*encoder_, encoded, Take(warp.values(), rows), settings_.bends);
    Rng rng = StreamOf(seed_, Stream::kModel, y.size())
                  .Split(key_ * 4 + static_cast<std::uint64_t>(kind));
    Hyper hyper = DefaultHyper(encoder_->dimensions());
    for (int sweep = 0; sweep < kBurnIn; ++sweep) {
      evidence.SliceSweep(hyper, rng);
    }
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (kinds_[i] == kind) {
        evidence.SliceSweep(hyper, rng);
        hypers_[i] = hyper;
      }
    }
  }
}

// One slice sweep of the member whose turn it is.
void Surrogate::Move(std::span<const Unit> units, std::span<const double> y) {
  const std::size_t turn = y.size() % kinds_.size();
  const std::vector<std::size_t> rows = EvidenceRows(y);
  const OutputWarp warp(kinds_[turn], y);
  Evidence evidence(*encoder_, Rows(*encoder_, Take(units, rows)), Take(warp.values(), rows),
                    settings_.bends);
  Rng rng = StreamOf(seed_, Stream::kModel, y.size()).Split(key_ * 4 + 3);
  evidence.SliceSweep(hypers_[turn], rng);
}

void Surrogate::Update(std::span<const Unit> units, std::span<const double> y, bool history_changed,
                       std::size_t tail) {
  const std::size_t n = y.size() - tail;
  const std::size_t milestone = std::max<std::size_t>(2, MilestoneAtOrBelow(n));
  if (history_changed) {
    seen_ = 0;
  }
  if (seen_ == n && fitted_ == n && tail == 0 && !members_.empty()) {
    return;
  }
  if (seen_ < milestone || seen_ > n) {
    SampleAfresh(units.first(milestone), y.first(milestone));
    seen_ = milestone;
  }
  while (seen_ < n) {
    ++seen_;
    if (seen_ <= settings_.evidence_rows) {
      Move(units.first(seen_), y.first(seen_));
    }
  }
  Fit(units, y);
  fitted_ = y.size();
}

void Surrogate::Fit(std::span<const Unit> units, std::span<const double> y) {
  rows_ = ModelRows(units, y);
  const std::vector<std::size_t>& rows = rows_;
  const Rows encoded(*encoder_, Take(units, rows));
  warps_.clear();
  warps_.reserve(hypers_.size());  // members keep pointers into it
  members_.clear();
  members_.reserve(hypers_.size());
  noise_to_signal_ = 0;
  for (std::size_t i = 0; i < hypers_.size(); ++i) {
    Member member;
    member.hyper = hypers_[i];
    member.kind = kinds_[i];
    member.warp = &warps_.emplace_back(kinds_[i], y, hypers_[i].bend);
    const std::vector<double>& values = member.warp->values();
    if (!member.posterior.Fit(*encoder_, encoded, Take(values, rows), member.hyper)) {
      continue;
    }
    members_.push_back(std::move(member));
  }
  KeepBetterWarp(rows, y);
  for (const Member& member : members_) {
    noise_to_signal_ += std::exp(member.hyper.log_noise - member.hyper.log_signal) /
                        static_cast<double>(members_.size());
  }
}

// Of two warps the one is dropped under which the better half of the results is clearly less likely
// when each is predicted from all others. The warps' Jacobians make the densities comparable.
void Surrogate::KeepBetterWarp(const std::vector<std::size_t>& rows, std::span<const double> y) {
  constexpr double kClear = 1;  // nats
  std::vector<double> of_rows;
  for (const std::size_t row : rows) {
    of_rows.push_back(y[row]);
  }
  const std::vector<std::size_t> order = ByValue(of_rows);
  double evidence[std::size(kWarps)];
  bool known[std::size(kWarps)] = {};
  double top = 0;
  for (const Member& member : members_) {
    const auto kind = static_cast<std::size_t>(member.kind);
    if (known[kind]) {
      continue;
    }
    const std::vector<double> densities = member.posterior.LeaveOneOut();
    double sum = 0;
    for (std::size_t i = 0; i < (order.size() + 1) / 2; ++i) {
      sum += densities[order[i]] + member.warp->LogJacobian(rows[order[i]]);
    }
    const bool first = std::none_of(std::begin(known), std::end(known), [](bool k) { return k; });
    top = first ? sum : std::max(top, sum);
    evidence[kind] = sum;
    known[kind] = true;
  }
  std::erase_if(members_, [&](const Member& member) {
    return evidence[static_cast<std::size_t>(member.kind)] < top - kClear;
  });
}

void Surrogate::AppendPending(std::span<const Unit> units) {
  for (Member& member : members_) {
    member.posterior.AppendPending(units);
  }
}

void Surrogate::DropPending() {
  for (Member& member : members_) {
    member.posterior.DropPending();
  }
}

Surrogate::Belief Surrogate::At(const Unit& unit) const {
  return At(std::span<const Unit>(&unit, 1)).front();
}

std::vector<Surrogate::Belief> Surrogate::At(std::span<const Unit> units) const {
  std::vector<Belief> beliefs(units.size());
  if (members_.empty()) {
    return beliefs;
  }
  const Rows points(*encoder_, units);
  Posterior::Scratch scratch;
  std::vector<double> mean(units.size());
  std::vector<double> variance(units.size());
  std::vector<double> squares(units.size());
  const auto count = static_cast<double>(members_.size());
  for (const Member& member : members_) {
    member.posterior.Predict(points, mean.data(), variance.data(), scratch);
    for (std::size_t i = 0; i < units.size(); ++i) {
      const double value = member.warp->Unwarp(mean[i]);
      const double spread = std::sqrt(variance[i]) * member.warp->Slope(mean[i]);
      beliefs[i].mean += value / count;
      squares[i] += (value * value + spread * spread) / count;
    }
  }
  for (std::size_t i = 0; i < units.size(); ++i) {
    beliefs[i].spread = std::sqrt(std::max(0.0, squares[i] - beliefs[i].mean * beliefs[i].mean));
  }
  return beliefs;
}

std::vector<double> Surrogate::Means(std::span<const Unit> units) const {
  std::vector<double> means(units.size());
  const Rows points(*encoder_, units);
  Posterior::Scratch scratch;
  std::vector<double> mean(units.size());
  for (const Member& member : members_) {
    member.posterior.Predict(points, mean.data(), nullptr, scratch);
    for (std::size_t i = 0; i < units.size(); ++i) {
      means[i] += member.warp->Unwarp(mean[i]) / static_cast<double>(members_.size());
    }
  }
  return means;
}

}  // namespace regatta::search
