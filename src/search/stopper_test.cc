// The stopping rules beyond hyperband, and what every rule promises.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "regatta/base/rng.h"
#include "regatta/search/stopper.h"
#include "test_util.h"

namespace regatta::search {
namespace {

StopperOptions Type(std::string type) {
  StopperOptions options;
  options.type = std::move(type);
  options.min_iter = 1;
  return options;
}

TEST(AshaStopper, DecidesOnceEnoughTrialsReachedTheRung) {
  auto stopper = Must(MakeStopper(Type("asha")));
  for (TrialId id = 0; id < 5; ++id) {
    stopper->Report(id, 1, static_cast<double>(id));
  }
  EXPECT_TRUE(stopper->DecideAll().empty()) << "five trials are fewer than 2·3";
  stopper->Report(5, 1, 5);
  std::vector<TrialId> stopped;
  for (const StopDecision& decision : stopper->DecideAll()) {
    stopped.push_back(decision.trial);
    EXPECT_EQ(decision.rung, 1);
    EXPECT_EQ(decision.threshold, 1.0);
  }
  EXPECT_EQ(stopped, (std::vector<TrialId>{2, 3, 4, 5}));
}

TEST(AshaStopper, NeverStopsTheLeaderOfARung) {
  auto stopper = Must(MakeStopper(Type("asha")));
  stopper->Report(0, 1, 0);  // best at the first rung, then hopeless at the second
  stopper->Report(0, 3, 100);
  for (TrialId id = 1; id < 9; ++id) {
    stopper->Report(id, 1, 1);
    stopper->Report(id, 3, -1);
  }
  EXPECT_FALSE(stopper->Decide(0).stop);
}

TEST(MedianStopper, StopsWhatIsWorseThanTheMedianOfTheOthers) {
  auto stopper = Must(MakeStopper(Type("median")));
  for (TrialId id = 0; id < 5; ++id) {
    stopper->Report(id, 1, static_cast<double>(id));
  }
  stopper->Report(9, 1, 2.5);
  const StopDecision decision = stopper->Decide(9);
  EXPECT_TRUE(decision.stop);
  EXPECT_EQ(decision.threshold, 2.0);
  EXPECT_FALSE(stopper->Decide(1).stop);
  stopper->Forget(9);
  EXPECT_FALSE(stopper->Decide(4).stop) << "four others are fewer than min_runs";
}

TEST(CurveStopper, StopsTheHopelessAndKeepsTheSlowStarter) {
  StopperOptions options = Type("curve");
  options.min_iter = 10;
  options.max_iter = 100;
  auto stopper = Must(MakeStopper(options));
  for (int t = 1; t <= 100; ++t) {
    stopper->Report(0, t, 0.2 + 1.0 / t);
  }
  stopper->SetRunning(0, false);
  for (int t = 1; t <= 20; ++t) {
    stopper->Report(1, t, 0.8 + 1.0 / t);     // ends near 0.8
    stopper->Report(2, t, 1.0 - 0.0095 * t);  // still falling fast
  }
  EXPECT_TRUE(stopper->Decide(1).stop) << stopper->Decide(1).reason;
  EXPECT_FALSE(stopper->Decide(2).stop) << stopper->Decide(2).reason;
}

class StopperContract : public testing::TestWithParam<std::string> {};

TEST_P(StopperContract, IgnoresTheOrderBetweenTrials) {
  auto forward = Must(MakeStopper(Type(GetParam())));
  auto backward = Must(MakeStopper(Type(GetParam())));
  const auto value = [](TrialId id, int t) {
    Rng rng(id, static_cast<std::uint64_t>(t));
    return static_cast<double>(id) * 0.1 + 1.0 / t + 0.05 * rng.Normal();
  };
  for (TrialId id = 0; id < 20; ++id) {
    for (int t = 1; t <= 12; ++t) {
      forward->Report(id, t, value(id, t));
    }
    forward->SetRunning(id, id % 3 != 0);
  }
  for (TrialId id = 20; id-- > 0;) {
    for (int t = 1; t <= 12; ++t) {
      backward->Report(id, t, value(id, t));
    }
    backward->SetRunning(id, id % 3 != 0);
  }
  const auto left = forward->DecideAll();
  const auto right = backward->DecideAll();
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i].trial, right[i].trial);
    EXPECT_EQ(left[i].reason, right[i].reason);
    EXPECT_NE(left[i].trial % 3, 0U) << "an ended trial was stopped";
  }
}

TEST_P(StopperContract, StopsTrialsThatLogNothingButNaN) {
  auto stopper = Must(MakeStopper(Type(GetParam())));
  for (int t = 1; t <= 3; ++t) {
    stopper->Report(1, t, std::nan(""));
    stopper->Report(2, t, std::numeric_limits<double>::infinity());
    stopper->Report(3, t, 1.0);
  }
  EXPECT_TRUE(stopper->Decide(1).stop);
  EXPECT_TRUE(stopper->Decide(2).stop);
  EXPECT_FALSE(stopper->Decide(3).stop);
  EXPECT_FALSE(stopper->Decide(4).stop) << "never heard of it";
}

TEST_P(StopperContract, MirrorsForMaximize) {
  StopperOptions up = Type(GetParam());
  up.goal = Goal::kMaximize;
  auto down = Must(MakeStopper(Type(GetParam())));
  auto mirrored = Must(MakeStopper(up));
  for (TrialId id = 0; id < 15; ++id) {
    for (int t = 1; t <= 9; ++t) {
      const double value = static_cast<double>((id * 7) % 15) + 1.0 / t;
      down->Report(id, t, value);
      mirrored->Report(id, t, -value);
    }
    down->SetRunning(id, id > 3);
    mirrored->SetRunning(id, id > 3);
  }
  const auto left = down->DecideAll();
  const auto right = mirrored->DecideAll();
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i].trial, right[i].trial);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, StopperContract,
                         testing::Values("hyperband", "asha", "median", "curve"),
                         [](const auto& info) { return info.param; });

TEST(MakeStopper, RefusesWrongOptions) {
  EXPECT_FALSE(MakeStopper(Type("envelope")));
  StopperOptions options = Type("asha");
  options.eta = 1;
  EXPECT_FALSE(MakeStopper(options));
  options = Type("asha");
  options.min_iter = 0;
  EXPECT_FALSE(MakeStopper(options));
  options = Type("curve");
  options.confidence = 1;
  EXPECT_FALSE(MakeStopper(options));
}

}  // namespace
}  // namespace regatta::search
