// What the Parzen estimator makes of results that are none.
#include <gtest/gtest.h>

#include <optional>

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

// Short trials look best by 1 and lie high; long ones lie low.
int ProposalsBesideTheLong(std::optional<Fidelity> fidelity) {
  SamplerOptions options;
  options.fidelity = fidelity;
  auto sampler =
      Must(MakeSampler("tpe", Space({Named("x", Distribution::Uniform(0, 1))}), options));
  for (TrialId id = 0; id < 40; ++id) {
    const bool is_long = id % 4 == 0;
    Trial trial;
    trial.id = id;
    trial.values = {(is_long ? 0.1 : 0.8) + 0.002 * static_cast<double>(id)};
    trial.state = TrialState::kFinished;
    trial.objectives = {is_long ? 1.0 : 0.0};
    trial.observations = {{is_long ? 27 : 3, trial.objectives[0]}};
    EXPECT_TRUE(sampler->Tell(trial));
  }
  int beside = 0;
  for (TrialId id = 40; id < 60; ++id) {
    beside += AsNumber(*Must(sampler->Suggest(id, 1))[0].values[0]) < 0.4 ? 1 : 0;
  }
  return beside;
}

TEST(TpeSampler, RanksShorterTrialsBehindLongerOnes) {
  EXPECT_GE(ProposalsBesideTheLong(Fidelity{1, 27, 3}), 15);
  EXPECT_GE(ProposalsBesideTheLong(Fidelity{1, std::nullopt, 3}), 15);
  EXPECT_LE(ProposalsBesideTheLong(std::nullopt), 8) << "where lengths do not matter";
}

}  // namespace
}  // namespace regatta::search
