#include "curves.h"

#include <gtest/gtest.h>

#include <cmath>

#include "regatta/base/rng.h"
#include "tasks.h"

namespace regatta::bench {
namespace {

TEST(Curves, FallFromChanceLevelAndHaveTheirOptimumBelowTheMedian) {
  for (std::size_t number = 0; number < 4; ++number) {
    const CurveTask task = MakeCurveTask(number);
    EXPECT_LT(task.best, task.reference);
    Rng rng(number);
    int falling = 0;
    int finite = 0;
    for (int i = 0; i < 200; ++i) {
      const search::Point point = RandomPoint(task.space, rng);
      const double first = task.value(point, 1);
      const double last = task.value(point, task.epochs);
      finite += std::isfinite(last) ? 1 : 0;
      falling += last < first ? 1 : 0;
      EXPECT_GE(last, task.best - 0.05 * (task.reference - task.best)) << task.name;
    }
    EXPECT_GT(finite, 100) << task.name;
    EXPECT_GT(falling, 100) << task.name;
  }
}

TEST(Curves, SimulationConsumesItsBudgetAndRepeatsItself) {
  const CurveTask task = MakeCurveTask(0);
  CurveMethod method;
  method.stopper = "asha";
  const auto budget = static_cast<std::size_t>(8 * task.epochs);
  const CurveResult first = *SimulateCurves(task, method, 1, 4, budget);
  const CurveResult again = *SimulateCurves(task, method, 1, 4, budget);
  EXPECT_EQ(first.regrets.size(), budget);
  EXPECT_EQ(first.regrets, again.regrets);
  EXPECT_GT(first.stopped, 0U);
  EXPECT_GT(first.trials, 8U) << "stopping leaves room for more trials";
  EXPECT_LE(first.wrongly_stopped, first.stopped);
  method.stopper.clear();
  EXPECT_EQ(SimulateCurves(task, method, 1, 4, budget)->stopped, 0U);
}

TEST(Curves, SimulationRefusesWhatItsSamplerOrItsStopperDoesNotKnow) {
  const CurveTask task = MakeCurveTask(0);
  CurveMethod method;
  method.settings = {{"epochs", 3}};
  EXPECT_NE(SimulateCurves(task, method, 1, 4, 9).error().message.find("\"epochs\""),
            std::string::npos);
  method.settings.clear();
  method.stopper = "asha+";
  EXPECT_NE(SimulateCurves(task, method, 1, 4, 9).error().message.find("asha+"), std::string::npos);
}

}  // namespace
}  // namespace regatta::bench
