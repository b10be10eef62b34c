#include "surrogate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "row_choice.h"
#include "unit_scale.h"

namespace regatta::search {
namespace {

// Predictions rest on no more rows than this.
constexpr std::size_t kExactRows = 512;

}  // namespace

Surrogate::Surrogate(const Encoder& encoder, std::uint64_t seed, std::uint64_t key,
                     const EnsembleSettings& settings)
    : encoder_(&encoder), hypers_(encoder, seed, key, settings) {}

// All of them, or those nearest to the best point and a spread of the rest.
std::vector<std::size_t> Surrogate::ModelRows(std::span<const Unit> units,
                                              std::span<const double> y) const {
  std::vector<std::size_t> rows(y.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  if (y.size() <= kExactRows) {
    return rows;
  }
  const std::size_t limit = kExactRows * 3 / 4;
  const Unit& best = units[ByValue(y).front()];
  std::vector<double> distance(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t d = 0; d < best.size(); ++d) {
      const bool category = encoder_->kind(d) == DimensionKind::kCategory;
      const double gap = category ? (units[i][d] == best[d] ? 0.0 : 1.0) : units[i][d] - best[d];
      distance[i] += gap * gap * std::exp(-2 * hypers_.hyper(0).log_scale[d]);
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

void Surrogate::Update(std::span<const Unit> units, std::span<const double> y, bool history_changed,
                       std::size_t tail) {
  const std::size_t n = y.size() - tail;
  if (history_changed) {
    hypers_.Invalidate();
  }
  if (hypers_.seen() == n && fitted_ == n && tail == 0 && !members_.empty()) {
    return;
  }
  hypers_.Update(units.first(n), y.first(n));
  Fit(units, y);
  fitted_ = y.size();
}

void Surrogate::Fit(std::span<const Unit> units, std::span<const double> y) {
  rows_ = ModelRows(units, y);
  const std::vector<std::size_t>& rows = rows_;
  const Rows encoded(*encoder_, Take<Unit>(units, rows));
  warps_.clear();
  warps_.reserve(hypers_.size());  // members keep pointers into it
  std::vector<Posterior> before(hypers_.size());
  for (Member& member : members_) {
    before[member.number] = std::move(member.posterior);
  }
  members_.clear();
  members_.reserve(hypers_.size());
  noise_to_signal_ = 0;
  for (std::size_t i = 0; i < hypers_.size(); ++i) {
    Member member;
    member.number = i;
    member.posterior = std::move(before[i]);
    member.kind = hypers_.kind(i);
    member.warp = &warps_.emplace_back(hypers_.kind(i), y, hypers_.hyper(i).bend);
    const std::vector<double>& values = member.warp->values();
    if (!member.posterior.Fit(*encoder_, encoded, Take<double>(values, rows), hypers_.hyper(i))) {
      continue;
    }
    members_.push_back(std::move(member));
  }
  KeepBetterWarp(rows, y);
  for (const Member& member : members_) {
    noise_to_signal_ +=
        std::exp(hypers_.hyper(member.number).log_noise - hypers_.hyper(member.number).log_signal) /
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
  double evidence[std::size(kWarpKinds)];
  bool known[std::size(kWarpKinds)] = {};
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
  std::vector<Belief> of_members;  // member by member
  for (const Member& member : members_) {
    member.posterior.Predict(points, mean.data(), variance.data(), scratch);
    for (std::size_t i = 0; i < units.size(); ++i) {
      of_members.push_back({member.warp->Unwarp(mean[i]),
                            Finite(std::sqrt(variance[i]) * member.warp->Slope(mean[i]))});
    }
  }
  const auto count = static_cast<double>(members_.size());
  for (std::size_t i = 0; i < units.size(); ++i) {
    double largest = 0;
    for (std::size_t k = i; k < of_members.size(); k += units.size()) {
      largest = std::max({largest, std::abs(of_members[k].mean), of_members[k].spread});
    }
    const double scale = UnitScale(largest);
    double sum = 0;
    double squares = 0;
    for (std::size_t k = i; k < of_members.size(); k += units.size()) {
      const double value = of_members[k].mean * scale;
      const double spread = of_members[k].spread * scale;
      sum += value / count;
      squares += (value * value + spread * spread) / count;
    }
    beliefs[i] = {sum / scale, std::sqrt(std::max(0.0, squares - sum * sum)) / scale};
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
