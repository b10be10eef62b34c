// The sweep language's own vectors for bands, thresholds and decisions.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "regatta/search/stopper.h"
#include "test_util.h"

namespace regatta::search {
namespace {

StopperOptions MinIter(std::int64_t min_iter, double eta = 3) {
  StopperOptions options;
  options.min_iter = min_iter;
  options.eta = eta;
  return options;
}

StopperOptions MaxIter(std::int64_t max_iter, std::int64_t s, double eta = 3) {
  StopperOptions options;
  options.max_iter = max_iter;
  options.s = s;
  options.eta = eta;
  return options;
}

std::vector<std::int64_t> FirstBands(const StopperOptions& options, std::size_t count) {
  std::vector<std::int64_t> bands = Must(HyperbandBands(options));
  bands.resize(std::min(bands.size(), count));
  return bands;
}

TEST(HyperbandBands, AreTheLanguages) {
  using Bands = std::vector<std::int64_t>;
  EXPECT_EQ(FirstBands(MinIter(3), 5), (Bands{3, 9, 27, 81, 243}));
  EXPECT_EQ(FirstBands(MinIter(1, 2), 4), (Bands{1, 2, 4, 8}));
  EXPECT_EQ(FirstBands(MinIter(30, 1.5), 7), (Bands{30, 45, 67, 101, 151, 227, 341}));
  EXPECT_EQ(FirstBands(MaxIter(27, 2), 9), (Bands{3, 9}));
  EXPECT_EQ(FirstBands(MaxIter(27, 3), 9), (Bands{1, 3, 9}));
  EXPECT_EQ(FirstBands(MaxIter(18, 2), 9), (Bands{2, 6}));
  EXPECT_EQ(FirstBands(MaxIter(5, 2, 2), 9), (Bands{1, 2}));
  EXPECT_EQ(FirstBands(MaxIter(10, 2), 9), (Bands{1, 3}));
  EXPECT_EQ(FirstBands(MaxIter(300, 2), 9), (Bands{33, 100}));
  EXPECT_EQ(FirstBands(MaxIter(100, 4, 2), 9), (Bands{6, 12, 25, 50}));
  EXPECT_EQ(FirstBands(MaxIter(9, 10), 9), (Bands{1, 3}));
  EXPECT_FALSE(HyperbandBands(MaxIter(2, 1)));
  EXPECT_FALSE(HyperbandBands(MinIter(1, 1)));
  EXPECT_FALSE(HyperbandBands(MinIter(0)));
  EXPECT_FALSE(HyperbandBands(StopperOptions{}));
}

using Histories = std::map<char, std::vector<double>>;

const Histories kSix = {{'A', {9, 8, 7, 6, 5}}, {'B', {10, 9.5, 9}}, {'C', {8, 7.9, 7.8, 7.7}},
                        {'D', {5, 4, 3, 2, 1}}, {'E', {6, 6, 6}},    {'F', {7, 2}}};

void ReportAll(EarlyStopper& stopper, const Histories& histories, double sign = 1) {
  for (const auto& [name, values] : histories) {
    std::int64_t count = 0;
    for (const double value : values) {
      stopper.Report(static_cast<TrialId>(name), ++count, sign * value);
    }
  }
}

std::string Stopped(const EarlyStopper& stopper) {
  std::string names;
  for (const StopDecision& decision : stopper.DecideAll()) {
    names.push_back(static_cast<char>(decision.trial));
  }
  return names;
}

std::string StoppedOf(const StopperOptions& options, const Histories& histories) {
  auto stopper = Must(MakeStopper(options));
  ReportAll(*stopper, histories);
  return Stopped(*stopper);
}

TEST(HyperbandStopper, ComparesTheValueAtTheLargestBand) {
  EXPECT_EQ(StoppedOf(MinIter(1), kSix), "ABC");
  auto stopper = Must(MakeStopper(MinIter(1)));
  ReportAll(*stopper, kSix);
  EXPECT_EQ(stopper->Decide('A').threshold, 6);
  EXPECT_EQ(stopper->Decide('F').threshold, 7);
  EXPECT_EQ(stopper->Decide('A').rung, 3);
  EXPECT_EQ(stopper->Decide('A').value, 7);
}

TEST(HyperbandStopper, ComparesTheBestSoFarWhenNotStrict) {
  StopperOptions options = MinIter(1);
  options.strict = false;
  EXPECT_EQ(StoppedOf(options, kSix), "BC");
}

TEST(HyperbandStopper, CountsEndedRunsButStopsOnlyRunningOnes) {
  auto stopper = Must(MakeStopper(MaxIter(9, 2)));
  ReportAll(*stopper, kSix);
  stopper->SetRunning('A', false);
  stopper->SetRunning('D', false);
  EXPECT_EQ(Stopped(*stopper), "BC");
}

TEST(HyperbandStopper, MirrorsForMaximize) {
  StopperOptions options = MinIter(3, 2);
  options.goal = Goal::kMaximize;
  auto stopper = Must(MakeStopper(options));
  ReportAll(*stopper, kSix, -1);
  EXPECT_EQ(Stopped(*stopper), "BC");
  EXPECT_EQ(stopper->Decide('B').threshold, -7);
  EXPECT_FALSE(stopper->Decide('F').rung);
}

TEST(HyperbandStopper, TakesTheItemAtTheTruncatedShare) {
  EXPECT_EQ(StoppedOf(MinIter(1, 2), {{'A', {1}}}), "");
  EXPECT_EQ(StoppedOf(MinIter(1, 2), {{'A', {1}}, {'B', {2}}}), "");
  EXPECT_EQ(StoppedOf(MinIter(1, 2), {{'A', {1}}, {'B', {2}}, {'C', {3}}}), "C");
  EXPECT_EQ(StoppedOf(MinIter(1, 3), {{'A', {1}}, {'B', {2}}, {'C', {3}}}), "C");
  EXPECT_EQ(StoppedOf(MinIter(1), {{'A', {1}}, {'B', {1}}, {'C', {1}}}), "");
}

TEST(HyperbandStopper, SkipsValuesThatAreNotNumbers) {
  const double nan = std::nan("");
  auto stopper = Must(MakeStopper(MinIter(2, 2)));
  ReportAll(*stopper, {{'A', {1, nan, 0.5}}, {'C', {2, 3}}, {'D', {0.9, 0.4}}});
  EXPECT_EQ(Stopped(*stopper), "C");
  EXPECT_EQ(stopper->Decide('C').threshold, 0.5);
  // Where W&B keeps a run that logs nothing but NaN for ever, it ends after a band's worth of them.
  stopper->Report('B', 1, nan);
  EXPECT_FALSE(stopper->Decide('B').stop);
  stopper->Report('B', 2, nan);
  EXPECT_TRUE(stopper->Decide('B').stop);
}

TEST(HyperbandStopper, LetsARunSneakPastAnEarlierBand) {
  EXPECT_EQ(
      StoppedOf(MinIter(2, 2),
                {{'A', {9, 9, 9, 1}}, {'B', {5, 5, 5, 5}}, {'C', {4, 4, 4, 4}}, {'D', {8, 8, 8}}}),
      "B");
}

TEST(HyperbandStopper, StopsARunLateWhenTheThresholdMoved) {
  auto stopper = Must(MakeStopper(MinIter(2, 2)));
  ReportAll(*stopper, {{'A', {5, 5}}});
  EXPECT_EQ(Stopped(*stopper), "");
  ReportAll(*stopper, {{'A', {5}}, {'B', {4, 4}}});
  EXPECT_EQ(Stopped(*stopper), "");
  ReportAll(*stopper, {{'C', {3, 3}}});
  EXPECT_EQ(Stopped(*stopper), "A");
  stopper->Forget('C');
  EXPECT_EQ(Stopped(*stopper), "");
}

}  // namespace
}  // namespace regatta::search
