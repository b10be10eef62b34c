// Which points a grid visits, in which order, and that numbers and points lead to each other.
#include "regatta/search/grid.h"

#include <gtest/gtest.h>

#include <set>

#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

std::vector<std::vector<double>> Visited(const SearchSpace& space) {
  const Grid grid = Must(Grid::Create(space));
  std::vector<std::vector<double>> rows;
  for (std::uint64_t i = 0; i < grid.size(); ++i) {
    const Point point = grid.At(i);
    EXPECT_EQ(grid.IndexOf(point), i);
    auto& row = rows.emplace_back();
    for (const auto& value : point) {
      row.push_back(value ? AsNumber(*value) : -99);
    }
  }
  return rows;
}

std::vector<double> VisitedOne(Result<Distribution> distribution) {
  std::vector<double> values;
  for (const auto& row : Visited(Space({Named("x", std::move(distribution))}))) {
    values.push_back(row[0]);
  }
  return values;
}

TEST(Grid, VisitsTheLanguagesValues) {
  EXPECT_EQ(VisitedOne(Distribution::IntUniform(1, 4)), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(VisitedOne(Distribution::QUniform(0, 1, 0.25)),
            (std::vector<double>{0, 0.25, 0.5, 0.75}));
  EXPECT_EQ(VisitedOne(Distribution::QUniform(0, 1, 0.1)),
            (std::vector<double>{0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5, 0.6000000000000001,
                                 0.7000000000000001, 0.8, 0.9}));
  EXPECT_EQ(VisitedOne(Distribution::QUniform(1, 10, 4)), (std::vector<double>{1, 5, 9}));
  EXPECT_EQ(VisitedOne(Distribution::QUniform(1, 4, 1)), (std::vector<double>{1, 2, 3}));
  DistributionSpec repeated;
  repeated.kind = DistributionKind::kCategorical;
  repeated.categories = 3;
  repeated.first_equal = {0, 1, 0};
  EXPECT_EQ(VisitedOne(Distribution::Create(repeated)), (std::vector<double>{0, 1}));
}

TEST(Grid, VariesTheLastParameterFastest) {
  const SearchSpace space =
      Space({Named("Z", Distribution::Categorical(2)), Named("a.z", Distribution::Categorical(2)),
             Named("b", Distribution::Categorical(2))});
  EXPECT_EQ(
      Visited(space),
      (std::vector<std::vector<double>>{
          {0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1}, {1, 0, 0}, {1, 0, 1}, {1, 1, 0}, {1, 1, 1}}));
}

TEST(Grid, OfNoParametersHasOnePoint) {
  EXPECT_EQ(Must(Grid::Create(Space({}))).size(), 1U);
  EXPECT_EQ(Must(Grid::Create(Space({}))).At(0), Point{});
}

TEST(Grid, CountsConditionalParametersOnlyWhereActive) {
  // momentum (3) only for sgd; nesterov (2) only for momentum >= 2; both declared before their
  // parents.
  const SearchSpace space = Space({
      Named("nesterov", Distribution::Categorical(2), {{"momentum", {}, 2.0, {}}}),
      Named("momentum", Distribution::IntUniform(1, 3), {{"optimizer", {1}, {}, {}}}),
      Named("optimizer", Distribution::Categorical(2)),
      Named("width", Distribution::Categorical(2)),
  });
  // adam: 1 point; sgd: momentum 1 -> 1, 2 -> 2, 3 -> 2; times width.
  const auto rows = Visited(space);
  EXPECT_EQ(rows.size(), 12U);
  EXPECT_EQ(std::set<std::vector<double>>(rows.begin(), rows.end()).size(), 12U);
}

TEST(Grid, NumbersHugeSpacesWithoutListingThem) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 6; ++i) {
    parameters.push_back(Named("p" + std::to_string(i), Distribution::IntUniform(1, 1000)));
  }
  const Grid grid = Must(Grid::Create(Space(parameters)));
  EXPECT_EQ(grid.size(), 1'000'000'000'000'000'000U);
  EXPECT_EQ(grid.IndexOf(grid.At(123'456'789'012'345'678U)), 123'456'789'012'345'678U);
  parameters.push_back(Named("one more", Distribution::IntUniform(1, 1000)));
  EXPECT_FALSE(Grid::Create(Space(parameters)));
}

TEST(Grid, RefusesContinuousParametersByName) {
  const auto refused = Grid::Create(Space({Named("lr", Distribution::Uniform(0, 1))}));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("\"lr\""), std::string::npos);
  EXPECT_FALSE(Grid::Create(Space({Named("c", Distribution::Categorical(2, {0.5, 0.5}))})));
}

