// What every sampler promises, run unchanged on each of them. Spaces that a sampler cannot search
// (a grid over a continuum) are skipped.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

SearchSpace Continuous() {
  return Space({Named("a", Distribution::Uniform(-1, 1)),
                Named("b", Distribution::LogUniformValues(1e-5, 1e-1)),
                Named("c", Distribution::Normal(3, 2))});
}

SearchSpace Mixed() {
  DistributionSpec stepped;
  stepped.kind = DistributionKind::kQLogUniformValues;
  stepped.min = 32;
  stepped.max = 256;
  stepped.q = 8;
  return Space({Named("lr", Distribution::LogUniformValues(1e-5, 1e-1)),
                Named("layers", Distribution::IntUniform(1, 4)),
                Named("width", Distribution::Create(stepped)),
                Named("optimizer", Distribution::Categorical(3)),
                Named("batch", Distribution::Levels({16, 64, 32, 128})),
                Named("odds", Distribution::Categorical(3, {0.5, 0.5, 0})),
                Named("steps", Distribution::IntUniform(1, 100000))});
}

SearchSpace Conditional() {
  return Space({Named("momentum", Distribution::Uniform(0, 1), {{"optimizer", {1}, {}, {}}}),
                Named("nesterov", Distribution::Categorical(2), {{"momentum", {}, 0.5, {}}}),
                Named("optimizer", Distribution::Categorical(2)),
                Named("depth", Distribution::IntUniform(1, 3)),
                Named("width2", Distribution::IntUniform(8, 64), {{"depth", {}, 2.0, {}}}),
                Named("width3", Distribution::IntUniform(8, 64), {{"depth", {}, 3.0, {}}})});
}

SearchSpace Finite() {
  return Space({Named("a", Distribution::Categorical(3)),
                Named("b", Distribution::IntUniform(0, 3)),
                Named("c", Distribution::Categorical(2), {{"a", {0, 1}, {}, {}}})});
}

SearchSpace Wide() {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 200; ++i) {
    parameters.push_back(Named("p" + std::to_string(i), Distribution::Uniform(0, 1)));
  }
  return Space(std::move(parameters));
}

SearchSpace LongList() {
  return Space({Named("item", Distribution::Categorical(10000)),
                Named("x", Distribution::IntUniform(1, 2))});
}

class SamplerContract : public testing::TestWithParam<std::string> {
 protected:
  // Absent when this sampler cannot search the space.
  std::unique_ptr<Sampler> Make(const SearchSpace& space, std::uint64_t seed = 1,
                                SamplerOptions options = {}) {
    options.seed = seed;
    auto sampler = MakeSampler(GetParam(), space, options);
    if (!sampler) {
      EXPECT_EQ(sampler.error().code, ErrorCode::kInvalidArgument) << sampler.error().message;
      return nullptr;
    }
    return std::move(*sampler);
  }
};

double Loss(const Point& point) {
  double sum = 0;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double x = point[i] ? AsNumber(*point[i]) : 0.3;
    sum += std::cos(x * static_cast<double>(i + 1)) + 0.01 * std::abs(x);
  }
  return sum;
}

Trial TrialOf(TrialId id, const Suggestion& suggestion, TrialState state) {
  Trial trial;
  trial.id = id;
  trial.values = suggestion.values;
  trial.state = state;
  trial.grid_index = suggestion.grid_index;
  if (state == TrialState::kFinished) {
    trial.objectives = {Loss(trial.values)};
  }
  return trial;
}

Suggestion One(Sampler& sampler, TrialId id) {
  auto suggestions = Must(sampler.Suggest(id, 1));
  EXPECT_EQ(suggestions.size(), 1U);
  return suggestions.empty() ? Suggestion{} : suggestions[0];
}

TEST_P(SamplerContract, StaysInsideEverySpace) {
  for (const SearchSpace& space : {Continuous(), Mixed(), Conditional(), Finite(), Wide()}) {
    auto sampler = Make(space);
    if (!sampler) {
      continue;
    }
    for (TrialId id = 0; id < 14; ++id) {
      const Suggestion suggestion = One(*sampler, id);
      const auto clean = space.Normalize(suggestion.values);
      ASSERT_TRUE(clean) << clean.error().message;
      EXPECT_EQ(*clean, suggestion.values) << "an inactive parameter has a value";
      for (std::size_t i = 0; i < space.size(); ++i) {
        if (suggestion.values[i]) {
          EXPECT_EQ(std::holds_alternative<std::int64_t>(*suggestion.values[i]),
                    space[i].distribution.is_integer());
        }
      }
      EXPECT_FALSE(suggestion.why.rule.empty());
      ASSERT_TRUE(sampler->Tell(TrialOf(id, suggestion, TrialState::kFinished)));
    }
  }
}

