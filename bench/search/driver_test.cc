#include "driver.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

namespace regatta::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const Settings kProgram = {{"seeds", 5}, {"first", 0}, {"parity", -1}, {"limit", 1e9}};

Result<Order> Parse(const std::vector<std::string>& arguments) {
  return ParseOrder("bayes", arguments, kProgram);
}

TEST(Order, NamesAfterTheMethodWhatIsNotOfTheMeasurement) {
  const auto order = Parse({"seeds=2", "particles=4", "warp=0.50"});
  ASSERT_TRUE(order);
  EXPECT_EQ(order->label, "bayes particles=4 warp=0.50");
  EXPECT_THAT(order->method_settings, ElementsAre(Pair("particles", 4), Pair("warp", 0.5)));
  EXPECT_EQ(order->Count("seeds"), 2);
}

TEST(Order, RefusesWhatIsNoNumber) {
  for (const char* argument : {"seeds", "seeds=", "seeds=two", "seeds=1x", "warp=nan"}) {
    const auto order = Parse({argument});
    ASSERT_FALSE(order) << argument;
    EXPECT_THAT(order.error().message, HasSubstr(argument));
  }
}

TEST(Order, LimitsTheTasksOfItsParity) {
  EXPECT_THAT(Parse({})->Tasks(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(Parse({"parity=1"})->Tasks(6), ElementsAre(1, 3, 5));
  EXPECT_THAT(Parse({"parity=0", "limit=2"})->Tasks(9), ElementsAre(0, 2));
}

TEST(Order, TakesASettingOnce) {
  auto order = Parse({"batch=3"});
  EXPECT_EQ(Take(order->method_settings, "batch", 1), 3);
  EXPECT_EQ(Take(order->method_settings, "batch", 1), 1);
}

TEST(ForEachRun, RunsAllSeedsOfATaskBeforeTheNextUntilOneFails) {
  const auto order = Parse({"first=7", "seeds=2", "parity=0"});
  std::vector<std::pair<std::size_t, std::uint64_t>> runs;
  const auto run = [&](const std::string& task, std::size_t number,
                       std::uint64_t seed) -> Result<void> {
    EXPECT_EQ(task, std::to_string(number));
    runs.emplace_back(number, seed);
    return runs.size() == 3 ? Result<void>(InvalidArgument("enough")) : Ok();
  };
  const auto make = [](std::size_t number) { return std::to_string(number); };
  EXPECT_EQ(ForEachRun(*order, 9, make, run).error().message, "enough");
  EXPECT_THAT(runs, ElementsAre(Pair(0, 7), Pair(0, 8), Pair(2, 7)));
}

}  // namespace
}  // namespace regatta::bench
