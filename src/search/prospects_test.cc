#include "prospects.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace regatta::search {
namespace {

// Ends 0, 1, ..., 99, of which the trial in question has number `own`; all reached the rung.
Prospects Hundred(double own) {
  Prospects prospects;
  prospects.own = own;
  for (int i = 0; i < 100; ++i) {
    prospects.rung.push_back(static_cast<double>((i * 37) % 100));
  }
  prospects.all = prospects.rung;
  return prospects;
}

TEST(JudgeProspects, SparesTheBestTwoFifthsByExpectedEnd) {
  const ProspectVerdict last = JudgeProspects(Hundred(39), 1);
  EXPECT_TRUE(last.is_spared);
  EXPECT_EQ(last.reason, "the model expects 39 of it in the end, among the best 40 of 100");
  const ProspectVerdict first = JudgeProspects(Hundred(40), 1);
  EXPECT_FALSE(first.is_spared);
  EXPECT_EQ(
      first.reason,
      "the model expects 40 of it in the end, not among the best 40 of 100, nor within 4.1 of "
      "the best tenth (10)");
}

TEST(JudgeProspects, SaysValuesInTheMetricsOwnSign) {
  Prospects prospects = Hundred(50);
  const ProspectVerdict verdict = JudgeProspects(prospects, -1);
  EXPECT_NE(verdict.reason.find("expects -50 of it"), std::string::npos) << verdict.reason;
  EXPECT_NE(verdict.reason.find("tenth (-10)"), std::string::npos) << verdict.reason;
}

// Late in a search all proposals are good: ranks among them are chance.
TEST(JudgeProspects, SparesWhatIsWorseThanTheBestTenthByLittle) {
  Prospects prospects;
  for (int i = 0; i < 50; ++i) {
    prospects.rung.push_back(0.001 * i);
    prospects.all.push_back(0.001 * i);
    prospects.all.push_back(1 + 0.01 * i);
  }
  prospects.own = 0.045;
  const ProspectVerdict close = JudgeProspects(prospects, 1);
  EXPECT_TRUE(close.is_spared) << "0.04 behind, where ends span more than 1";
  EXPECT_NE(close.reason.find("not among the best 20 of 50, but within"), std::string::npos)
      << close.reason;
  prospects.all = prospects.rung;
  EXPECT_FALSE(JudgeProspects(prospects, 1).is_spared) << "where they span 0.04 it is far behind";
}

// What was seen first says what there is to win, however many lie close together since.
TEST(JudgeProspects, KeepsItsMarginAsTheSearchCloses) {
  Prospects prospects;
  for (int i = 0; i < 20; ++i) {
    prospects.all.push_back(1 + 0.1 * i);
  }
  for (int i = 0; i < 500; ++i) {
    prospects.rung.push_back(1e-5 * i);
    prospects.all.push_back(1e-5 * i);
  }
  prospects.own = 0.004;
  EXPECT_TRUE(JudgeProspects(prospects, 1).is_spared);
  prospects.all[0] = 1e9;
  prospects.own = 0.3;
  EXPECT_FALSE(JudgeProspects(prospects, 1).is_spared) << "one that diverged is no measure";
}

TEST(JudgeProspects, IsCarefulWhileMoreThanTwoInAHundredStoppedLookGoodByNow) {
  Prospects prospects = Hundred(60);
  prospects.stopped.assign(100, 80);
  prospects.stopped[3] = 2;
  prospects.stopped[50] = 9;
  EXPECT_FALSE(JudgeProspects(prospects, 1).is_spared) << "two in a hundred";
  prospects.stopped[70] = 10;
  EXPECT_FALSE(JudgeProspects(prospects, 1).is_spared) << "10 is not among the best tenth";
  prospects.stopped[70] = 4;
  const ProspectVerdict careful = JudgeProspects(prospects, 1);
  EXPECT_TRUE(careful.is_spared);
  EXPECT_EQ(careful.reason,
            "the model expects 60 of it in the end, among the best 66 of 100; two thirds are "
            "spared, since it now expects 3 of 100 stopped ones among the best tenth");
  prospects.own = 66;
  EXPECT_FALSE(JudgeProspects(prospects, 1).is_spared) << "not the worst third";
}

TEST(JudgeProspects, SparesTheOnlyOneAndTheBestOfTwo) {
  EXPECT_TRUE(JudgeProspects({.own = 3, .rung = {3}, .all = {3, 1}, .stopped = {}}, 1).is_spared);
  EXPECT_TRUE(
      JudgeProspects({.own = 1, .rung = {3, 1}, .all = {3, 1}, .stopped = {}}, 1).is_spared);
  EXPECT_FALSE(
      JudgeProspects({.own = 3, .rung = {3, 1}, .all = {3, 1}, .stopped = {}}, 1).is_spared);
}

}  // namespace
}  // namespace regatta::search
