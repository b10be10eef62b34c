// Goal: the sweep's promises hold in any world. Method: 300 seeded worlds in which everything goes
// wrong, with every rule checked after every event, and the same worlds with a broken server, which
// must be noticed. A failure names its seed; `sweep_simulation` runs that one again.
#include <gtest/gtest.h>

#include "sweep_world.h"

namespace regatta::simulation {
namespace {

TEST(SweepSimulation, KeepsEveryRuleInAnyWorld) {
  WorldReport sum;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const WorldReport report = SweepWorld({seed, false}).Run();
    ASSERT_EQ(report.problem, "");
    sum += report;
  }
  // The worlds are wild enough to mean something.
  EXPECT_GT(sum.restarts, 300U);
  EXPECT_GT(sum.lost, 300U);
  EXPECT_GT(sum.late, 50U);
  EXPECT_GT(sum.superseded, 20U);
  EXPECT_GT(sum.quarantined, 20U);
  EXPECT_GT(sum.preempted, 100U);
  EXPECT_GT(sum.capped, 10U);
}

TEST(SweepSimulation, NoticesThatFencingIsGone) {
  std::uint64_t noticed = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    noticed += SweepWorld({seed, true}).Run().problem.empty() ? 0 : 1;
  }
  EXPECT_GT(noticed, 5U);
}

}  // namespace
}  // namespace regatta::simulation