TEST_P(SamplerContract, NeverYieldsAnItemOfProbabilityZero) {
  auto sampler = Make(Mixed());
  if (!sampler) {
    GTEST_SKIP();
  }
  for (TrialId id = 0; id < 30; ++id) {
    const Suggestion suggestion = One(*sampler, id);
    EXPECT_NE(AsNumber(*suggestion.values[5]), 2);
    ASSERT_TRUE(sampler->Tell(TrialOf(id, suggestion, TrialState::kFinished)));
  }
}

TEST_P(SamplerContract, IsTheSameAfterARestart) {
  for (const SearchSpace& space : {Continuous(), Mixed(), Conditional(), Finite()}) {
    auto first = Make(space, 5);
    if (!first) {
      continue;
    }
    std::vector<Trial> told;
    for (TrialId id = 0; id < 18; ++id) {
      const Suggestion suggestion = One(*first, id);
      ASSERT_TRUE(first->Tell(TrialOf(id, suggestion, TrialState::kPending)));
      const TrialState state = id % 7 == 3 ? TrialState::kFailed : TrialState::kFinished;
      told.push_back(TrialOf(id, suggestion, state));
      ASSERT_TRUE(first->Tell(told.back()));
      if (id % 5 == 4) {
        first->Refresh();
        auto second = Make(space, 5);
        for (const Trial& trial : told) {
          ASSERT_TRUE(second->Tell(trial));
        }
        const auto left = Must(first->Suggest(id + 1, 2));
        const auto right = Must(second->Suggest(id + 1, 2));
        ASSERT_EQ(left.size(), right.size());
        for (std::size_t i = 0; i < left.size(); ++i) {
          EXPECT_EQ(left[i].values, right[i].values) << "after trial " << id;
        }
      }
    }
  }
}

TEST_P(SamplerContract, DependsOnItsSeed) {
  if (GetParam() == "grid") {
    GTEST_SKIP() << "a grid has one order";
  }
  EXPECT_NE(One(*Make(Continuous(), 1), 0).values, One(*Make(Continuous(), 2), 0).values);
}

TEST_P(SamplerContract, VisitsAFiniteSpaceWithoutRepeating) {
  const SearchSpace space = Finite();
  auto sampler = Make(space);
  std::set<std::string> seen;
  for (TrialId id = 0; id < 20; ++id) {  // 2·4·2 + 1·4 points
    const Suggestion suggestion = One(*sampler, id);
    EXPECT_TRUE(seen.insert(space.Key(suggestion.values)).second) << "trial " << id;
    const TrialState states[] = {TrialState::kFinished, TrialState::kFailed, TrialState::kPending,
                                 TrialState::kRunning};
    ASSERT_TRUE(sampler->Tell(TrialOf(id, suggestion, states[id % 4])));
  }
  const auto more = Must(sampler->Suggest(20, 2));
  if (GetParam() == "random" || GetParam() == "sobol") {
    EXPECT_EQ(more.size(), 2U) << "random search never ends by itself";
  } else {
    EXPECT_TRUE(more.empty());
  }
}

TEST_P(SamplerContract, HandsOutDifferentPointsInOneBatch) {
  for (const SearchSpace& space : {Continuous(), Mixed(), Conditional(), Finite()}) {
    auto sampler = Make(space);
    if (!sampler) {
      continue;
    }
    for (TrialId id = 0; id < 6; ++id) {
      ASSERT_TRUE(sampler->Tell(TrialOf(id, One(*sampler, id), TrialState::kFinished)));
    }
    std::set<std::string> keys;
    for (const Suggestion& suggestion : Must(sampler->Suggest(6, 10))) {
      keys.insert(space.Key(suggestion.values));
    }
    EXPECT_EQ(keys.size(), 10U);
  }
}

