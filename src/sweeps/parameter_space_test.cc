// The test vectors of the sweep file contract, section 19, through the file: values at u, grid
// order, equality, and the way from points to run configs and back.
#include "regatta/sweeps/parameter_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "regatta/search/grid.h"
#include "regatta/sweeps/explain.h"
#include "regatta/sweeps/search_options.h"
#include "regatta/sweeps/space_point_source.h"

namespace regatta::sweeps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ParameterSpace SpaceOf(std::string_view text) {
  const Result<ParsedSweep> parsed = ParseSweepConfig(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  Result<ParameterSpace> space = ParameterSpace::Build(parsed->config);
  EXPECT_TRUE(space) << (space ? "" : space.error().message);
  return *std::move(space);
}

ParameterSpace OneParameter(std::string_view parameter, std::string_view method = "random") {
  return SpaceOf("method: " + std::string(method) + "\nparameters: {a: " + std::string(parameter) +
                 "}\n");
}

Value ValueAt(const ParameterSpace& space, double u) {
  return *space.ToRunConfig(space.search_space().At({u})).Find("a")->Find("value");
}

struct Vector {
  std::string_view parameter;
  // The values at u = 0.1, 0.5 and 0.9, as JSON, which also tells integers from floats.
  std::string_view values;
};

TEST(ParameterSpace, GivesTheValuesOfEveryDistribution) {
  // Differences from the upstream engine, all intended: whole multiples of a whole q are integers
  // (section 6), and rounding stays in the range (D9).
  const std::vector<Vector> vectors = {
      {"{values: [a, b, c, d]}", R"(["a","b","d"])"},
      {"{values: [16, 32, 64]}", "[16,32,64]"},
      {"{values: [true, false]}", "[true,true,false]"},
      {"{values: [a, b, c], probabilities: [0.2, 0.5, 0.3]}", R"(["a","b","c"])"},
      {"{values: [1, 2, 3], probabilities: [0.25, 0.5, 0.25]}", "[1,2,3]"},
      {"{min: 1, max: 10}", "[1,5,9]"},
      {"{min: -3, max: 3}", "[-3,0,3]"},
      {"{min: 0, max: 1}", "[0,0,1]"},
      {"{min: 0, max: 255}", "[25,127,230]"},
      {"{min: 0.0, max: 1.0}", "[0.1,0.5,0.9]"},
      {"{min: 0.0001, max: 0.1}", "[0.01009,0.050050000000000004,0.09001]"},
      {"{distribution: uniform, min: -1, max: 3}", "[-0.6,1.0,2.6]"},
      {"{distribution: q_uniform, min: 0, max: 10}", "[1,5,9]"},
      {"{distribution: q_uniform, min: 0, max: 10, q: 2}", "[0,4,8]"},
      {"{distribution: q_uniform, min: 0, max: 1, q: 0.1}", "[0.1,0.5,0.9]"},
      {"{distribution: q_uniform, min: 1, max: 10, q: 4}", "[4,4,8]"},
      {"{distribution: q_uniform, min: 0, max: 256, q: 1}", "[26,128,230]"},
      {"{distribution: log_uniform, min: -5, max: 0}",
       "[0.011108996538242308,0.0820849986238988,0.6065306597126334]"},
      {"{distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-1}",
       "[2.511886431509579e-05,0.0010000000000000002,0.03981071705534976]"},
      {"{distribution: log_uniform_values, min: 1, max: 1000}",
       "[1.99526231496888,31.622776601683793,501.1872336272723]"},
      {"{distribution: inv_log_uniform, min: 0, max: 5}",
       "[0.011108996538242308,0.0820849986238988,0.6065306597126335]"},
      {"{distribution: inv_log_uniform_values, min: 1.0e-5, max: 1.0e-1}",
       "[2.511886431509579e-05,0.0010000000000000002,0.03981071705534974]"},
      {"{distribution: q_log_uniform, min: 0, max: 6}", "[2,20,221]"},
      {"{distribution: q_log_uniform, min: 0, max: 6, q: 2}", "[2,20,222]"},
      {"{distribution: q_log_uniform_values, min: 32, max: 256, q: 8}", "[40,88,208]"},
      {"{distribution: q_log_uniform_values, min: 32, max: 256}", "[39,91,208]"},
      {"{distribution: q_log_uniform_values, min: 1, max: 1000, q: 10}", "[10,30,500]"},
      {"{distribution: normal}", "[-1.2815515655446004,0.0,1.2815515655446004]"},
      {"{distribution: normal, mu: 100, sigma: 10}", "[87.184484344554,100.0,112.815515655446]"},
      {"{distribution: q_normal}", "[-1,0,1]"},
      {"{distribution: q_normal, mu: 100, sigma: 10, q: 5}", "[85,100,115]"},
      {"{distribution: q_normal, q: 0.25}", "[-1.25,0.0,1.25]"},
      {"{distribution: log_normal}", "[0.2776062418520099,1.0,3.6022244792791573]"},
      {"{distribution: log_normal, mu: -3, sigma: 0.5}",
       "[0.02623198574730546,0.04978706836786394,0.09449350119904569]"},
      {"{distribution: q_log_normal}", "[0,1,4]"},
      {"{distribution: q_log_normal, mu: 3, sigma: 1, q: 2}", "[6,20,72]"},
      {"{distribution: beta}", "[0.1,0.5,0.9]"},
      {"{distribution: beta, a: 2, b: 5}",
       "[0.09259525891312873,0.26444998329566005,0.5103163065514917]"},
      {"{distribution: beta, a: 0.5, b: 0.5}",
       "[0.024471741852423214,0.4999999999999999,0.9755282581475768]"},
      {"{distribution: q_beta, a: 2, b: 5, q: 0.05}", "[0.1,0.25,0.5]"},
      {"{distribution: q_beta}", "[0,0,1]"},
  };
  for (const Vector& vector : vectors) {
    const ParameterSpace space = OneParameter(vector.parameter);
    const Value wanted = *ParseJson(vector.values);
    for (std::size_t i = 0; i < 3; ++i) {
      const double u = i == 0 ? 0.1 : i == 1 ? 0.5 : 0.9;
      const Value value = ValueAt(space, u);
      const Value& expected = wanted.as_list()[i];
      EXPECT_EQ(value.kind(), expected.kind()) << vector.parameter << " at " << u;
      if (expected.is_number() && value.is_number()) {
        EXPECT_NEAR(value.as_number(), expected.as_number(),
                    1e-12 * std::max(1.0, std::abs(expected.as_number())))
            << vector.parameter << " at " << u;
      } else {
        EXPECT_EQ(ToJson(value), ToJson(expected)) << vector.parameter << " at " << u;
      }
    }
  }
}

TEST(ParameterSpace, GivesConstantsAsWritten) {
  const ParameterSpace space = OneParameter("{value: 7}");
  EXPECT_EQ(space.search_space().size(), 0U);
  EXPECT_EQ(ToJson(space.ToRunConfig({})), R"({"a":{"value":7}})");
}

TEST(ParameterSpace, KeepsTheTypeOfLiteralsUnlessAskedForWandbNumbers) {
  constexpr std::string_view kText =
      "method: grid\nparameters: {a: {values: [1.0]}, b: {value: [2.0, {c: 3.0}]}}\n";
  const ParameterSpace kept = SpaceOf(kText);
  EXPECT_EQ(ToJson(kept.ToRunConfig(kept.search_space().At({0.5}))),
            R"({"a":{"value":1.0},"b":{"value":[2.0,{"c":3.0}]}})");
  const ParameterSpace whole = SpaceOf(std::string(kText) + "regatta: {wandb_numbers: true}\n");
  EXPECT_EQ(ToJson(whole.ToRunConfig(whole.search_space().At({0.5}))),
            R"({"a":{"value":1},"b":{"value":[2,{"c":3}]}})");
}

constexpr std::string_view kNested =
    "method: grid\nparameters:\n  b: {values: [16, 32]}\n"
    "  a: {parameters: {z: {values: [s, t]}, k: {value: 0.9}}}\n"
    "  Z: {values: [true, false]}\n  c: {value: 5}\n";

TEST(ParameterSpace, FlattensByCodePointAndNestsRunConfigs) {
  const ParameterSpace space = SpaceOf(kNested);
  std::vector<std::string> names;
  for (const Leaf& leaf : space.leaves()) {
    names.push_back(leaf.dotted);
  }
  EXPECT_THAT(names, ElementsAre("Z", "a.k", "a.z", "b", "c"));
  const search::Grid grid = *search::Grid::Create(space.search_space());
  ASSERT_EQ(grid.size(), 8U);
  std::vector<std::string> visited;
  for (std::uint64_t i = 0; i < grid.size(); ++i) {
    const Value config = space.ToRunConfig(grid.At(i));
    visited.push_back(ToJson(*config.Find("Z")->Find("value")) + " " +
                      config.Find("a")->Find("value")->Find("z")->as_string() + " " +
                      ToJson(*config.Find("b")->Find("value")));
  }
  EXPECT_THAT(visited, ElementsAre("true s 16", "true s 32", "true t 16", "true t 32", "false s 16",
                                   "false s 32", "false t 16", "false t 32"));
  EXPECT_EQ(
      ToJson(space.ToRunConfig(grid.At(0))),
      R"({"Z":{"value":true},"a":{"value":{"k":0.9,"z":"s"}},"b":{"value":16},"c":{"value":5}})");
}

std::string Visited(std::string_view parameter) {
  const ParameterSpace space = OneParameter(parameter, "grid");
  const search::Grid grid = *search::Grid::Create(space.search_space());
  std::string text;
  for (std::uint64_t i = 0; i < grid.size(); ++i) {
    text += text.empty() ? "" : " ";
    text += ToJson(*space.ToRunConfig(grid.At(i)).Find("a")->Find("value"));
  }
  return text;
}

TEST(ParameterSpace, VisitsGridsAsUpstreamDoes) {
  EXPECT_EQ(Visited("{min: 1, max: 4}"), "1 2 3 4");
  EXPECT_EQ(Visited("{distribution: q_uniform, min: 0, max: 1, q: 0.25}"), "0.0 0.25 0.5 0.75");
  EXPECT_EQ(
      Visited("{distribution: q_uniform, min: 0, max: 1, q: 0.1}"),
      "0.0 0.1 0.2 0.30000000000000004 0.4 0.5 0.6000000000000001 0.7000000000000001 0.8 0.9");
  EXPECT_EQ(Visited("{distribution: q_uniform, min: 1, max: 10, q: 4}"), "1 5 9");
  EXPECT_EQ(Visited("{distribution: q_uniform, min: 1, max: 4}"), "1 2 3");
  EXPECT_EQ(Visited("{values: [a, b, a]}"), R"("a" "b")");
  EXPECT_EQ(Visited("{value: 3}"), "3");
  EXPECT_EQ(Visited("{values: [true, 1]}"), "true 1");
  EXPECT_EQ(Visited("{values: [1, 1.0]}"), "1");
}

TEST(ParameterSpace, FindsPriorRunsByTypedEqualityAtEveryDepth) {
  const auto find = [](std::string_view parameter, const std::string& value) -> int {
    const ParameterSpace space = OneParameter(parameter, "grid");
    const search::Grid grid = *search::Grid::Create(space.search_space());
    const Result<search::Point> point =
        space.FromRunConfig(*ParseJson("{\"a\": {\"value\": " + value + "}, \"other\": 1}"));
    if (!point) {
      return -1;
    }
    const auto index = grid.IndexOf(*point);
    return index ? static_cast<int>(*index) : -2;
  };
  EXPECT_EQ(find("{values: [1.0, 2.0]}", "2"), 1);
  EXPECT_EQ(find("{values: [[1.0, 2.0], [3.0]]}", "[3]"), 1);
  EXPECT_EQ(find("{values: [true, 1]}", "1"), 1);
  EXPECT_EQ(find("{values: [true, 1]}", "true"), 0);
  EXPECT_EQ(find("{values: [1, 2]}", "3"), -1);
  EXPECT_EQ(find("{values: [\"1\"]}", "1"), -1);
  EXPECT_EQ(find("{min: 1, max: 4}", "3.0"), 2);
  EXPECT_EQ(find("{distribution: q_uniform, min: 0, max: 1, q: 0.1}", "0.30000000000000004"), 3);
}

TEST(ParameterSpace, NamesWhatIsMissingOrForeignInARunConfig) {
  const ParameterSpace space = SpaceOf(kNested);
  const auto why = [&space](std::string_view config) {
    const Result<search::Point> point = space.FromRunConfig(*ParseJson(config));
    return point ? std::string("found") : point.error().message;
  };
  EXPECT_EQ(why(R"({"Z":{"value":true},"a":{"value":{"k":0.9,"z":"s"}},"b":{"value":16.0}})"),
            "found");
  EXPECT_EQ(why(R"({"Z":true,"a":{"z":"s"},"b":16})"), "found");
  EXPECT_THAT(why(R"({"Z":{"value":true},"b":{"value":16}})"), HasSubstr("\"a.z\""));
  EXPECT_THAT(why(R"({"Z":{"value":"x"},"a":{"value":{"z":"s"}},"b":{"value":16}})"),
              HasSubstr("\"x\" is no value of parameter \"Z\""));
}

TEST(ParameterSpace, RunsThereAndBack) {
  const ParameterSpace space = SpaceOf(
      "method: random\nparameters:\n  lr: {distribution: log_uniform_values, min: 1.0e-5, max: "
      "0.1}\n"
      "  n: {min: 1, max: 99}\n  q: {distribution: q_uniform, min: 0, max: 9}\n"
      "  o: {parameters: {kind: {values: [adam, sgd]},\n"
      "       momentum: {min: 0.0, max: 1.0, when: {kind: sgd}}}}\n");
  Rng rng(3);
  int inactive = 0;
  for (int i = 0; i < 200; ++i) {
    const search::Point point = space.RandomPoint(rng);
    const Value config = *ParseJson(ToJson(space.ToRunConfig(point)));
    const Result<search::Point> again = space.FromRunConfig(config);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(space.search_space().Key(*again), space.search_space().Key(point));
    inactive += config.Find("o")->Find("value")->Find("momentum") == nullptr ? 1 : 0;
  }
  EXPECT_GT(inactive, 50);
  EXPECT_LT(inactive, 150);
}

TEST(ParameterSpace, ListsOnlyActiveCombinations) {
  const Result<ParsedSweep> parsed = ParseSweepConfig(
      "method: grid\nparameters:\n  opt: {values: [adam, sgd]}\n"
      "  momentum: {values: [0.1, 0.5, 0.9], when: {opt: sgd}}\n"
      "  note: {value: x, when: {opt: adam}}\n");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const ParameterSpace space = *ParameterSpace::Build(parsed->config);
  EXPECT_EQ(CountGridPoints(parsed->config, space), 4U);
  const search::Grid grid = *search::Grid::Create(space.search_space());
  std::vector<std::string> configs;
  for (std::uint64_t i = 0; i < grid.size(); ++i) {
    configs.push_back(ToJson(space.ToRunConfig(grid.At(i))));
  }
  EXPECT_THAT(configs,
              testing::UnorderedElementsAre(R"({"note":{"value":"x"},"opt":{"value":"adam"}})",
                                            R"({"momentum":{"value":0.1},"opt":{"value":"sgd"}})",
                                            R"({"momentum":{"value":0.5},"opt":{"value":"sgd"}})",
                                            R"({"momentum":{"value":0.9},"opt":{"value":"sgd"}})"));
}

TEST(ParameterSpace, MovesZippedListsTogether) {
  constexpr std::string_view kZip =
      "method: grid\nparameters:\n  depth: {values: [2, 4, 4]}\n  width: {values: [64, 32, 16]}\n"
      "  seed: {values: [0, 1]}\nregatta: {zip: [[width, depth]]}\n";
  const Result<ParsedSweep> parsed = ParseSweepConfig(kZip);
  ASSERT_TRUE(parsed) << parsed.error().message;
  const ParameterSpace space = *ParameterSpace::Build(parsed->config);
  EXPECT_EQ(CountGridPoints(parsed->config, space), 6U);
  const search::Grid grid = *search::Grid::Create(space.search_space());
  EXPECT_EQ(ToJson(space.ToRunConfig(grid.At(2))),
            R"({"depth":{"value":4},"seed":{"value":0},"width":{"value":32}})");
  const Result<search::Point> found =
      space.FromRunConfig(*ParseJson(R"({"depth":4,"seed":1,"width":16})"));
  ASSERT_TRUE(found);
  EXPECT_EQ(grid.IndexOf(*found), 5U);
  EXPECT_FALSE(space.FromRunConfig(*ParseJson(R"({"depth":2,"seed":1,"width":16})")));
  EXPECT_THAT(
      ExplanationText(ExplainSweep("method: grid\nparameters: {a: {values: [1, 2]}, b: {values: "
                                   "[1]}}\nregatta: {zip: [[a, b]]}\n")),
      HasSubstr("zip joins lists of one length: \"a\" has 2 values and \"b\" has 1"));
}

TEST(ParameterSpace, CountsPointsThatSatisfyTheConstraints) {
  const Result<ParsedSweep> parsed = ParseSweepConfig(
      "method: grid\nparameters: {a: {min: 1, max: 10}, b: {min: 1, max: 10}}\n"
      "regatta: {constraints: ['a * b <= 10', 'a != 7']}\n");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const ParameterSpace space = *ParameterSpace::Build(parsed->config);
  EXPECT_EQ(CountGridPoints(parsed->config, space), 26U);
  Rng rng(1);
  for (int i = 0; i < 100; ++i) {
    const auto point = space.RandomAllowedPoint(rng);
    ASSERT_TRUE(point);
    EXPECT_TRUE(space.AllowedFunction()(*point));
  }
}

TEST(ParameterSpace, RefusesGridsThatNoPointSatisfies) {
  EXPECT_FALSE(
      ParseSweepConfig("method: grid\nparameters: {a: {values: [1, 2]}}\n"
                       "regatta: {constraints: ['a > 2']}\n"));
}

TEST(ParameterSpace, CountsAsUpstreamDoes) {
  const auto count = [](std::string_view text) {
    const ParsedSweep parsed = InspectSweepConfig(text);
    return CountGridPoints(parsed.config, *ParameterSpace::Build(parsed.config));
  };
  EXPECT_EQ(count("method: grid\nparameters: {a: {values: [1, 2, 3]}}\n"), 3U);
  EXPECT_EQ(count("method: grid\nparameters: {a: {parameters: {x: {values: [1, 2, 3]}, y: {values: "
                  "[1, 2, 3]}}}}\n"),
            9U);
  EXPECT_EQ(count("method: grid\nparameters: {a: {value: 1}}\n"), 1U);
  EXPECT_EQ(count("method: random\nparameters: {a: {values: [1, 2, 3]}}\n"), std::nullopt);
}

TEST(ParameterSpace, PassesTheFilesWishesToTheSampler) {
  const Result<ParsedSweep> parsed = ParseSweepConfig(
      "method: bayes\nmetric: {name: acc, goal: maximize}\nparameters: {a: {min: 0.0, max: 1.0}, "
      "b: {parameters: {c: {values: [x, y]}}}}\nregatta: {seed: 7, initial_points: [{a: 0.5, b.c: "
      "y}, "
      "{b: {c: x}}], constraints: ['a < 0.9']}\n");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const ParameterSpace space = *ParameterSpace::Build(parsed->config);
  const Result<search::SamplerOptions> options = MakeSamplerOptions(parsed->config, space, 1);
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(SamplerName(parsed->config), "bayes");
  EXPECT_EQ(options->seed, 7U);
  EXPECT_EQ(options->objectives[0].goal, search::Goal::kMaximize);
  ASSERT_EQ(options->initial_points.size(), 2U);
  EXPECT_EQ(std::get<double>(*options->initial_points[0][0]), 0.5);
  EXPECT_EQ(std::get<search::CategoryIndex>(*options->initial_points[0][1]).index, 1);
  EXPECT_FALSE(options->initial_points[1][0].has_value());
  EXPECT_TRUE(options->allowed(options->initial_points[0]));
}

TEST(ParameterSpace, CountsTheTrialsThatTheLimitsLeave) {
  const auto planned = [](std::string_view limits) {
    const Result<ParsedSweep> parsed = ParseSweepConfig(
        "method: bayes\nmetric: {name: loss}\nparameters: {a: {min: 0.0, max: 1.0}}\n" +
        std::string(limits));
    EXPECT_TRUE(parsed) << parsed.error().message;
    const auto options =
        MakeSamplerOptions(parsed->config, *ParameterSpace::Build(parsed->config), 1);
    return options->trials_planned;
  };
  EXPECT_EQ(planned(""), std::nullopt);
  EXPECT_EQ(planned("run_cap: 40\n"), 40U);
  EXPECT_EQ(planned("regatta: {budget: {runs: 30}}\n"), 30U);
  EXPECT_EQ(planned("run_cap: 40\nregatta: {budget: {runs: 30}}\n"), 30U);
  EXPECT_EQ(planned("run_cap: 40\nregatta: {budget: {runs: 50, hours: 2}}\n"), 40U);
  EXPECT_EQ(planned("run_cap: 40\nregatta: {repeats: 3}\n"), 14U) << "the last has one run";
}

TEST(PointSource, HasNoInitialPointThatBreaksAConstraint) {
  const Result<ParsedSweep> parsed = ParseSweepConfig(
      "method: random\nparameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}\n"
      "regatta: {constraints: ['x < 0.5'], initial_points: [{x: 0.9}, {x: 0.2}]}\n");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto source = *MakePointSource(parsed->config, 1);
  EXPECT_FALSE(source->InitialPoint(0));
  ASSERT_TRUE(source->InitialPoint(1));
  EXPECT_THAT(source->InitialPoint(1)->args_json, HasSubstr(R"("x":{"value":0.2})"));
}

TEST(Explain, SaysWhereCostHasNoEffect) {
  const SweepExplanation explanation = ExplainSweep(
      "program: t.py\nmethod: random\nmetric: {name: loss}\n"
      "parameters: {a: {min: 0.0, max: 1.0}}\nregatta: {cost: seconds}\n");
  ASSERT_FALSE(explanation.has_errors) << ExplanationText(explanation);
  EXPECT_THAT(ExplanationText(explanation),
              HasSubstr("regatta.cost: no effect: only bayes looks at seconds\n"));
}

TEST(Explain, ShowsTheSpaceThePointsAndTheCommandLines) {
  const SweepExplanation explanation = ExplainSweep(
      "program: train.py\nmethod: grid\nmetric: {name: loss}\n"
      "early_terminate: {type: hyperband, min_iter: 3}\n"
      "parameters:\n  flag: {values: [true, false]}\n  lr: {value: 0.001}\n  note: {value: two "
      "words}\n");
  EXPECT_FALSE(explanation.has_errors);
  EXPECT_EQ(explanation.points, 2U);
  ASSERT_EQ(explanation.commands.size(), 2U);
  EXPECT_THAT(explanation.commands[0],
              ElementsAre("/usr/bin/env", "python", "train.py", "--flag=True", "--lr=0.001",
                          "--note=two words"));
  const std::string text = ExplanationText(explanation);
  EXPECT_THAT(text, HasSubstr("points: 2\n"));
  EXPECT_THAT(text, HasSubstr("bands: 3, 9, 27, 81"));
  EXPECT_THAT(text, HasSubstr("  /usr/bin/env python train.py --flag=False --lr=0.001 "
                              "'--note=two words'\n"));
  const Result<Value> json = ParseJson(ExplanationJson(explanation));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->Find("points")->as_int(), 2);
  EXPECT_EQ(json->Find("commands")->as_list().size(), 2U);
}

