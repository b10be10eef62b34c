// When a long search begins afresh.
#include "restarts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace regatta::search {
namespace {

// Trials with the values f(0), f(1), ... in order; for each change of what is forgotten: after how
// many of them, and what then is.
using Turns = std::vector<std::pair<int, std::optional<TrialId>>>;

template <typename F>
Turns TurnsOf(int count, F&& f) {
  Restarts restarts(2);
  Turns turns;
  std::optional<TrialId> forgotten;
  for (int i = 0; i < count; ++i) {
    restarts.Take(static_cast<TrialId>(i), f(i));
    if (restarts.forgotten() != forgotten) {
      forgotten = restarts.forgotten();
      turns.emplace_back(i + 1, forgotten);
    }
  }
  return turns;
}

TEST(Restarts, ComeAfterAThousandResultsWhereNothingIsGained) {
  const Turns turns = TurnsOf(1001, [](int i) { return i < 10 ? 20.0 - i : 15.0; });
  EXPECT_EQ(turns, (Turns{{1000, 999}}));
}

TEST(Restarts, DoNotComeAsLongAsTheBestFalls) {
  EXPECT_TRUE(TurnsOf(5000, [](int i) { return -std::floor(0.01 * i); }).empty());
}

TEST(Restarts, ComeWhereTheBestFallsByNothingWorthIt) {
  EXPECT_FALSE(TurnsOf(1500, [](int i) { return i < 900 ? 1.0 - i : -900 - 1e-6 * i; }).empty());
}

// Two parameters: a fresh search is given up after 80 results without a gain, the whole after 40.
TEST(Restarts, TakeTurnsWithTheWholeSearch) {
  const Turns turns = TurnsOf(1300, [](int i) { return i == 0 ? 0.0 : 1.0; });
  EXPECT_EQ(
      turns,
      (Turns{{1000, 999}, {1081, std::nullopt}, {1121, 1120}, {1202, std::nullopt}, {1242, 1241}}));
}

TEST(Restarts, GoOnAsLongAsTheyGainWhateverWasFoundBefore) {
  const Turns turns = TurnsOf(1400, [](int i) { return i < 1000 ? 0.0 : 1000.0 - 0.1 * i; });
  EXPECT_EQ(turns, (Turns{{1000, 999}}));
}

TEST(Restarts, CountNothingThatWasOpenWhenTheyBegan) {
  Restarts restarts(2);
  for (TrialId id = 100; id < 1100; ++id) {
    restarts.Take(id, 1);
  }
  ASSERT_EQ(restarts.forgotten(), std::optional<TrialId>(1099));
  for (TrialId id = 1100; id < 1400; ++id) {
    restarts.Take(id, id % 30 == 0 ? 2000 - static_cast<double>(id) : 1999);
    restarts.Take(id - 1100, -5000);
    EXPECT_EQ(restarts.forgotten(), std::optional<TrialId>(1099)) << id;
  }
}

TEST(Restarts, AreNotMisledByATrialNumberedFarAhead) {
  Restarts restarts(2);
  restarts.Take(1'000'000'000, 1);
  for (TrialId id = 0; id < 999; ++id) {
    restarts.Take(id, 1);
  }
  EXPECT_EQ(restarts.forgotten(), std::optional<TrialId>(998));
}

TEST(Restarts, StandFailuresOnly) {
  const Turns turns = TurnsOf(1100, [](int) { return std::numeric_limits<double>::infinity(); });
  EXPECT_EQ(turns, (Turns{{1000, 999}, {1080, std::nullopt}}));
}

}  // namespace
}  // namespace regatta::search