TEST(Permutation, VisitsEveryNumberOnce) {
  for (const std::uint64_t size : {1U, 2U, 3U, 7U, 64U, 1000U}) {
    const Permutation order(size, 7);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < size; ++i) {
      EXPECT_LT(order(i), size);
      seen.insert(order(i));
    }
    EXPECT_EQ(seen.size(), size);
  }
}

Trial Done(TrialId id, const Suggestion& suggestion) {
  Trial trial;
  trial.id = id;
  trial.values = suggestion.values;
  trial.state = TrialState::kFailed;
  trial.grid_index = suggestion.grid_index;
  return trial;
}

TEST(GridSampler, HandsOutEachPointOnceAndFreesForgottenOnes) {
  const SearchSpace space =
      Space({Named("a", Distribution::Categorical(3)), Named("b", Distribution::Categorical(2))});
  SamplerOptions options;
  options.shuffled = true;
  auto sampler = Must(MakeSampler("grid", space, options));
  std::set<std::uint64_t> seen;
  for (TrialId id = 0; id < 6; ++id) {
    const auto suggestions = Must(sampler->Suggest(id, 1));
    ASSERT_EQ(suggestions.size(), 1U);
    seen.insert(*suggestions[0].grid_index);
    ASSERT_TRUE(sampler->Tell(Done(id, suggestions[0])));
  }
  EXPECT_EQ(seen.size(), 6U);
  EXPECT_TRUE(Must(sampler->Suggest(6, 3)).empty());
  sampler->Forget(2);
  EXPECT_EQ(Must(sampler->Suggest(6, 3)).size(), 1U);
}

TEST(GridSampler, KnowsTheTrialsThatHaveEnded) {
  auto sampler = Must(
      MakeSampler("grid", Space({Named("a", Distribution::Categorical(9))}), SamplerOptions()));
  const TrialState states[] = {TrialState::kPending, TrialState::kRunning, TrialState::kFailed,
                               TrialState::kFinished, TrialState::kLost};
  for (TrialId id = 0; id < std::size(states); ++id) {
    Trial trial = Done(id, Must(sampler->Suggest(id, 1)).at(0));
    trial.state = states[id];
    trial.objectives = {1.0};
    ASSERT_TRUE(sampler->Tell(trial));
  }
  EXPECT_EQ(Must(sampler->Suggest(9, 1)).at(0).why.trials_known, 2U);
  Suggestion second;
  second.values = {CategoryIndex{1}};
  second.grid_index = 1;
  ASSERT_TRUE(sampler->Tell(Done(1, second)));
  EXPECT_EQ(Must(sampler->Suggest(9, 1)).at(0).why.trials_known, 3U);
  sampler->Forget(1);
  EXPECT_EQ(Must(sampler->Suggest(9, 1)).at(0).why.trials_known, 2U);
}

// The first parameter moves last, so that a constraint on it excludes whole stretches of the grid.
TEST(GridSampler, GivesUpWhereConstraintsExcludeMillionsInARow) {
  std::vector<Parameter> parameters;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    parameters.push_back(Named(name, Distribution::IntUniform(0, 99)));
  }
  SamplerOptions options;
  options.allowed = [](const Point& point) { return AsNumber(*point[0]) > 97; };
  auto sampler = Must(MakeSampler("grid", Space(parameters), options));
  for (int again = 0; again < 2; ++again) {
    const auto refused = sampler->Suggest(0, 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_NE(refused.error().message.find("constraints exclude"), std::string::npos);
  }
  parameters.erase(parameters.begin() + 2, parameters.end());
  auto smaller = Must(MakeSampler("grid", Space(parameters), options));
  EXPECT_EQ(Must(smaller->Suggest(0, 300)).size(), 200U);
}

TEST(GridSampler, CoversByIndexWhateverTheConfigSays) {
  const SearchSpace space = Space({Named("a", Distribution::Categorical(2))});
  auto sampler = Must(MakeSampler("grid", space, {}));
  Trial edited;
  edited.id = 0;
  edited.grid_index = 0;
  ASSERT_TRUE(sampler->Tell(edited));
  const auto suggestions = Must(sampler->Suggest(1, 5));
  ASSERT_EQ(suggestions.size(), 1U);
  EXPECT_EQ(suggestions[0].grid_index, 1U);
}

}  // namespace
}  // namespace regatta::search
