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

TEST(EveryStopper, GivesTheComparisonBehindAStopAsFacts) {
  for (const char* type : {"hyperband", "asha", "median"}) {
    StopperOptions options = Type(type);
    options.goal = Goal::kMaximize;
    options.audit = 0.01;  // whoever wraps the rule hands the facts on
    auto stopper = Must(MakeStopper(options));
    for (TrialId id = 0; id < 9; ++id) {
      stopper->Report(id, 1, -static_cast<double>(id));
    }
    const StopDecision decision = stopper->Decide(8);
    ASSERT_TRUE(decision.stop) << type;
    EXPECT_EQ(decision.rule, type);
    EXPECT_EQ(decision.rung, 1) << type;
    EXPECT_EQ(decision.value, -8.0) << type << ": in the metric's own sign";
    ASSERT_TRUE(decision.threshold) << type;
    EXPECT_GT(*decision.threshold, -8.0) << type;
    EXPECT_EQ(stopper->Decide(99).rule, "") << "nobody knows trial 99";
  }
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

TEST(ModelStopper, SparesWhatTheModelExpectsAmongTheBest) {
  StopperOptions options = Type("model");
  options.goal = Goal::kMaximize;
  options.eta = 2;
  auto stopper = Must(MakeStopper(options));
  EXPECT_TRUE(stopper->wants_expectations());
  stopper->Report(0, 1, 0);
  EXPECT_FALSE(stopper->Decide(0).stop) << "one trial is fewer than eta";
  for (TrialId id = 1; id < 6; ++id) {
    stopper->Report(id, 1, static_cast<double>(id));
  }
  EXPECT_EQ(stopper->DecideAll().size(), 3U) << "without a model by rank alone: 0, 1 and 2";
  std::vector<ExpectedEnd> ends;
  for (TrialId id = 0; id < 6; ++id) {
    ends.push_back({id, id == 1 ? 9.0 : static_cast<double>(id)});
  }
  ends.push_back({77, 100});  // has not reached the rung
  stopper->Expect(ends);
  EXPECT_TRUE(stopper->Decide(0).stop);
  EXPECT_FALSE(stopper->Decide(1).stop) << stopper->Decide(1).reason;
  EXPECT_NE(stopper->Decide(1).reason.find("expects 9 of it in the end, among the best 2 of 6"),
            std::string::npos)
      << stopper->Decide(1).reason;
  EXPECT_TRUE(stopper->Decide(2).stop);
  EXPECT_FALSE(stopper->Decide(3).stop) << "rank keeps it, whatever the model says";
  EXPECT_EQ(stopper->Decide(2).rule, "model");
  stopper->Expect({});
  EXPECT_TRUE(stopper->Decide(1).stop) << "what was expected before no longer counts";
}

// Those that were stopped at the first rung learn slowly: once longer trials show it, the model
// expects much of them, and the rule no longer stops their like.
TEST(ModelStopper, StopsLessOnceItExpectsMuchOfWhatItStopped) {
  StopperOptions options = Type("model");
  options.eta = 2;
  options.max_iter = 4;
  auto stopper = Must(MakeStopper(options));
  std::vector<ExpectedEnd> ends;
  for (TrialId id = 0; id < 20; ++id) {
    stopper->Report(id, 1, static_cast<double>(id));
    ends.push_back({id, static_cast<double>(id)});
  }
  for (TrialId id = 15; id < 20; ++id) {
    stopper->SetRunning(id, false);
    stopper->MarkStopped(id);
  }
  stopper->Report(0, 2, 0);
  stopper->Expect(ends);
  EXPECT_TRUE(stopper->Decide(10).stop) << stopper->Decide(10).reason;
  ends[19].value = -1;
  ends[18].value = -2;
  stopper->Expect(ends);
  EXPECT_FALSE(stopper->Decide(10).stop) << stopper->Decide(10).reason;
  EXPECT_NE(stopper->Decide(10).reason.find("2 of 5 stopped ones"), std::string::npos)
      << stopper->Decide(10).reason;
  EXPECT_TRUE(stopper->Decide(14).stop) << "the worst third all the same";
  ends[19].value = 19;
  ends[18].value = 18;
  for (const TrialId id : {0U, 1U, 2U}) {
    stopper->SetRunning(id, false);
    ends[id].value = -1;
  }
  stopper->Expect(ends);
  EXPECT_TRUE(stopper->Decide(10).stop)
      << "what failed, or came to its end, was not stopped: " << stopper->Decide(10).reason;
}

TEST(ModelStopper, IsTheOnlyOneThatListens) {
  for (const char* type : {"hyperband", "asha", "median", "curve"}) {
    auto stopper = Must(MakeStopper(Type(type)));
    EXPECT_FALSE(stopper->wants_expectations()) << type;
  }
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
  const auto finish = [&](TrialId id, double floor) {
    for (int t = 1; t <= 100; ++t) {
      stopper->Report(id, t, floor + 1.0 / t);
    }
    stopper->SetRunning(id, false);
  };
  finish(10, 0.2);
  for (int t = 1; t <= 20; ++t) {
    stopper->Report(1, t, 0.8 + 1.0 / t);     // ends near 0.8
    stopper->Report(2, t, 1.0 - 0.0095 * t);  // still falling fast
  }
  EXPECT_FALSE(stopper->Decide(1).stop) << "one curve of full length teaches too little";
  EXPECT_NE(stopper->Decide(1).reason.find("with 1 curves"), std::string::npos);
  for (TrialId id = 11; id < 20; ++id) {
    finish(id, 0.2 + 0.05 * static_cast<double>(id - 10));
  }
  EXPECT_TRUE(stopper->Decide(1).stop) << stopper->Decide(1).reason;
  EXPECT_FALSE(stopper->Decide(2).stop) << stopper->Decide(2).reason;
}

TEST(AuditedStopper, LetsARandomShareRunOn) {
  StopperOptions options = Type("asha");
  options.audit = 0.3;
  options.seed = 4;
  auto audited = Must(MakeStopper(options));
  auto plain = Must(MakeStopper(Type("asha")));
  constexpr TrialId kTrials = 200;
  for (TrialId id = 0; id < kTrials; ++id) {
    for (EarlyStopper* stopper : {audited.get(), plain.get()}) {
      stopper->Report(id, 1, static_cast<double>((id * 37) % kTrials));
    }
  }
  std::size_t spared = 0;
  for (TrialId id = 0; id < kTrials; ++id) {
    const StopDecision decision = audited->Decide(id);
    EXPECT_EQ(decision.stop || decision.is_audit, plain->Decide(id).stop);
    EXPECT_FALSE(decision.stop && decision.is_audit);
    spared += decision.is_audit ? 1 : 0;
  }
  EXPECT_EQ(audited->DecideAll().size() + spared, plain->DecideAll().size());
  EXPECT_GT(spared, 20U);
  EXPECT_LT(spared, 60U) << "three in ten of about 133";
}

TEST(CountWrongStops, CountsTheAuditsAmongTheBestTenth) {
  std::vector<EndedTrial> ended;
  for (int i = 0; i < 40; ++i) {
    ended.push_back({.best = static_cast<double>(i), .is_audit = i % 2 == 1});
  }
  EXPECT_EQ(CountWrongStops(ended, Goal::kMinimize), (StopAudit{20, 2})) << "1 and 3";
  EXPECT_EQ(CountWrongStops(ended, Goal::kMaximize), (StopAudit{20, 2})) << "39 and 37";
  ended.push_back({.best = std::nan(""), .is_audit = true});
  EXPECT_EQ(CountWrongStops(ended, Goal::kMinimize), (StopAudit{20, 2}));
  ended.resize(9);
  EXPECT_EQ(CountWrongStops(ended, Goal::kMinimize), (StopAudit{4, 0}))
      << "of nine, a tenth is none";
  EXPECT_EQ(CountWrongStops({}, Goal::kMinimize), StopAudit{});
}

TEST(AuditedStopper, StillStopsTrialsWithoutAnyNumber) {
  StopperOptions options = Type("asha");
  options.audit = 0.99;
  auto stopper = Must(MakeStopper(options));
  for (TrialId id = 0; id < 20; ++id) {
    stopper->Report(id, 1, std::nan(""));
    EXPECT_TRUE(stopper->Decide(id).stop);
  }
}

// Curves that turn round after a third of their length make extrapolations worth less.
TEST(CurveStopper, LearnsFromFinishedCurvesHowFarToTrustItself) {
  const auto chance = [](bool is_turning) {
    StopperOptions options = Type("curve");
    options.max_iter = 60;
    auto stopper = Must(MakeStopper(options));
    for (TrialId id = 0; id < 12; ++id) {
      for (int t = 1; t <= 60; ++t) {
        const double rise = is_turning && t > 20 ? 0.01 * (t - 20) : 0.0;
        stopper->Report(id, t, 0.3 + 0.02 * static_cast<double>(id) + 1.0 / t + rise);
      }
      stopper->SetRunning(id, false);
    }
    for (int t = 1; t <= 20; ++t) {
      stopper->Report(50, t, 0.6 + 1.0 / t);
    }
    return *stopper->Decide(50).value;
  };
  EXPECT_LT(chance(false), 1e-6);
  EXPECT_GT(chance(true), 1e-4);
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
  options.audit = 1;
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
