// That the bandit follows what gains most at present, spreads, stays in the space, and is a
// function of what it is given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "regatta/base/rng.h"
#include "regatta/search/pbt.h"
#include "test_util.h"

namespace regatta::search {
namespace {

using testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

SearchSpace Rate() { return Space({Named("lr", Distribution::Uniform(0, 1))}); }

SearchSpace Net() {
  return Space({Named("lr", Distribution::LogUniformValues(1e-5, 1e-1)),
                Named("layers", Distribution::IntUniform(1, 6)),
                Named("width", Distribution::QUniform(0, 1, 0.25)),
                Named("batch", Distribution::Levels({16, 32, 64})),
                Named("optimizer", Distribution::Categorical(3)),
                Named("momentum", Distribution::Uniform(0, 1), {{"optimizer", {1}, {}, {}}})});
}

// A population whose ids are its places, after `intervals` intervals of training with points drawn
// afresh in each; `gain` says how much a point takes off the loss.
struct Trained {
  std::vector<PopulationMember> population;
  std::vector<PopulationInterval> history;
  std::uint64_t last = 0;
};

template <typename Gain>
Trained Train(const SearchSpace& space, std::uint64_t intervals, Gain gain, int members = 8) {
  Trained trained;
  Rng rng(5);
  for (int id = 0; id < members; ++id) {
    trained.population.push_back({static_cast<TrialId>(id), {}, 100 + rng.Uniform()});
  }
  for (std::uint64_t interval = 0; interval < intervals; ++interval) {
    for (PopulationMember& member : trained.population) {
      std::vector<double> u(space.size());
      for (double& coordinate : u) coordinate = rng.UniformOpen();
      member.values = space.At(u);
      const double before = member.value;
      member.value -= gain(member.values);
      trained.history.push_back({member.id, interval, member.values, before, member.value});
    }
  }
  trained.last = intervals - 1;
  return trained;
}

PbtOptions Pb2(std::uint64_t seed = 1) {
  PbtOptions options;
  options.explore = Explore::kPb2;
  options.seed = seed;
  return options;
}

// The member that is worst, and certainly copies.
TrialId Worst(const Trained& trained) {
  return std::max_element(trained.population.begin(), trained.population.end(),
                          [](const auto& a, const auto& b) { return a.value < b.value; })
      ->id;
}

PbtDecision Decide(const SearchSpace& space, const Trained& trained, const PbtOptions& options) {
  PbtDecision decision = Must(
      DecidePbt(space, trained.population, Worst(trained), trained.last, options, trained.history));
  EXPECT_TRUE(decision.parent) << decision.reason;
  return decision;
}

double Number(const Point& point, std::size_t i = 0) { return AsNumber(*point[i]); }

double Peak(const Point& point, double place) {
  const double miss = (Number(point) - place) / 0.15;
  return std::exp(-miss * miss);
}

// Expects the choice close to `place`, or as close as it may go from the parent's value.
void ExpectTowards(const Trained& trained, double place, const char* what = "") {
  constexpr double kBox = 0.3;
  const PbtDecision decision = Decide(Rate(), trained, Pb2());
  const double from = Number(trained.population[*decision.parent].values);
  const double goal = std::clamp(place, from - kBox, from + kBox);
  EXPECT_NEAR(Number(decision.values), goal, 0.1) << what << ", from " << from;
}

TEST(Pb2, GoesTowardsWhatGainedMost) {
  for (const double place : {0.15, 0.5, 0.85}) {
    const Trained trained = Train(Rate(), 4, [&](const Point& x) { return Peak(x, place); });
    ExpectTowards(trained, place);
    EXPECT_THAT(Decide(Rate(), trained, Pb2()).reason, HasSubstr("pb2 chose by 32 intervals"));
  }
}

TEST(Pb2, NumbersStayNearTheParentsAndShortListsCanStillMove) {
  const SearchSpace space =
      Space({Named("lr", Distribution::Uniform(0, 1)), Named("depth", Distribution::Levels({2, 4})),
             Named("width", Distribution::IntUniform(1, 10))});
  Trained trained =
      Train(space, 5, [](const Point& x) { return Number(x) + Number(x, 1) + Number(x, 2); });
  for (PopulationMember& member : trained.population) {
    member.values = {0.2, CategoryIndex{0}, std::int64_t{2}};
  }
  const Point values = Decide(space, trained, Pb2()).values;
  EXPECT_GT(Number(values), 0.3);
  EXPECT_LE(Number(values), 0.5 + 1e-9);
  EXPECT_EQ(Number(values, 1), 1);
  EXPECT_EQ(Number(values, 2), 5);
}

TEST(Pb2, MirrorsForMaximize) {
  Trained trained = Train(Rate(), 3, [](const Point& x) { return Peak(x, 0.3); });
  const Point values = Decide(Rate(), trained, Pb2()).values;
  const TrialId worst = Worst(trained);
  for (PopulationMember& member : trained.population) member.value = -member.value;
  for (PopulationInterval& past : trained.history) {
    past.before = -*past.before;
    past.after = -*past.after;
  }
  PbtOptions options = Pb2();
  options.goal = Goal::kMaximize;
  EXPECT_EQ(
      Must(DecidePbt(Rate(), trained.population, worst, trained.last, options, trained.history))
          .values,
      values);
}

TEST(Pb2, LearnsThoughGainsShrinkByOrdersOfMagnitude) {
  double scale = 1;
  int count = 0;
  const Trained trained = Train(Rate(), 8, [&](const Point& x) {
    if (count++ % 8 == 0) scale *= 0.2;
    return scale * Peak(x, 0.7);
  });
  ExpectTowards(trained, 0.7);
}

TEST(Pb2, LearnsBesideMembersThatBlowUp) {
  for (const double blown : {1e12, 1e308, static_cast<double>(kNaN)}) {
    Trained trained = Train(Rate(), 4, [](const Point& x) { return Peak(x, 0.6); });
    for (PopulationInterval& past : trained.history) {
      if (Number(past.values) > 0.8) past.after = blown;
    }
    ExpectTowards(trained, 0.6, std::to_string(blown).c_str());
  }
}

TEST(Pb2, KeepsAwayFromWhatFailed) {
  // The more the better, up to where it fails.
  Trained trained = Train(Rate(), 6, [](const Point& x) { return Number(x); });
  for (PopulationInterval& past : trained.history) {
    if (Number(past.values) > 0.6) past.after = kNaN;
  }
  const double chosen = Number(Decide(Rate(), trained, Pb2()).values);
  EXPECT_GT(chosen, 0.3);
  EXPECT_LT(chosen, 0.7);
}

TEST(Pb2, KnowsTheFirstIntervalWithoutAStartingValue) {
  Trained trained = Train(Rate(), 1, [](const Point& x) { return Peak(x, 0.4); });
  for (PopulationInterval& past : trained.history) past.before.reset();
  const PbtDecision decision = Decide(Rate(), trained, Pb2());
  EXPECT_THAT(decision.reason, HasSubstr("pb2 chose by 8 intervals"));
  ExpectTowards(trained, 0.4);
}

TEST(Pb2, PerturbsWithFewerThanFourResults) {
  Trained trained = Train(Rate(), 1, [](const Point& x) { return Number(x); });
  trained.history.resize(kPb2ResultsMin - 1);
  const PbtDecision decision = Decide(Rate(), trained, Pb2());
  EXPECT_THAT(decision.reason, HasSubstr("perturbed for want of results"));
  PbtOptions options = Pb2();
  options.explore = Explore::kPerturb;
  EXPECT_EQ(decision.values, Decide(Rate(), trained, options).values);
  // Points of another space are no results.
  trained = Train(Rate(), 1, [](const Point& x) { return Number(x); });
  for (PopulationInterval& past : trained.history) past.values = {7.0};
  EXPECT_THAT(Decide(Rate(), trained, Pb2()).reason, HasSubstr("for want of results"));
}

TEST(Pb2, MembersThatExploreTogetherSpread) {
  const Trained trained = Train(Rate(), 4, [](const Point& x) { return Peak(x, 0.5); });
  std::vector<PopulationInterval> history = trained.history;
  std::vector<double> chosen;
  for (TrialId n = 0; n < 3; ++n) {
    const PbtDecision decision =
        Must(DecidePbt(Rate(), trained.population, Worst(trained), trained.last, Pb2(), history));
    const Point& values = decision.values;
    EXPECT_TRUE(decision.parent) << decision.reason;
    EXPECT_THAT(decision.reason, HasSubstr("pb2 chose"));
    chosen.push_back(Number(values));
    // Another member does so next.
    history.push_back({100 + n, trained.last + 1, values, 100, {}});
  }
  std::sort(chosen.begin(), chosen.end());
  EXPECT_GE(chosen[1] - chosen[0], 0.01);
  EXPECT_GE(chosen[2] - chosen[1], 0.01);
  EXPECT_LE(chosen[2] - chosen[0], 0.3) << "all of them where gains are high";
}

TEST(Pb2, StaysInTheSpaceAndWithWhatIsAllowed) {
  const SearchSpace net = Net();
  const Trained trained = Train(net, 3, [&](const Point& x) {
    return net[0].distribution.Cdf(*x[0]) + (x[5] ? Number(x, 5) : 0.0) + 0.1 * Number(x, 1);
  });
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    PbtOptions options = Pb2(seed);
    options.allowed = [](const Point& point) { return Number(point, 1) <= 4; };
    const Point values = Decide(net, trained, options).values;
    ASSERT_TRUE(net.Normalize(values)) << net.Normalize(values).error().message;
    EXPECT_EQ(*net.Normalize(values), values);
    EXPECT_LE(Number(values, 1), 4);
    EXPECT_EQ(std::fmod(Number(values, 2), 0.25), 0);
    EXPECT_EQ(values[5].has_value(), Number(values, 4) == 1);
  }
  PbtOptions options = Pb2();
  options.allowed = [](const Point&) { return false; };
  const PbtDecision decision = Decide(net, trained, options);
  EXPECT_EQ(decision.values, trained.population[*decision.parent].values);
}

TEST(Pb2, ChoosesTheBetterCategory) {
  const SearchSpace net = Net();
  const Trained trained = Train(
      net, 5, [](const Point& x) { return Number(x, 4) == 2 ? 3.0 : 0.2 * Number(x, 1) / 6; });
  EXPECT_EQ(Number(Decide(net, trained, Pb2()).values, 4), 2);
}

TEST(Pb2, IsAFunctionOfSeedAndHistory) {
  const Trained trained = Train(Net(), 3, [](const Point& x) { return Number(x, 1); });
  const Point values = Decide(Net(), trained, Pb2(1)).values;
  EXPECT_EQ(values, Decide(Net(), trained, Pb2(1)).values) << "to the last bit";
  EXPECT_NE(values, Decide(Net(), trained, Pb2(2)).values);
}

TEST(Pb2, TakesAnyHistory) {
  Trained trained = Train(Rate(), 1, [](const Point&) { return 0.5; });
  EXPECT_TRUE(Rate().Normalize(Decide(Rate(), trained, Pb2()).values)) << "all gains equal";
  for (PopulationInterval& past : trained.history) past.after = kNaN;
  EXPECT_TRUE(Rate().Normalize(Decide(Rate(), trained, Pb2()).values)) << "all failed";
  for (PopulationInterval& past : trained.history) {
    past.before = -1e308;
    past.after = past.id % 2 == 0 ? 1e308 : -1e308;
  }
  EXPECT_TRUE(Rate().Normalize(Decide(Rate(), trained, Pb2()).values)) << "enormous";
  for (PopulationInterval& past : trained.history) past.before = kNaN;
  EXPECT_THAT(Decide(Rate(), trained, Pb2()).reason, HasSubstr("for want of results"));
  trained = Train(Rate(), 60, [](const Point& x) { return Peak(x, 0.6); });
  ExpectTowards(trained, 0.6, "far more than it reads");
  for (PopulationInterval& past : trained.history) past.interval = past.interval * 1000 + 7;
  trained.last = trained.last * 1000 + 7;
  ExpectTowards(trained, 0.6, "numbers with gaps");
}

// ln of the loss that eight members reach together while the best rate wanders from 0.9 to 0.1.
double TrainDrifting(Explore explore, std::uint64_t seed) {
  constexpr std::uint64_t kIntervals = 20;
  Trained trained;
  Rng rng(seed, 1);
  for (TrialId id = 0; id < 8; ++id) trained.population.push_back({id, {rng.Uniform()}, 1});
  PbtOptions options = Pb2(seed);
  options.explore = explore;
  std::vector<std::optional<double>> before(8);
  for (std::uint64_t interval = 0; interval < kIntervals; ++interval) {
    const double best = 0.9 - 0.8 * static_cast<double>(interval) / kIntervals;
    for (PopulationMember& member : trained.population) {
      member.value *= 1 - 0.3 * Peak(member.values, best);
      trained.history.push_back(
          {member.id, interval, member.values, before[member.id], member.value});
    }
    const std::vector<PopulationMember> at_end = trained.population;
    for (PopulationMember& member : trained.population) {
      const PbtDecision decision =
          Must(DecidePbt(Rate(), at_end, member.id, interval, options, trained.history));
      member.value = at_end[decision.parent.value_or(member.id)].value;
      member.values = decision.values;
      before[member.id] = member.value;
      trained.history.push_back({member.id, interval + 1, member.values, before[member.id], {}});
    }
    std::erase_if(trained.history, [](const auto& past) { return !past.after; });
  }
  double best = 1;
  for (const PopulationMember& member : trained.population) best = std::min(best, member.value);
  return std::log(best);
}

TEST(Pb2, FollowsADriftingOptimumCloserThanPerturbation) {
  double with = 0;
  double without = 0;
  int won = 0;
  constexpr int kSeeds = 5;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const double ours = TrainDrifting(Explore::kPb2, static_cast<std::uint64_t>(seed));
    const double theirs = TrainDrifting(Explore::kPerturb, static_cast<std::uint64_t>(seed));
    with += ours / kSeeds;
    without += theirs / kSeeds;
    won += ours < theirs ? 1 : 0;
  }
  RecordProperty("log_loss_pb2", std::to_string(with));
  RecordProperty("log_loss_perturb", std::to_string(without));
  EXPECT_LT(with, without - 0.5);
  EXPECT_GE(won, 4);
}

}  // namespace
}  // namespace regatta::search