TEST_P(SamplerContract, LivesWithOddResults) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<std::vector<double>> cases = {
      {1, 1, 1, 1, 1, 1},
      {1e308, -1e308, 1e308, -1e308, 0, 1},
      {std::nan(""), inf, -inf, std::nan(""), 1, 2},
      {1e-320, 2e-320, 3e-320, 4e-320, 5e-320, 0},
      {1e15, 1e15 + 1, 1e15 + 2, 1e15, 1e15, 1e15},
  };
  for (const auto& values : cases) {
    auto sampler = Make(Mixed());
    if (!sampler) {
      GTEST_SKIP();
    }
    TrialId id = 0;
    for (const double value : values) {
      Trial trial = TrialOf(id, One(*sampler, id), TrialState::kFinished);
      trial.objectives = {value};
      ASSERT_TRUE(sampler->Tell(trial));
      ++id;
    }
    EXPECT_TRUE(Mixed().Normalize(One(*sampler, id).values));
  }
}

TEST_P(SamplerContract, GoesOnWhenEverythingFails) {
  auto sampler = Make(Mixed());
  if (!sampler) {
    GTEST_SKIP();
  }
  for (TrialId id = 0; id < 12; ++id) {
    ASSERT_TRUE(sampler->Tell(TrialOf(id, One(*sampler, id), TrialState::kFailed)));
  }
}

TEST_P(SamplerContract, IgnoresLostTrials) {
  auto plain = Make(Continuous());
  auto with_lost = Make(Continuous());
  if (!plain) {
    GTEST_SKIP();
  }
  for (TrialId id = 0; id < 8; ++id) {
    const Suggestion suggestion = One(*plain, id);
    ASSERT_TRUE(plain->Tell(TrialOf(id, suggestion, TrialState::kFinished)));
    ASSERT_TRUE(with_lost->Tell(TrialOf(id, suggestion, TrialState::kFinished)));
  }
  Trial lost = TrialOf(100, One(*plain, 8), TrialState::kRunning);
  ASSERT_TRUE(with_lost->Tell(lost));
  lost.state = TrialState::kLost;
  ASSERT_TRUE(with_lost->Tell(lost));
  EXPECT_EQ(One(*plain, 9).values, One(*with_lost, 9).values);
}

TEST_P(SamplerContract, TakesForeignTrialsAndRefusesImpossibleOnes) {
  const SearchSpace space = Mixed();
  auto sampler = Make(space);
  if (!sampler) {
    GTEST_SKIP();
  }
  Trial foreign = TrialOf(50, One(*sampler, 0), TrialState::kFinished);
  foreign.values[0] = 17.0;  // beyond the range
  EXPECT_TRUE(sampler->Tell(foreign));
  foreign.id = 51;
  foreign.values[3] = CategoryIndex{99};
  EXPECT_FALSE(sampler->Tell(foreign));
  foreign.values[3].reset();
  EXPECT_FALSE(sampler->Tell(foreign));
  foreign.values.clear();
  const auto refused = sampler->Tell(foreign);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("51"), std::string::npos);
  EXPECT_TRUE(space.Normalize(One(*sampler, 1).values));
}

TEST_P(SamplerContract, TakesInitialPointsFirst) {
  const SearchSpace space = Finite();
  SamplerOptions options;
  options.initial_points = {
      {CategoryIndex{2}, std::int64_t{3}, std::nullopt},
      {CategoryIndex{1}, std::int64_t{0}, CategoryIndex{1}},
  };
  auto sampler = Make(space, 3, options);
  const auto batch = Must(sampler->Suggest(0, 3));
  ASSERT_EQ(batch.size(), 3U);
  EXPECT_EQ(batch[0].values, options.initial_points[0]);
  EXPECT_EQ(batch[1].values, options.initial_points[1]);
}

TEST_P(SamplerContract, KeepsOutOfForbiddenPoints) {
  const SearchSpace space = Finite();
  SamplerOptions options;
  options.allowed = [](const Point& point) { return AsNumber(*point[1]) != 2; };
  auto sampler = Make(space, 3, options);
  for (TrialId id = 0; id < 15; ++id) {
    const Suggestion suggestion = One(*sampler, id);
    EXPECT_NE(AsNumber(*suggestion.values[1]), 2);
    ASSERT_TRUE(sampler->Tell(TrialOf(id, suggestion, TrialState::kFinished)));
  }
}