TEST(Explain, SaysWhatEveryOtherKeyWillDo) {
  const SweepExplanation explanation = ExplainSweep(
      "program: train.py\nmethod: bayes\nmetric: {name: loss}\nrun_cap: 6\n"
      "early_terminate: {type: asha, min_iter: 1, max_iter: 9, resource: epoch}\n"
      "parameters:\n  lr: {min: 0.0, max: 1.0, prior: 0.1, prior_confidence: high}\n"
      "  w: {values: [1, 2]}\n  d: {values: [3, 4]}\n"
      "regatta: {seed: 7, zip: [[w, d]], constraints: ['lr < 0.9'], initial_points: [{lr: 0.2}],\n"
      "  retry: {failed: 2}, budget: {runs: 9, hours: 1.5}, cost: seconds, wandb_numbers: true}\n");
  ASSERT_FALSE(explanation.has_errors) << ExplanationText(explanation);
  const std::string text = ExplanationText(explanation);
  for (const char* line :
       {"  prior 0.1, high confidence\n", "\nrun_cap: 6 runs at most\n",
        "\nearly_terminate: asha, min_iter 1, max_iter 9; counts epoch\n",
        "\nsampler: bayes: Gaussian process", "\nregatta.seed: 7\n",
        "\nregatta.zip: w, d move together\n", "\nregatta.constraints: lr < 0.9\n",
        "\nregatta.initial_points: 1 tried first\n",
        "\nregatta.retry: a point again after 100 lost machines, 1 times out of memory, 2 "
        "failures\n",
        "\nregatta.budget: 9 runs; 1.5 hours\n",
        "\nregatta.cost: cheap runs of equal promise first, by seconds, ever less until the last "
        "of "
        "6 trials\n",
        "\nregatta.wandb_numbers: whole numbers lose their .0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  const Result<Value> json = ParseJson(ExplanationJson(explanation));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->Find("settings")->Find("run_cap")->as_string(), "6 runs at most");
}

TEST(Explain, ShowsBothEndsOfABoundOnAnOutcome) {
  EXPECT_THAT(ExplanationText(ExplainSweep(
                  "method: bayes\nmetrics: [{name: loss}, {name: heat, min: 1, max: 3}]\n"
                  "parameters: {a: {min: 0.0, max: 1.0}}\n")),
              HasSubstr("metric: loss (minimize), 1 <= heat <= 3\n"));
}

TEST(Explain, SaysHowAPopulationExploresAndThatItHasNoCurves) {
  const auto text = [](std::string_view rest) {
    return ExplanationText(ExplainSweep(
        "program: t.py\nmethod: random\nmetric: {name: loss}\nparameters: {lr: {min: 0.0, max: "
        "1.0}}\n" +
        std::string(rest)));
  };
  EXPECT_THAT(
      text("regatta: {population: {explore: pb2, share: 0.25}}\n"),
      HasSubstr("\nregatta.population: pbt: the worst 25 % copy from the best and go on with "
                "what pb2 chooses; asked for by `exploit`"));
  EXPECT_THAT(text("regatta: {population: {}}\n"),
              HasSubstr("perturbed parameters (step 0.1, 25 % drawn afresh)"));
  EXPECT_THAT(text("regatta: {population: {}}\nearly_terminate: {type: median}\n"),
              HasSubstr("so that no member can exploit"));
}

TEST(Explain, ShowsTheSameSamplesForTheSameSeed) {
  constexpr std::string_view kText =
      "program: t.py\nmethod: random\nparameters: {lr: {min: 0.0, max: 1.0}}\n";
  const SweepExplanation first = ExplainSweep(kText);
  EXPECT_EQ(first.commands.size(), 10U);
  EXPECT_EQ(first.commands, ExplainSweep(kText).commands);
  EXPECT_NE(first.commands, ExplainSweep(kText, {.seed = 2}).commands);
  EXPECT_THAT(ExplanationText(first), HasSubstr("points: no end\n"));
}

TEST(Explain, ListsEveryProblemOfABrokenFile) {
  const SweepExplanation explanation =
      ExplainSweep("method: grd\nparameters: {a: {min: 2, max: 1}}\n");
  EXPECT_TRUE(explanation.has_errors);
  EXPECT_TRUE(explanation.commands.empty());
  EXPECT_THAT(ExplanationText(explanation), HasSubstr("2 errors, 0 warnings\n"));
  EXPECT_FALSE(ParseJson(ExplanationJson(explanation))->Find("ok")->as_bool());
}

TEST(MakeFidelity, TakesTheFirstAndTheLastRungFromEarlyTerminate) {
  const auto fidelity = [](const std::string& early_terminate) {
    return MakeFidelity(ParseSweepConfig("method: bayes\nmetric: {name: loss}\n"
                                         "parameters: {x: {min: 0.0, max: 1.0}}\n" +
                                         early_terminate)
                            ->config);
  };
  EXPECT_FALSE(fidelity("").has_value());
  const auto asha = fidelity("early_terminate: {type: asha, min_iter: 2, max_iter: 32, eta: 4}\n");
  ASSERT_TRUE(asha.has_value());
  EXPECT_EQ(asha->min, 2);
  EXPECT_EQ(asha->max, 32);
  EXPECT_EQ(asha->eta, 4);
  const auto hyperband = fidelity("early_terminate: {type: hyperband, max_iter: 27, s: 2}\n");
  ASSERT_TRUE(hyperband.has_value());
  EXPECT_EQ(hyperband->min, 3);
  EXPECT_EQ(hyperband->max, 27);
  const auto median = fidelity("early_terminate: {type: median}\n");
  ASSERT_TRUE(median.has_value());
  EXPECT_EQ(median->min, 1);
  EXPECT_FALSE(median->max.has_value());
}

}  // namespace
}  // namespace regatta::sweeps
