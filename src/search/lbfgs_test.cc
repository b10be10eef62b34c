#include "lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace regatta::search {
namespace {

using Function = std::function<double(const std::vector<double>&, std::vector<double>&)>;

// The number of evaluations that were needed.
int Minimise(ProjectedLbfgs& search, const Function& function, int most = 200) {
  int evaluations = 0;
  std::vector<double> slope;
  while (!search.done() && evaluations < most) {
    slope.assign(search.next().size(), 0);
    const double value = function(search.next(), slope);
    search.Take(value, slope);
    ++evaluations;
  }
  return evaluations;
}

double Rosenbrock(const std::vector<double>& x, std::vector<double>& slope) {
  const double a = x[1] - x[0] * x[0];
  const double b = 1 - x[0];
  slope[0] = -400 * x[0] * a - 2 * b;
  slope[1] = 200 * a;
  return 100 * a * a + b * b;
}

// A bowl with curvatures 1 and 100 whose lowest point is (3, 0.5).
double Bowl(const std::vector<double>& x, std::vector<double>& slope) {
  slope[0] = x[0] - 3;
  slope[1] = 100 * (x[1] - 0.5);
  return 0.5 * slope[0] * slope[0] + 0.005 * slope[1] * slope[1];
}

TEST(ProjectedLbfgs, FollowsACurvedValley) {
  ProjectedLbfgs search({-1.2, 1}, {-2, -2}, {2, 2});
  EXPECT_LT(Minimise(search, Rosenbrock), 80);
  EXPECT_TRUE(search.done());
  EXPECT_LT(search.value(), 1e-6);
}

TEST(ProjectedLbfgs, EndsAtTheBoundsThatHoldIt) {
  ProjectedLbfgs search({0, 0.9}, {0, 0}, {1, 1});
  EXPECT_LT(Minimise(search, Bowl), 30);
  EXPECT_EQ(search.best()[0], 1);
  EXPECT_NEAR(search.best()[1], 0.5, 1e-3);
}

TEST(ProjectedLbfgs, LeavesABoundThatNoLongerHoldsIt) {
  // Starts in the corner, from which the second coordinate has to move inward.
  ProjectedLbfgs search({1, 1}, {0, 0}, {1, 1});
  Minimise(search, Bowl);
  EXPECT_EQ(search.best()[0], 1);
  EXPECT_NEAR(search.best()[1], 0.5, 1e-3);
}

TEST(ProjectedLbfgs, NeverLeavesTheBoxNorGetsWorse) {
  ProjectedLbfgs search({-1.2, 1}, {-1.3, -0.1}, {0.5, 1.1});
  double lowest = std::numeric_limits<double>::infinity();
  Minimise(search, [&](const std::vector<double>& x, std::vector<double>& slope) {
    EXPECT_TRUE(x[0] >= -1.3 && x[0] <= 0.5 && x[1] >= -0.1 && x[1] <= 1.1);
    const double value = Rosenbrock(x, slope);
    if (std::isfinite(lowest)) {
      EXPECT_LE(search.value(), lowest);
    }
    lowest = std::min(lowest, value);
    return value;
  });
  EXPECT_NEAR(search.best()[0], 0.5, 1e-3);
  EXPECT_NEAR(search.best()[1], 0.25, 1e-3);
}

TEST(ProjectedLbfgs, StepsBackFromWhatIsNotANumber) {
  ProjectedLbfgs search({0.3, 0.5}, {0, 0}, {4, 1});
  Minimise(search, [](const std::vector<double>& x, std::vector<double>& slope) {
    const double value = Bowl(x, slope);
    return x[0] > 1 ? std::numeric_limits<double>::quiet_NaN() : value;
  });
  EXPECT_TRUE(search.done());
  EXPECT_LE(search.best()[0], 1);
  EXPECT_GT(search.best()[0], 0.9);
}

TEST(ProjectedLbfgs, IsDoneWhereNothingIsToBeGained) {
  ProjectedLbfgs flat({0.5}, {0}, {1});
  EXPECT_EQ(Minimise(flat,
                     [](const std::vector<double>& /*x*/, std::vector<double>& slope) {
                       slope[0] = 0;
                       return 1.0;
                     }),
            1);
  ProjectedLbfgs hopeless({0.5}, {0}, {1});
  EXPECT_EQ(Minimise(hopeless,
                     [](const std::vector<double>& /*x*/, std::vector<double>& slope) {
                       slope[0] = 1;
                       return std::numeric_limits<double>::infinity();
                     }),
            1);
}

}  // namespace
}  // namespace regatta::search
