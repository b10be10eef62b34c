// That the tasks of the suite "population" are what their header says.
#include "population.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "tasks.h"

namespace regatta::bench {
namespace {

PopulationMethod Constant() {
  PopulationMethod method;
  method.exploits = false;
  return method;
}

TEST(PopulationTasks, BothHalvesHoldEveryFamily) {
  std::map<std::string, int> counts;
  for (std::size_t number = 0; number < PopulationTaskCount(); ++number) {
    const std::string name = MakePopulationTask(number).name;
    ++counts[name.substr(0, name.find('-')) + (number % 2 == 0 ? " even" : " odd")];
  }
  EXPECT_EQ(counts.size(), 6U);
  for (const auto& [half, count] : counts) EXPECT_EQ(count, 6) << half;
}

TEST(PopulationTasks, AreTheSameWheneverTheyAreMade) {
  for (const std::size_t number : {0U, 2U, 4U}) {
    const PopulationTask task = MakePopulationTask(number);
    const PopulationTask again = MakePopulationTask(number);
    EXPECT_EQ(TrainPopulation(task, Constant(), 1, 4), TrainPopulation(again, Constant(), 1, 4));
    EXPECT_NE(TrainPopulation(task, Constant(), 1, 4), TrainPopulation(task, Constant(), 2, 4));
  }
}

TEST(PopulationTasks, NoConstantPointKeepsUpWithTheBest) {
  for (const std::size_t number : {0U, 2U, 4U, 6U, 8U, 10U}) {
    const PopulationTask task = MakePopulationTask(number);
    ASSERT_EQ(task.best.size(), task.intervals);
    EXPECT_TRUE(std::is_sorted(task.best.begin(), task.best.end())) << task.name;
    Rng rng(9);
    for (int n = 0; n < 50; ++n) {
      const search::Point point = RandomPoint(task.space, rng);
      ModelState state = task.start;
      EXPECT_NEAR(task.progress(state), 0, 1e-12);
      for (std::size_t k = 0; k < task.intervals; ++k) state = task.train(state, point, k, rng);
      EXPECT_LT(task.progress(state), 1.1 * task.best.back()) << task.name;
    }
  }
}

TEST(PopulationTasks, ACheckpointCarriesTheTraining) {
  const PopulationTask task = MakePopulationTask(2);  // sgd
  Rng rng(3);
  const search::Point point = RandomPoint(task.space, rng);
  const ModelState once = task.train(task.start, point, 0, rng);
  EXPECT_NE(once, task.start);
  Rng left(4);
  Rng right(4);
  EXPECT_EQ(task.train(once, point, 1, left), task.train(ModelState(once), point, 1, right));
}

TEST(PopulationTasks, CopyingHelps) {
  double with = 0;
  double without = 0;
  for (const std::size_t number : {0U, 2U, 4U, 6U, 8U, 10U}) {
    const PopulationTask task = MakePopulationTask(number);
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      with += TrainPopulation(task, PopulationMethod{}, seed, 8).back();
      without += TrainPopulation(task, Constant(), seed, 8).back();
    }
  }
  EXPECT_LT(with, 0.8 * without);
}

}  // namespace
}  // namespace regatta::bench
