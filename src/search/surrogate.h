// What is believed about one outcome (an objective or a constraint): an ensemble of Gaussian
// processes whose hyperparameters are drawn from their posterior, some of them on differently
// warped outputs.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "encoder.h"
#include "hyper_ensemble.h"
#include "output_warp.h"
#include "posterior.h"

namespace regatta::search {

class Surrogate {
 public:
  // Borrows the encoder. `key` keeps the chance of several surrogates of one search apart.
  Surrogate(const Encoder& encoder, std::uint64_t seed, std::uint64_t key,
            const EnsembleSettings& settings);

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
    hypers_.Invalidate();
    fitted_ = 0;
    members_ = {};
  }

  bool ready() const { return !members_.empty(); }
  std::size_t size() const { return members_.size(); }
  // Members are counted round: after the last comes the first again, so that ensembles of several
  // objectives can be asked together, whichever is the largest. Requires: ready().
  const Posterior& member(std::size_t i) const { return members_[i % size()].posterior; }
  // Row k of the history as member i sees it is warp(i).values()[k].
  const OutputWarp& warp(std::size_t i) const { return *members_[i % size()].warp; }
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
    std::size_t number = 0;  // of the draw
    WarpKind kind = WarpKind::kIdentity;
    Posterior posterior;
    const OutputWarp* warp = nullptr;
  };

  std::vector<std::size_t> ModelRows(std::span<const Unit> units, std::span<const double> y) const;
  void KeepBetterWarp(const std::vector<std::size_t>& rows, std::span<const double> y);
  void Fit(std::span<const Unit> units, std::span<const double> y);

  const Encoder* encoder_;
  HyperEnsemble hypers_;
  std::size_t fitted_ = 0;  // rows that the members rest on
  std::vector<std::size_t> rows_;
  std::vector<OutputWarp> warps_;
  std::vector<Member> members_;
  double noise_to_signal_ = 0;
};

}  // namespace regatta::search
