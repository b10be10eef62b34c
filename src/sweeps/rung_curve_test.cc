// What a search is told of a run while its values come, and when it is told nothing new.
#include "rung_curve.h"

#include <gmock/gmock.h>

#include <limits>
#include <vector>

namespace regatta::sweeps {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Rungs at 1, 3, 9, 27 values.
const CurveRules kRules{.fidelity = {.min = 1, .max = 27, .eta = 3}};

std::vector<MetricValue> Falling(int count) {
  std::vector<MetricValue> values;
  for (int i = 1; i <= count; ++i) {
    values.push_back({10 * i, 100.0 - i});
  }
  return values;
}

MATCHER_P2(Seen, step, value, "") { return arg.step == step && arg.value == value; }

TEST(RungCurve, OfAnOpenRunChangesAtRungsAlone) {
  RungCurve curve;
  EXPECT_THAT(curve.Read(kRules, 0, {}, true), IsEmpty());
  EXPECT_THAT(curve.Read(kRules, 0, Falling(1), true), ElementsAre(Seen(1, 99)));
  EXPECT_THAT(curve.Read(kRules, 0, Falling(2), true), ElementsAre(Seen(1, 99)));
  EXPECT_THAT(curve.Read(kRules, 0, Falling(3), true), ElementsAre(Seen(1, 99), Seen(3, 97)));
  EXPECT_THAT(curve.Read(kRules, 0, Falling(8), true), ElementsAre(Seen(1, 99), Seen(3, 97)));
}

TEST(RungCurve, OfARunThatEndedHasItsLastValueToo) {
  RungCurve curve;
  curve.Read(kRules, 0, Falling(4), true);
  EXPECT_THAT(curve.Read(kRules, 0, Falling(5), false),
              ElementsAre(Seen(1, 99), Seen(3, 97), Seen(5, 95)));
}

TEST(RungCurve, CountsStepsWhereTheyAreTheResource) {
  CurveRules rules = kRules;
  rules.counts_steps = true;
  RungCurve curve;
  EXPECT_THAT(curve.Read(rules, 0, {{3, 5.0}, {2, 4.0}}, true), ElementsAre(Seen(3, 5)));
}

TEST(RungCurve, IsThatOfTheNewAttemptAlone) {
  RungCurve curve;
  curve.Read(kRules, 0, Falling(9), true);
  EXPECT_THAT(curve.Read(kRules, 1, {}, true), IsEmpty());
  EXPECT_THAT(curve.Read(kRules, 1, Falling(1), true), ElementsAre(Seen(1, 99)));
}

TEST(RungCurve, StartsAgainWhereTheHistoryDid) {
  RungCurve curve;
  curve.Read(kRules, 0, Falling(9), true);
  EXPECT_THAT(curve.Read(kRules, 0, Falling(2), true), ElementsAre(Seen(1, 99)));
}

TEST(RungCurve, ReachesNoRungByValuesThatAreNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  RungCurve curve;
  EXPECT_THAT(curve.Read(kRules, 0, {{1, 7.0}, {2, nan}, {3, nan}}, true), ElementsAre(Seen(1, 7)));
  EXPECT_THAT(curve.Read(kRules, 0, {{1, 7.0}, {2, nan}, {3, nan}, {4, 6.0}}, true),
              ElementsAre(Seen(1, 7)));
}

}  // namespace
}  // namespace regatta::sweeps
