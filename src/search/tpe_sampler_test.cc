// What the Parzen estimator makes of results that are none.
#include <gtest/gtest.h>

#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

TEST(TpeSampler, DoesNotTakeFailuresForGoodWhereAllFailed) {
  auto sampler = Must(MakeSampler("tpe", Space({Named("x", Distribution::Uniform(0, 1))}), {}));
  for (TrialId id = 0; id < 30; ++id) {
    Trial trial;
    trial.id = id;
    trial.values = {0.1 + 0.001 * static_cast<double>(id)};
    trial.state = TrialState::kFailed;
    ASSERT_TRUE(sampler->Tell(trial));
  }
  int beside = 0;
  for (TrialId id = 30; id < 60; ++id) {
    const double x = AsNumber(*Must(sampler->Suggest(id, 1))[0].values[0]);
    beside += x > 0.05 && x < 0.18 ? 1 : 0;
  }
  EXPECT_LE(beside, 8) << "of 30 proposals";
}

}  // namespace
}  // namespace regatta::search
