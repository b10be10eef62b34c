// What is believed about one outcome (an objective or a constraint): an ensemble of Gaussian
// processes whose hyperparameters are drawn from their posterior, some of them on differently
// warped outputs.
//
// The ensemble after n results is a function of the seed and the first n results alone. It is
// sampled afresh at milestones and moved by one slice sweep between them, so it can be rebuilt from
// the last milestone on. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "encoder.h"
#include "output_warp.h"
#include "posterior.h"

namespace regatta::search {

struct SurrogateSettings {
  std::size_t particles = 8;
  std::vector<WarpKind> warps = {WarpKind::kIdentity, WarpKind::kHalfRankLog};  // in turn
  bool bends = false;               // each particle draws its own bend of the outputs (gp.h)
  std::size_t evidence_rows = 256;  // likelihoods look at no more rows than this
  std::size_t exact_rows = 512;     // predictions rest on no more rows than this
};

class Surrogate {
 public:
  // Borrows the encoder. `key` keeps the chance of several surrogates of one search apart.
  Surrogate(const Encoder& encoder, std::uint64_t seed, std::uint64_t key,
            const SurrogateSettings& settings);

  // Brings the ensemble to the given history (lower is better, all finite, at least 2 rows), of
  // which an earlier call may have seen a beginning. The last `tail` rows are guesses that may be
  // others next time: predictions rest on them, hyperparameters do not. `history_changed`: what was
  // seen before no longer counts.
  void Update(std::span<const Unit> units, std::span<const double> y, bool history_changed,
              std::size_t tail = 0);

  // Gives back the posteriors' memory until the next Update, which fits them to the same
  // hyperparameters again.
  void Release() { members_ = {}; }

  // Forgets what was seen: the next Update starts afresh.
  void Invalidate() {
    seen_ = fitted_ = 0;
    members_ = {};
  }

  bool ready() const { return !members_.empty(); }
  std::size_t size() const { return members_.size(); }
  const Posterior& member(std::size_t i) const { return members_[i].posterior; }
  // Row k of the history as member i sees it is warp(i).values()[k].
  const OutputWarp& warp(std::size_t i) const { return *members_[i].warp; }
  // What member i predicts (noise left out) at row rows()[k] of the history, in its warped scale.
  double Smoothed(std::size_t i, std::size_t k) const {
    return members_[i].warp->values()[rows_[k]] + members_[i].posterior.Smoothing(k);
  }
  // The rows that predictions rest on.
  const std::vector<std::size_t>& rows() const { return rows_; }
  // Noise over signal variance, averaged.
  double noise_to_signal() const { return noise_to_signal_; }

  void AppendPending(std::span<const Unit> units);
  void DropPending();

  // What all members together say about a point, in the outcome's own unit.
  struct Belief {
    double mean = 0;
    double spread = 0;
  };
  Belief At(const Unit& unit) const;
  std::vector<Belief> At(std::span<const Unit> units) const;
  // The means alone, which cost far less.
  std::vector<double> Means(std::span<const Unit> units) const;

 private:
  struct Member {
    Hyper hyper;
    WarpKind kind = WarpKind::kIdentity;
    Posterior posterior;
    const OutputWarp* warp = nullptr;
  };

  static std::size_t MilestoneAtOrBelow(std::size_t n);
  std::vector<std::size_t> EvidenceRows(std::span<const double> y) const;
  std::vector<std::size_t> ModelRows(std::span<const Unit> units, std::span<const double> y) const;
  void SampleAfresh(std::span<const Unit> units, std::span<const double> y);
  void Move(std::span<const Unit> units, std::span<const double> y);
  void KeepBetterWarp(const std::vector<std::size_t>& rows, std::span<const double> y);
  void Fit(std::span<const Unit> units, std::span<const double> y);

  const Encoder* encoder_;
  std::uint64_t seed_;
  std::uint64_t key_;
  SurrogateSettings settings_;
  std::size_t seen_ = 0;    // results that the hyperparameters rest on
  std::size_t fitted_ = 0;  // rows that the members rest on
  std::vector<std::size_t> rows_;
  std::vector<Hyper> hypers_;
  std::vector<WarpKind> kinds_;
  std::vector<OutputWarp> warps_;
  std::vector<Member> members_;
  double noise_to_signal_ = 0;
};

}  // namespace regatta::search
