// What a sweep is built from, where the row has a say beside the file.
#include "live_sweep.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

namespace regatta::sweeps {
namespace {

using testing::Ne;
using testing::SizeIs;

// The numbers of the runs that the rule spares, of 400 that get worse from one to the next.
std::set<search::TrialId> Spared(const std::string& more, std::uint64_t row_seed) {
  const Result<ParsedSweep> parsed = ParseSweepConfig(
      "method: random\nmetric: {name: loss, goal: minimize}\n"
      "parameters: {x: {min: 0.0, max: 1.0}}\n"
      "early_terminate: {type: asha, min_iter: 1, eta: 3}\n" +
      more);
  EXPECT_TRUE(parsed);
  SweepRow row;
  row.name = "s";
  row.seed = row_seed;
  const Result<SweepParts> parts = MakeSweepParts(parsed->config, row, {}, {}, {});
  EXPECT_TRUE(parts);
  std::set<search::TrialId> spared;
  for (search::TrialId id = 0; id < 400; ++id) {
    parts->stopper->SetRunning(id, true);
    parts->stopper->Report(id, 1, static_cast<double>(id));
    if (parts->stopper->Decide(id).is_audit) {
      spared.insert(id);
    }
  }
  return spared;
}

TEST(LiveSweep, SparesOtherRunsInEachSweepWithoutASeedAndTheSameAfterARestart) {
  const std::set<search::TrialId> first = Spared("", 1);
  EXPECT_THAT(first, SizeIs(testing::AllOf(testing::Gt(5), testing::Lt(50)))) << "about one in 20";
  EXPECT_EQ(Spared("", 1), first);
  EXPECT_THAT(Spared("", 2), Ne(first));
}

TEST(LiveSweep, SparesTheSameRunsInSweepsOfOneSeed) {
  EXPECT_EQ(Spared("regatta: {seed: 5}\n", 1), Spared("regatta: {seed: 5}\n", 2));
}

}  // namespace
}  // namespace regatta::sweeps
