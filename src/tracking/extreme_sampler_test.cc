#include "regatta/tracking/extreme_sampler.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace regatta::tracking {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> SampleOf(std::size_t rows, std::size_t kept_max, auto value) {
  const RowPicker picker({"_step", "y"});
  ExtremeSampler sampler(picker, 1, kept_max);
  for (std::size_t i = 0; i < rows; ++i) {
    sampler.Add(fmt::format(R"({{"_step":{},"other":[1,2],"y":{}}})", i, value(i)));
  }
  return sampler.TakeSample();
}

std::string Row(std::size_t step, std::string_view y) {
  return fmt::format(R"({{"_step":{},"y":{}}})", step, y);
}

TEST(ExtremeSampler, KeepsFewRowsAsTheyAre) {
  EXPECT_THAT(SampleOf(3, 8, [](std::size_t i) { return std::to_string(i); }),
              ElementsAre(Row(0, "0"), Row(1, "1"), Row(2, "2")));
  EXPECT_THAT(SampleOf(0, 8, [](std::size_t) { return "0"; }), IsEmpty());
}

TEST(ExtremeSampler, LosesNoSpikeAndNeitherEnd) {
  for (const std::size_t spike : {1u, 4'444u, 77'777u, 99'998u}) {
    const auto sample = SampleOf(100'000, 1500, [spike](std::size_t i) {
      return i == spike ? std::string("-50.5") : fmt::format("{}", i % 7);
    });
    EXPECT_LE(sample.size(), 1500u);
    EXPECT_GE(sample.size(), 500u);
    EXPECT_THAT(sample, Contains(Row(spike, "-50.5")));
    EXPECT_EQ(sample.front(), Row(0, "0"));
    EXPECT_EQ(sample.back(), Row(99'999, std::to_string(99'999 % 7)));
  }
}

TEST(ExtremeSampler, KeepsTheRowsInTheirOrder) {
  const auto sample =
      SampleOf(5000, 50, [](std::size_t i) { return std::to_string(i * 7919 % 5000); });
  std::vector<int> steps;
  for (const std::string& row : sample) {
    steps.push_back(std::stoi(row.substr(row.find(':') + 1)));
  }
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(std::adjacent_find(steps.begin(), steps.end()), steps.end());
}

TEST(ExtremeSampler, KeepsWhatIsNoNumberToo) {
  const auto sample = SampleOf(
      10'000, 100, [](std::size_t i) { return i == 5000 ? "NaN" : std::to_string(i % 3); });
  EXPECT_THAT(sample, Contains(Row(5000, "\"NaN\"")));
}

TEST(ExtremeSampler, PassesOverRowsWithoutItsKeys) {
  const RowPicker picker({"y"});
  ExtremeSampler sampler(picker, 0, 8);
  sampler.Add(R"({"x":1})");
  sampler.Add(R"({"y":1})");
  sampler.Add("nonsense");
  EXPECT_THAT(sampler.TakeSample(), ElementsAre(R"({"y":1})"));
}

TEST(ExtremeSampler, TellsAnAverageBesideEachRowItKeeps) {
  const RowPicker picker({"y"});
  ExtremeSampler sampler(picker, 0, 8);
  sampler.Add(R"({"y":1})", 1);
  sampler.Add(R"({"y":"NaN"})");
  sampler.Add(R"({"y":3})", 2.5);
  EXPECT_THAT(sampler.TakeSample(), ElementsAre(R"({"y":1,"_smoothed":1})", R"({"y":"NaN"})",
                                                R"({"y":3,"_smoothed":2.5})"));
}

TEST(ExtremeSampler, AnswersNoMoreThanAskedFor) {
  for (const std::size_t kept_max : {8u, 9u, 10u, 100u, 101u}) {
    EXPECT_LE(SampleOf(3000, kept_max,
                       [](std::size_t i) {
                         return i % 5 == 0 ? std::string("NaN") : std::to_string(i * 7919 % 3000);
                       })
                  .size(),
              kept_max);
  }
}

}  // namespace
}  // namespace regatta::tracking