TEST_P(SamplerContract, HandlesSpacesOfOnePoint) {
  for (const SearchSpace& space :
       {Space({}), Space({Named("only", Distribution::Categorical(1))})}) {
    auto sampler = Make(space);
    const Suggestion only = One(*sampler, 0);
    EXPECT_EQ(only.values.size(), space.size());
    ASSERT_TRUE(sampler->Tell(TrialOf(0, only, TrialState::kFinished)));
    ASSERT_TRUE(sampler->Suggest(1, 1));
  }
}

TEST_P(SamplerContract, HandlesLongListsOfValues) {
  auto sampler = Make(LongList());
  for (TrialId id = 0; id < 8; ++id) {
    ASSERT_TRUE(sampler->Tell(TrialOf(id, One(*sampler, id), TrialState::kFinished)));
  }
}

TEST_P(SamplerContract, SuggestChangesNothing) {
  auto asked_often = Make(Mixed());
  auto asked_once = Make(Mixed());
  if (!asked_once) {
    GTEST_SKIP();
  }
  for (TrialId id = 0; id < 9; ++id) {
    (void)asked_often->Suggest(id, 3);
    const Suggestion suggestion = One(*asked_often, id);
    ASSERT_TRUE(asked_often->Tell(TrialOf(id, suggestion, TrialState::kFinished)));
    ASSERT_TRUE(asked_once->Tell(TrialOf(id, suggestion, TrialState::kFinished)));
  }
  EXPECT_EQ(One(*asked_often, 9).values, One(*asked_once, 9).values);
}

TEST_P(SamplerContract, GivingMemoryBackChangesNothing) {
  auto released = Make(Mixed());
  auto kept = Make(Mixed());
  if (!kept) {
    GTEST_SKIP();
  }
  for (TrialId id = 0; id < 24; ++id) {
    if (id % 3 == 0) {
      released->Release();
    }
    const Suggestion suggestion = One(*released, id);
    ASSERT_EQ(suggestion.values, One(*kept, id).values) << "trial " << id;
    const TrialState state = id % 7 == 3 ? TrialState::kFailed : TrialState::kFinished;
    ASSERT_TRUE(released->Tell(TrialOf(id, suggestion, state)));
    ASSERT_TRUE(kept->Tell(TrialOf(id, suggestion, state)));
  }
}

TEST_P(SamplerContract, SwallowsAHundredThousandTrialsAtOnce) {
  const SearchSpace space = Mixed();
  auto sampler = Make(space);
  if (!sampler) {
    GTEST_SKIP();
  }
  auto source = Must(MakeSampler("random", space, {}));
  Rng rng(9);
  for (TrialId id = 0; id < 100'000; ++id) {
    std::vector<double> u(space.size());
    for (double& coordinate : u) {
      coordinate = rng.UniformOpen();
    }
    Suggestion suggestion;
    suggestion.values = space.At(u);
    ASSERT_TRUE(sampler->Tell(TrialOf(id, suggestion, TrialState::kFinished)));
  }
  EXPECT_TRUE(space.Normalize(One(*sampler, 100'000).values));
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const SamplerInfo& info : AllSamplers()) {
    names.emplace_back(info.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Every, SamplerContract, testing::ValuesIn(Names()),
                         [](const auto& info) { return info.param; });

TEST(MakeSampler, ListsTheNamesThereAre) {
  const auto missing = MakeSampler("magic", Finite(), {});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("bayes"), std::string::npos);
  SamplerOptions options;
  options.settings["no such setting"] = 1;
  EXPECT_FALSE(MakeSampler("bayes", Finite(), options));
}

TEST(MakeSampler, RefusesASettingOutsideOfItsRangeByName) {
  const auto refused = [](std::string_view sampler, std::string setting, double value) {
    SamplerOptions options;
    options.settings[setting] = value;
    const auto made = MakeSampler(sampler, Finite(), options);
    return !made && made.error().message.find('"' + setting + '"') != std::string::npos;
  };
  EXPECT_TRUE(refused("bayes", "bound_share", 7));
  EXPECT_TRUE(refused("bayes", "start", -5));
  EXPECT_TRUE(refused("bayes", "particles", 1e300));
  EXPECT_TRUE(refused("tpe", "candidates", 0));
  EXPECT_TRUE(refused("cmaes", "sigma", std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(refused("cmaes", "population", 4));
}

}  // namespace
}  // namespace regatta::search
