// That the tasks are what they claim: optimum where they say, nothing below it, the same on each
// call.
#include "tasks.h"

#include <gtest/gtest.h>

#include "bbob.h"
#include "regatta/base/rng.h"

namespace regatta::bench {
namespace {

TEST(Bbob, IsZeroAtItsOptimumAndNowhereLess) {
  for (int function = 1; function <= 24; ++function) {
    for (const std::size_t d : {std::size_t{2}, std::size_t{5}}) {
      Rng rng(7, static_cast<std::uint64_t>(function));
      std::vector<double> optimum(d);
      for (double& x : optimum) {
        x = -4 + 8 * rng.Uniform();
      }
      const Bbob bbob(function, optimum, 3);
      EXPECT_NEAR(bbob(bbob.optimum()), 0, 1e-6) << "f" << function;
      for (int i = 0; i < 200; ++i) {
        std::vector<double> x(d);
        for (double& coordinate : x) {
          coordinate = -5 + 10 * rng.Uniform();
        }
        EXPECT_GT(bbob(x), 0) << "f" << function;
      }
    }
  }
}

TEST(Tasks, HaveAnOptimumBelowTheirMedian) {
  for (const std::string suite : {"s1", "s2"}) {
    for (std::size_t number = 0; number < TaskCount(suite); number += 9) {
      const Task task = MakeTask(suite, number);
      EXPECT_LT(task.best, task.reference) << task.name;
      EXPECT_EQ(MakeTask(suite, number).best, task.best) << task.name;
    }
  }
}

}  // namespace
}  // namespace regatta::bench
