#include "regatta/search/promotion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "test_util.h"

namespace regatta::search {
namespace {

Promoter Of(Goal goal = Goal::kMinimize) { return Must(Promoter::Create({1, 9, 3}, goal)); }

TEST(Promoter, PausesAtEachRungBelowTheFullLength) {
  Promoter promoter = Of();
  EXPECT_EQ(promoter.PauseAfter(0), 1);
  EXPECT_EQ(promoter.PauseAfter(1), 3);
  EXPECT_EQ(promoter.PauseAfter(4), 9);
  EXPECT_TRUE(promoter.Report(0, 1, 0.5));
  EXPECT_TRUE(promoter.IsPaused(0));
  promoter.Resume(0);
  EXPECT_FALSE(promoter.Report(0, 2, 0.4));
  EXPECT_TRUE(promoter.Report(0, 3, 0.4));
  promoter.Resume(0);
  EXPECT_FALSE(promoter.Report(0, 9, 0.3)) << "full length is the end, not a rung";
}

TEST(Promoter, PromotesTheBestThirdOfARungOnce) {
  Promoter promoter = Of();
  for (TrialId id = 0; id < 2; ++id) {
    promoter.Report(id, 1, static_cast<double>(id));
  }
  EXPECT_FALSE(promoter.Next()) << "the best third of two trials is none";
  for (TrialId id = 2; id < 6; ++id) {
    promoter.Report(id, 1, static_cast<double>(id));
  }
  const auto first = promoter.Next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->trial, 0U);
  EXPECT_EQ(first->until, 3);
  EXPECT_EQ(first->size, 6U);
  promoter.Resume(0);
  const auto second = promoter.Next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->trial, 1U);
  promoter.Resume(1);
  EXPECT_FALSE(promoter.Next()) << "two of six";
}

TEST(Promoter, PrefersTheHighestRung) {
  Promoter promoter = Of();
  for (TrialId id = 0; id < 12; ++id) {
    promoter.Report(id, 1, static_cast<double>(id));
  }
  for (TrialId id = 0; id < 3; ++id) {
    promoter.Resume(id);
    promoter.Report(id, 3, static_cast<double>(3 - id));
  }
  const auto next = promoter.Next();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->trial, 0U) << "its best so far is that of its first rung";
  EXPECT_EQ(next->rung, 3);
  EXPECT_EQ(next->until, 9);
  promoter.End(0);
  EXPECT_EQ(promoter.Next()->rung, 1);
}

TEST(Promoter, MirrorsForMaximizeAndPassesOverNan) {
  Promoter promoter = Of(Goal::kMaximize);
  EXPECT_FALSE(promoter.Report(0, 1, std::nan("")));
  for (TrialId id = 1; id < 4; ++id) {
    promoter.Report(id, 1, static_cast<double>(id));
  }
  const auto next = promoter.Next();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->trial, 3U);
  EXPECT_EQ(next->value, 3.0);
}

TEST(Promoter, RefusesLengthsThatLeaveNoRung) {
  EXPECT_FALSE(Promoter::Create({1, {}, 3}, Goal::kMinimize));
  EXPECT_FALSE(Promoter::Create({9, 9, 3}, Goal::kMinimize));
  EXPECT_FALSE(Promoter::Create({1, 9, 1}, Goal::kMinimize));
}

}  // namespace
}  // namespace regatta::search
