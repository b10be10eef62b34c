#include "regatta/tracking/metric_smoother.h"

#include <gmock/gmock.h>

namespace regatta::tracking {
namespace {

using testing::DoubleNear;
using testing::Eq;
using testing::Optional;

TEST(MetricSmoother, BeginsAtTheFirstValueAndWeighsLaterOnesIn) {
  MetricSmoother smoother("y", 0.5);
  EXPECT_THAT(smoother.Add(R"({"y":8})"), Optional(DoubleNear(8, 1e-12)));
  // (0.5 * 4 + 0.5 * 2) / 0.75
  EXPECT_THAT(smoother.Add(R"({"y":2})"), Optional(DoubleNear(4, 1e-12)));
}

TEST(MetricSmoother, IsNotMovedByRowsWithoutANumber) {
  MetricSmoother smoother("a.y", 0.9);
  EXPECT_THAT(smoother.Add(R"({"a":{"y":3}})"), Optional(DoubleNear(3, 1e-12)));
  for (const char* row : {R"({"x":1})", R"({"a":{"y":NaN}})", R"({"a":{"y":"NaN"}})",
                          R"({"a":{"y":-Infinity}})", R"({"a":{"y":[7]}})"}) {
    EXPECT_EQ(smoother.Add(row), std::nullopt) << row;
  }
  EXPECT_THAT(smoother.Add(R"({"a":{"y":3}})"), Optional(DoubleNear(3, 1e-12)));
}

TEST(MetricSmoother, WithoutWeightIsTheValue) {
  MetricSmoother smoother("y", 0);
  smoother.Add(R"({"y":1})");
  EXPECT_THAT(smoother.Add(R"({"y":-2.5})"), Optional(Eq(-2.5)));
}

}  // namespace
}  // namespace regatta::tracking
