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
  for (const char* argument :
       {"seeds", "seeds=", "seeds=two", "seeds=1x", "warp=nan", "warp=inf"}) {
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

TEST(Order, NamesTheConditionsOfTheMeasurement) {
  const auto order =
      ParseOrder("bayes", std::vector<std::string>{"workers=8", "seeds=2", "warps=1"}, kProgram,
                 {{"workers", 1}, {"spread", 0.7}});
  ASSERT_TRUE(order);
  EXPECT_EQ(order->label, "bayes workers=8 warps=1");
  EXPECT_EQ(order->Count("workers"), 8);
  EXPECT_EQ(order->Number("spread"), 0.7);
  EXPECT_THAT(order->method_settings, ElementsAre(Pair("warps", 1)));
}

TEST(Order, TellsWhoMisspellsASettingThoseOfTheMethodAndOfTheMeasurement) {
  const auto order = Parse({"seed=2"});
  ASSERT_TRUE(order);
  EXPECT_EQ(
      WithOwnSettings(*order, InvalidArgument("no \"seed\"; there is start")).message,
      "no \"seed\"; there is start; the measurement's settings are first, limit, parity, seeds");
  EXPECT_EQ(WithOwnSettings(*Parse({}), NotFound("no such method")).message, "no such method");
}

TEST(Order, RefusesAnySettingOfAMethodThatHasNone) {
  EXPECT_TRUE(ExpectNoMethodSettings(*Parse({"seeds=3"})));
  EXPECT_EQ(ExpectNoMethodSettings(*Parse({"warps=1"})).error().message,
            "bayes has no setting \"warps\"; the measurement's settings are first, limit, parity, "
            "seeds");
}

TEST(ParseWhole, TakesWholeNumbersAndNamesWhatIsNone) {
  EXPECT_EQ(*ParseWhole("SEED", "18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", "-1", "1.5", "7x", " 7", "18446744073709551616"}) {
    const auto number = ParseWhole("SEED", text);
    ASSERT_FALSE(number) << text;
    EXPECT_EQ(number.error().message,
              "SEED: expected a whole number and found \"" + std::string(text) + "\"");
  }
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
