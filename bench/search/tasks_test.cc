// That the tasks are what they claim: optimum where they say, nothing below it, the same on each
// call.
#include "tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bbob.h"
#include "regatta/base/rng.h"
#include "tables.h"

namespace regatta::bench {
namespace {

TEST(Bbob, IsZeroAtItsOptimumAndNowhereLess) {
  for (int function = 1; function <= 24; ++function) {
    for (const std::size_t d : {std::size_t{2}, std::size_t{5}}) {
      Rng rng(7, static_cast<std::uint64_t>(function));
      std::vector<double> optimum(d);
      for (double& x : optimum) {
        x = -4 + 8 * rng.Uniform();
      }
      const Bbob bbob(function, optimum, 3);
      EXPECT_NEAR(bbob(bbob.optimum()), 0, 1e-6) << "f" << function;
      for (int i = 0; i < 200; ++i) {
        std::vector<double> x(d);
        for (double& coordinate : x) {
          coordinate = -5 + 10 * rng.Uniform();
        }
        EXPECT_GT(bbob(x), 0) << "f" << function;
      }
    }
  }
}

TEST(Tasks, HaveAnOptimumBelowTheirMedian) {
  for (const std::string suite : {"s1", "s2", "lists"}) {
    for (std::size_t number = 0; number < TaskCount(suite); number += 27) {
      const auto task = MakeTask(suite, number);
      ASSERT_TRUE(task) << task.error().message;
      EXPECT_LT(task->best, task->reference) << task->name;
      EXPECT_EQ(MakeTask(suite, number)->best, task->best) << task->name;
    }
  }
}

TEST(Tasks, RefuseAnUnknownSuiteOrNumberByName) {
  EXPECT_THAT(MakeTask("s9", 0).error().message, testing::HasSubstr("no task 0 in the suite s9"));
  EXPECT_THAT(MakeTask("s1", 72).error().message, testing::HasSubstr("s1 (0 to 71)"));
}

TEST(Tasks, OfListsHaveNothingElseAndNoisyValues) {
  for (std::size_t number = 0; number < TaskCount("lists"); number += 13) {
    const auto task = MakeTask("lists", number);
    ASSERT_TRUE(task) << task.error().message;
    Rng rng(1, number);
    std::vector<double> u;
    for (const auto& parameter : task->space.parameters()) {
      EXPECT_TRUE(parameter.distribution.is_categorical()) << task->name;
      u.push_back(rng.Uniform());
    }
    const search::Point point = task->space.At(u);
    EXPECT_GE(task->value(point), task->best) << task->name;
    EXPECT_EQ(task->value(point), task->value(point)) << task->name;
    EXPECT_NE(task->Observe(point, rng), task->Observe(point, rng)) << task->name;
  }
}

TEST(Tasks, TheClaimSetIsHeldOutAndBalanced) {
  const auto claim = TaskSet("claim");
  ASSERT_TRUE(claim);
  std::map<std::string, int> suites;
  std::set<std::pair<std::string, std::size_t>> distinct;
  int conditional = 0;
  for (const TaskId& id : *claim) {
    EXPECT_EQ(id.number % 2, 1U) << id.suite << " " << id.number;
    EXPECT_LT(id.number, TaskCount(id.suite));
    ++suites[id.suite];
    distinct.emplace(id.suite, id.number);
    conditional += id.suite == "s2" && TaskKind(*MakeTask(id.suite, id.number)) == "conditional";
  }
  EXPECT_EQ(distinct.size(), 44U);
  EXPECT_EQ(suites["s1"], 20);
  EXPECT_EQ(suites["s2"], 20);
  EXPECT_EQ(suites["s3"], 4);
  EXPECT_EQ(conditional, 10);
}

TEST(Tasks, SetsAreHalvesAndSums) {
  EXPECT_EQ(TaskSet("s3-even+s1-odd")->size(), 4U + 36U);
  EXPECT_EQ(TaskSet("s2")->size(), 80U);
  EXPECT_EQ(TaskSet("s3-even")->at(1).number, 2U);
  EXPECT_THAT(TaskSet("s1-left").error().message, testing::HasSubstr("no set of tasks s1-left"));
  EXPECT_THAT(TaskSet("s3+s4").error().message, testing::HasSubstr("no set of tasks s4"));
}

// A table of 2 x 3 configurations with two seeds each; the best one is (1, 20).
class Tables : public testing::Test {
 protected:
  static std::string Head() {
    return "regatta-table 1\nname tiny\nseeds 2\nparameter a 1 2\nparameter b 10 20 30\nend\n";
  }
  std::string Write(const std::string& head, const std::vector<float>& values) const {
    const std::string path = testing::TempDir() + "/tiny.table";
    std::ofstream file(path, std::ios::binary);
    file << head;
    for (const float value : values) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      for (unsigned shift = 0; shift < 32; shift += 8) {
        file.put(static_cast<char>(bits >> shift & 0xFFU));
      }
    }
    return path;
  }
  static search::Point At(std::int64_t a, std::int64_t b) {
    return {search::CategoryIndex{a}, search::CategoryIndex{b}};
  }
  std::vector<float> values_ = {.5F, .5F, .25F, .75F, .5F, 1, 1, 1, .125F, .25F, .75F, 1};
};

TEST_F(Tables, TruthIsTheMeanOverTheSeedsAndTheLastParameterIsTheFastest) {
  const auto task = ReadTableTask(Write(Head(), values_));
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_EQ(task->name, "tiny");
  EXPECT_EQ(task->value(At(0, 0)), 0.5);
  EXPECT_EQ(task->value(At(0, 2)), 0.75);
  EXPECT_EQ(task->value(At(1, 1)), 0.1875);
  EXPECT_EQ(task->best, 0.1875);
  EXPECT_EQ(task->reference, 0.75);
  EXPECT_THAT(task->space[1].distribution.spec().levels, testing::ElementsAre(10, 20, 30));
}

TEST_F(Tables, ObserveOneSeedDrawnAtRandom) {
  const auto task = ReadTableTask(Write(Head(), values_));
  ASSERT_TRUE(task) << task.error().message;
  Rng rng(1);
  std::map<double, int> seen;
  for (int i = 0; i < 200; ++i) {
    ++seen[task->Observe(At(0, 1), rng)];
  }
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_GT(seen[0.25], 50);
  EXPECT_GT(seen[0.75], 50);
}

TEST_F(Tables, SayWhatToRunWhenTheyAreMissingOrTorn) {
  EXPECT_THAT(ReadTableTask("/nonexistent/car.table").error().message,
              testing::HasSubstr("python3 bench/search/tables.py"));
  values_.pop_back();
  EXPECT_THAT(ReadTableTask(Write(Head(), values_)).error().message,
              testing::HasSubstr("has 44 bytes of values, its head asks for 48"));
  EXPECT_THAT(ReadTableTask(Write("regatta-table 2\n", {})).error().message,
              testing::HasSubstr("is no table"));
  EXPECT_THAT(ReadTableTask(Write("regatta-table 1\nseeds 2\nend\n", {})).error().message,
              testing::HasSubstr("its head lacks"));
  values_.push_back(std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(ReadTableTask(Write(Head(), values_)).error().message,
              testing::HasSubstr("configuration 5 has a value that is no number"));
}

}  // namespace
}  // namespace regatta::bench
