// Sharing GPUs out among runs.
#include "slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace regatta::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<SlotPlan> Plan(const SlotRequest& request, std::map<std::string, std::string> environment,
                      std::size_t gpus) {
  const auto lookup = [&](std::string_view name) {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  const auto list = [&] { return std::vector<std::string>(gpus, "GPU"); };
  return PlanSlots(request, GpuProbe{.environment = lookup, .list = list});
}

constexpr SlotRequest kTwoEach{.slots = 1, .gpus_per_run = 2};

TEST(ParseSlots, TakesRunsOrGpusPerRun) {
  EXPECT_EQ(ParseSlots("4")->slots, 4);
  EXPECT_EQ(ParseSlots("gpu:2")->gpus_per_run, 2);
  for (const char* wrong : {"", "0", "-1", "gpu:", "gpu:x", "4x", "cpu:2"}) {
    EXPECT_FALSE(ParseSlots(wrong)) << wrong;
  }
}

TEST(PlanSlots, SharesAllGpusOutAndLeavesTheRest) {
  const Result<SlotPlan> plan = Plan(kTwoEach, {}, 5);
  EXPECT_EQ(plan->slots, 2);
  EXPECT_THAT(plan->visible_devices, ElementsAre("0,1", "2,3"));
}

TEST(PlanSlots, StaysWithinWhatItWasGivenItself) {
  EXPECT_THAT(Plan(kTwoEach, {{"CUDA_VISIBLE_DEVICES", "3,GPU-a"}}, 8)->visible_devices,
              ElementsAre("3,GPU-a"));
}

TEST(PlanSlots, CountsWhatTheContainerMounted) {
  EXPECT_THAT(Plan(kTwoEach, {{"NVIDIA_VISIBLE_DEVICES", "GPU-a,GPU-b"}}, 8)->visible_devices,
              ElementsAre("0,1"));
  EXPECT_THAT(Plan(kTwoEach, {{"NVIDIA_VISIBLE_DEVICES", "all"}}, 2)->visible_devices,
              ElementsAre("0,1"));
}

TEST(PlanSlots, RefusesARunThatNeedsMoreThanThereIs) {
  EXPECT_THAT(Plan(kTwoEach, {}, 1).error().message, HasSubstr("shows 1 GPUs"));
  EXPECT_FALSE(Plan(kTwoEach, {{"NVIDIA_VISIBLE_DEVICES", "void"}}, 4));
}

TEST(PlanSlots, LeavesGpusAloneForPlainSlots) {
  EXPECT_THAT(Plan({.slots = 3, .gpus_per_run = 0}, {}, 4)->visible_devices, IsEmpty());
}

}  // namespace
}  // namespace regatta::agent
