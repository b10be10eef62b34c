#include "candidate_search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "test_util.h"

namespace regatta::search {
namespace {

// Two numbers, a lattice, and a number that is there for one category only.
SearchSpace MixedSpace() {
  return Space({Named("x", Distribution::Uniform(0, 1)), Named("y", Distribution::Uniform(0, 1)),
                Named("k", Distribution::IntUniform(1, 9)),
                Named("c", Distribution::Categorical(2)),
                Named("m", Distribution::Uniform(0, 1), {{"c", {1}, {}, {}}})});
}

// A round hill whose top has x = 0.3137, y = 1.2 (so 1), m = 0.6182 of the second category, and the
// sixth level.
double Height(const Unit& unit, Unit* slope) {
  const double top[] = {0.3137, 1.2, 0.6, 0, 0.6182};
  double height = unit[3] == 1 ? 0 : -1;
  for (const std::size_t d : {0U, 1U, 2U, 4U}) {
    if (unit[d] == kInactive) {
      continue;
    }
    const double gap = unit[d] - top[d];
    height -= 3 * std::pow(gap, 2) + 20 * std::pow(gap, 4);
    if (slope != nullptr && d != 2) {
      (*slope)[d] = -6 * gap - 80 * std::pow(gap, 3);
    }
  }
  return height;
}

// What is found where `admit` holds and boxes are `radius` to each side.
struct Hill {
  const SearchSpace space = MixedSpace();
  const Encoder encoder{space};
  const Sobol sobol{5, 1};
  double radius = 1;
  std::size_t calls = 0;
  std::size_t slope_calls = 0;

  std::vector<Candidate> Search(bool polished, FunctionRef<bool(const Unit&)> admit) {
    const std::vector<double> scale(5, 0.5);
    SearchSettings settings;
    settings.candidates = 64;
    const auto score = [this](std::span<const Unit> units, Effort /*effort*/,
                              std::vector<double>& scores) {
      scores.clear();
      for (const Unit& unit : units) {
        ++calls;
        scores.push_back(Height(unit, nullptr));
      }
    };
    const auto score_slopes = [this](std::span<const Unit> units, std::vector<double>& scores,
                                     std::vector<Unit>& slopes) {
      scores.clear();
      slopes.assign(units.size(), Unit(5));
      for (std::size_t i = 0; i < units.size(); ++i) {
        ++slope_calls;
        scores.push_back(Height(units[i], &slopes[i]));
      }
    };
    const auto box = [this](const Unit& unit, Unit& low, Unit& high) {
      low.assign(5, 0);
      high.assign(5, 1);
      for (std::size_t d = 0; d < 5; ++d) {
        low[d] = std::max(low[d], unit[d] - radius);
        high[d] = std::min(high[d], unit[d] + radius);
      }
    };
    const Slopes slopes{score_slopes, box};
    Rng rng(3, 4);
    return SearchCandidates(encoder, sobol, 0, {}, scale, settings, admit, score, rng,
                            polished ? &slopes : nullptr);
  }
};

constexpr auto kEverywhere = [](const Unit& /*unit*/) { return true; };

TEST(SortByScore, PutsWhatIsNotANumberLast) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < 60; ++i) {  // more than a sort moves by insertion alone
    candidates.push_back({{static_cast<double>(i)}, i % 2 == 0 ? std::nan("") : i % 7});
  }
  SortByScore(candidates);
  for (std::size_t i = 0; i < 60; ++i) {
    EXPECT_EQ(std::isnan(candidates[i].score), i >= 30) << i;
    if (i > 0 && i < 30) {
      EXPECT_GE(candidates[i - 1].score, candidates[i].score);
    }
  }
}

TEST(SearchCandidates, ReachesTheTopToTheDigitWhereTheScoreHasSlopes) {
  Hill hill;
  const Unit top = hill.Search(true, kEverywhere).front().unit;
  EXPECT_NEAR(top[0], 0.3137, 1e-4);
  EXPECT_EQ(top[1], 1) << "held by the end of its range";
  EXPECT_EQ(hill.encoder.UnitLevel(2, top[2]), 5);
  EXPECT_EQ(top[3], 1);
  EXPECT_NEAR(top[4], 0.6182, 1e-4);
}

TEST(SearchCandidates, LooksAtFewerPointsWithSlopesForMore) {
  Hill plain;
  Hill polished;
  const double without = plain.Search(false, kEverywhere).front().score;
  const double with = polished.Search(true, kEverywhere).front().score;
  EXPECT_GT(with, without);
  EXPECT_EQ(plain.slope_calls, 0U);
  EXPECT_LT(polished.calls + polished.slope_calls, plain.calls);
}

TEST(SearchCandidates, ProposesNothingThatIsNotAdmitted) {
  Hill hill;
  const auto admit = [](const Unit& unit) { return unit[0] > 0.4; };
  const std::vector<Candidate> found = hill.Search(true, admit);
  ASSERT_FALSE(found.empty());
  for (const Candidate& candidate : found) {
    EXPECT_TRUE(admit(candidate.unit));
  }
}

TEST(SearchCandidates, ClimbsWithinItsBoxes) {
  Hill hill;
  hill.radius = 0;
  const std::vector<Candidate> held = hill.Search(true, kEverywhere);
  EXPECT_GT(hill.slope_calls, 0U);
  hill.radius = 1;
  const std::vector<Candidate> free = hill.Search(true, kEverywhere);
  EXPECT_GT(free.front().score, held.front().score);
  EXPECT_EQ(hill.Search(true, kEverywhere).front().unit, free.front().unit);
}

TEST(SearchCandidates, SearchesALatticeAsIfThereWereNoSlopes) {
  const SearchSpace space = Space(
      {Named("k", Distribution::IntUniform(1, 50)), Named("n", Distribution::IntUniform(1, 50))});
  const Encoder encoder(space);
  const Sobol sobol(2, 1);
  const std::vector<double> scale(2, 0.5);
  const auto score = [](std::span<const Unit> units, Effort /*effort*/,
                        std::vector<double>& scores) {
    scores.clear();
    for (const Unit& unit : units) {
      scores.push_back(-std::abs(unit[0] - 0.3) - std::abs(unit[1] - 0.9));
    }
  };
  const auto score_slopes = [](std::span<const Unit> /*units*/, std::vector<double>& /*scores*/,
                               std::vector<Unit>& /*slopes*/) { ADD_FAILURE(); };
  const auto box = [](const Unit& /*unit*/, Unit& /*low*/, Unit& /*high*/) { ADD_FAILURE(); };
  const Slopes slopes{score_slopes, box};
  std::vector<Unit> best;
  for (const Slopes* given : {static_cast<const Slopes*>(nullptr), &slopes}) {
    Rng rng(3, 4);
    best.push_back(
        SearchCandidates(encoder, sobol, 0, {}, scale, {}, kEverywhere, score, rng, given)
            .front()
            .unit);
  }
  EXPECT_EQ(best[0], best[1]);
}

}  // namespace
}  // namespace regatta::search
