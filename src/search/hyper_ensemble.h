// Draws from the posterior of the hyperparameters, kept up to date as results come in.
//
// The draws after n results are a function of the seed and the first n results alone. Up to
// kEagerResults they are drawn afresh at every second result and moved by one slice sweep at the
// others. From there on every draw is replaced once an epoch (8 results, later 32 and 128) by a
// chain that starts where the epoch does and goes on by a sweep or two with every result, so that
// no result pays for all of them. Whoever comes late starts at the epoch before the present one.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "encoder.h"
#include "evidence.h"
#include "hyper.h"
#include "output_warp.h"

namespace regatta::search {

struct EnsembleSettings {
  std::size_t particles = 8;
  std::vector<WarpKind> warps = {WarpKind::kIdentity, WarpKind::kHalfRankLog};  // in turn
  bool bends = false;  // each particle draws its own bend of the outputs (evidence.h)
};

class HyperEnsemble {
 public:
  static constexpr std::size_t kEagerResults = 32;

  // Borrows the encoder. `key` keeps the chance of several ensembles of one search apart.
  HyperEnsemble(const Encoder& encoder, std::uint64_t seed, std::uint64_t key,
                const EnsembleSettings& settings);

  // Brings the draws to the given results (lower is better, all finite, at least 2), of which an
  // earlier call has seen the beginning or more.
  void Update(std::span<const Unit> units, std::span<const double> y);
  // What was seen no longer counts.
  void Invalidate() { seen_ = 0; }

  std::size_t size() const { return kinds_.size(); }
  const Hyper& hyper(std::size_t i) const { return hypers_[i]; }
  WarpKind kind(std::size_t i) const { return kinds_[i]; }
  // Results that the draws rest on.
  std::size_t seen() const { return seen_; }

 private:
  // One sweep of the slice sampler over all hyperparameters.
  struct Sweep {
    WarpKind kind = WarpKind::kIdentity;
    bool starts = false;                 // at the default, not where the sweep before ended
    std::optional<std::size_t> kept_as;  // the number of the draw that it is
  };

  Evidence EvidenceOf(WarpKind kind, std::span<const Unit> units, std::span<const double> y) const;
  // Sweeps `from` to `to` - 1 of the plan, in the light of these results.
  void Run(std::size_t from, std::size_t to, std::span<const Unit> units,
           std::span<const double> y);
  void Move(std::span<const Unit> units, std::span<const double> y);
  void GoOn(std::span<const Unit> units, std::span<const double> y);

  const Encoder* encoder_;
  std::uint64_t seed_;
  std::uint64_t key_;
  EnsembleSettings settings_;
  std::vector<WarpKind> kinds_;
  std::vector<Sweep> plan_;  // of all draws
  std::size_t seen_ = 0;
  std::vector<Hyper> hypers_;
  Hyper chain_;  // where the epoch's chain is
};

}  // namespace regatta::search
