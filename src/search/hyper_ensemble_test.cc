#include "hyper_ensemble.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evidence.h"
#include "test_util.h"

namespace regatta::search {
namespace {

// Results of a wave of two parameters, with noise.
struct Results {
  const SearchSpace space =
      Space({Named("x", Distribution::Uniform(0, 1)), Named("y", Distribution::Uniform(0, 1))});
  const Encoder encoder{space};
  std::vector<Unit> units;
  std::vector<double> y;

  explicit Results(std::size_t n) {
    Rng rng(5);
    for (std::size_t i = 0; i < n; ++i) {
      units.push_back({rng.UniformOpen(), rng.UniformOpen()});
      y.push_back(std::sin(7 * units[i][0]) + 0.3 * units[i][1] + 0.1 * rng.Normal());
    }
  }
  void Bring(HyperEnsemble& ensemble, std::size_t n) const {
    ensemble.Update(std::span(units).first(n), std::span(y).first(n));
  }
};

std::vector<double> Flat(const HyperEnsemble& ensemble) {
  std::vector<double> values;
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    for (std::size_t k = 0; k < ensemble.hyper(i).size(); ++k) {
      values.push_back(ensemble.hyper(i)[k]);
    }
  }
  return values;
}

EnsembleSettings Bending(std::size_t particles, std::vector<WarpKind> warps) {
  EnsembleSettings settings;
  settings.particles = particles;
  settings.warps = std::move(warps);
  settings.bends = true;
  return settings;
}

TEST(HyperEnsemble, DependsOnTheSeedAndTheResultsAlone) {
  const Results results(300);
  for (const std::vector<WarpKind>& warps :
       {std::vector{WarpKind::kIdentity}, {WarpKind::kIdentity, WarpKind::kHalfRankLog}}) {
    const EnsembleSettings settings = Bending(4, warps);
    HyperEnsemble one_by_one(results.encoder, 1, 0, settings);
    HyperEnsemble in_jumps(results.encoder, 1, 0, settings);
    HyperEnsemble other_seed(results.encoder, 2, 0, settings);
    for (std::size_t n = 2; n <= results.y.size(); ++n) {
      results.Bring(one_by_one, n);
      EXPECT_EQ(one_by_one.seen(), n);
      for (const std::size_t stop : {3U, 17U, 32U, 33U, 40U, 41U, 47U, 100U, 129U, 161U, 300U}) {
        if (n == stop) {
          results.Bring(in_jumps, n);
          EXPECT_EQ(Flat(in_jumps), Flat(one_by_one)) << n;
          HyperEnsemble late(results.encoder, 1, 0, settings);
          results.Bring(late, n);
          EXPECT_EQ(Flat(late), Flat(one_by_one)) << n;
        }
      }
    }
    results.Bring(other_seed, results.y.size());
    EXPECT_NE(Flat(other_seed), Flat(one_by_one));
    // Fewer results than before: what was drawn from those that are gone goes with them.
    results.Bring(one_by_one, 41);
    HyperEnsemble late(results.encoder, 1, 0, settings);
    results.Bring(late, 41);
    EXPECT_EQ(Flat(one_by_one), Flat(late));
  }
}

TEST(HyperEnsemble, ReplacesEveryDrawOnceAnEpoch) {
  const Results results(192);
  HyperEnsemble ensemble(results.encoder, 1, 0, Bending(8, {WarpKind::kIdentity}));
  for (const auto& [from, to] : {std::pair<std::size_t, std::size_t>{40, 48}, {160, 192}}) {
    results.Bring(ensemble, from);
    std::vector<Hyper> before;
    for (std::size_t i = 0; i < ensemble.size(); ++i) {
      before.push_back(ensemble.hyper(i));
    }
    std::size_t at_most = 0;  // with one result
    for (std::size_t n = from + 1; n <= to; ++n) {
      const std::vector<double> last = Flat(ensemble);
      results.Bring(ensemble, n);
      const std::vector<double> now = Flat(ensemble);
      std::size_t moved = 0;
      for (std::size_t i = 0; i < ensemble.size(); ++i) {
        const auto width = static_cast<std::ptrdiff_t>(before[i].size());
        const auto at = static_cast<std::ptrdiff_t>(i) * width;
        moved += std::equal(last.begin() + at, last.begin() + at + width, now.begin() + at) ? 0 : 1;
      }
      at_most = std::max(at_most, moved);
    }
    EXPECT_LE(at_most, 2) << "no result may pay for all draws";
    for (std::size_t i = 0; i < ensemble.size(); ++i) {
      EXPECT_NE(ensemble.hyper(i).log_noise, before[i].log_noise) << i;
    }
  }
}

// The draws of many seeds have the mean and the spread of one long chain over the same results.
TEST(HyperEnsemble, DrawsFromThePosterior) {
  const Results results(48);
  Evidence evidence(results.encoder, Rows(results.encoder, std::span(results.units).first(44)),
                    OutputWarp(WarpKind::kAffine, std::span(results.y).first(44)).values());
  Rng rng(3);
  Hyper hyper = DefaultHyper(2);
  struct Moments {
    double count = 0;
    double sum = 0;
    double squares = 0;
    void Add(double value) {
      ++count;
      sum += value;
      squares += value * value;
    }
    double mean() const { return sum / count; }
    double spread() const { return std::sqrt(squares / count - mean() * mean()); }
  };
  Moments scale[2];
  Moments noise[2];
  for (int sweep = 0; sweep < 3000; ++sweep) {
    evidence.SliceSweep(hyper, rng);
    scale[0].Add(hyper.log_scale[0]);
    noise[0].Add(hyper.log_noise);
  }
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    EnsembleSettings settings;
    settings.warps = {WarpKind::kAffine};
    HyperEnsemble ensemble(results.encoder, seed, 0, settings);
    results.Bring(ensemble, 48);
    for (std::size_t i = 0; i < ensemble.size(); ++i) {
      scale[1].Add(ensemble.hyper(i).log_scale[0]);
      noise[1].Add(ensemble.hyper(i).log_noise);
    }
  }
  EXPECT_NEAR(scale[1].mean(), scale[0].mean(), 0.15);
  EXPECT_NEAR(scale[1].spread(), scale[0].spread(), 0.1);
  EXPECT_NEAR(noise[1].mean(), noise[0].mean(), 0.15);
  EXPECT_NEAR(noise[1].spread(), noise[0].spread(), 0.1);
}

}  // namespace
}  // namespace regatta::search
