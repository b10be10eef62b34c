// What a search hears of runs that ended in each way (sweep file contract, sections 11.3 and 19.5,
// with the defects D7 and D8 of section 20 left out), of repeats, and of costs.
#include "trial_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace regatta::sweeps {
namespace {

using search::TrialState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kNone = -1e9;

AttemptRecord Attempt(AttemptState state, std::vector<double> history, double summary = kNone) {
  AttemptRecord attempt;
  attempt.state = state;
  for (const double value : history) {
    attempt.best = std::min(value, attempt.best.value_or(value));
    attempt.last = value;
  }
  if (summary != kNone) {
    attempt.best = std::min(summary, attempt.best.value_or(summary));
  }
  return attempt;
}

TrialView View(TrialView::State state, const std::vector<AttemptRecord>& attempts) {
  TrialView view;
  view.group = 3;
  view.state = state;
  for (const AttemptRecord& attempt : attempts) {
    view.attempts.push_back(&attempt);
  }
  return view;
}

SweepConfig Config(Impute impute) {
  SweepConfig config;
  config.metric = MetricConfig{};
  config.metric->name = "loss";
  config.metric->impute = impute;
  return config;
}

// The one value that the search hears of, or the trial's state.
std::string Heard(const SweepConfig& config, TrialView::State state, const AttemptRecord& attempt) {
  const std::vector<AttemptRecord> attempts = {attempt};
  const search::Trial trial = TrialReader(config).Read(View(state, attempts));
  EXPECT_EQ(trial.id, 3U);
  if (trial.state == TrialState::kFinished) {
    return std::to_string(trial.objectives.at(0)).substr(0, 3);
  }
  EXPECT_THAT(trial.objectives, IsEmpty());
  return trial.state == TrialState::kFailed    ? "failed"
         : trial.state == TrialState::kLost    ? "lost"
         : trial.state == TrialState::kRunning ? "running"
                                               : "pending";
}

std::vector<std::string> Table(Impute impute) {
  const SweepConfig config = Config(impute);
  using State = TrialView::State;
  return {Heard(config, State::kFinished, Attempt(AttemptState::kFinished, {5, 3, 4})),
          Heard(config, State::kFinished, Attempt(AttemptState::kFinished, {}, 2.5)),
          Heard(config, State::kFinished, Attempt(AttemptState::kFinished, {})),
          Heard(config, State::kFailed, Attempt(AttemptState::kFailed, {9, 8})),
          Heard(config, State::kFailed, Attempt(AttemptState::kFailed, {})),
          Heard(config, State::kFailed, Attempt(AttemptState::kKilled, {1, 2}))};
}

TEST(TrialReader, TakesTheBestOfAFinishedRunAndFailuresAsTheyAreToBeImputed) {
  // "failed": the search imputes its worst, or learns where runs fail; never 0.0.
  EXPECT_THAT(Table(Impute::kWorst),
              ElementsAre("3.0", "2.5", "failed", "failed", "failed", "failed"));
  EXPECT_THAT(Table(Impute::kBest), ElementsAre("3.0", "2.5", "failed", "8.0", "failed", "1.0"));
  EXPECT_THAT(Table(Impute::kLatest), ElementsAre("3.0", "2.5", "failed", "8.0", "failed", "2.0"));
}

TEST(TrialReader, ARunThatWasStoppedEarlyHasItsResult) {
  EXPECT_EQ(Heard(Config(Impute::kWorst), TrialView::State::kFinished,
                  Attempt(AttemptState::kStoppedEarly, {7, 6})),
            "6.0");
}

TEST(TrialReader, OpenRunsArePendingUnlessTheyAreToBeImputed) {
  using State = TrialView::State;
  SweepConfig config = Config(Impute::kWorst);
  const AttemptRecord running = Attempt(AttemptState::kRunning, {5, 4});
  EXPECT_EQ(Heard(config, State::kPending, Attempt(AttemptState::kPreempted, {5})), "pending");
  EXPECT_EQ(Heard(config, State::kRunning, running), "running");
  config.metric->impute_while_running = ImputeWhileRunning::kLatest;
  EXPECT_EQ(Heard(config, State::kRunning, running), "4.0");
  EXPECT_EQ(Heard(config, State::kRunning, Attempt(AttemptState::kRunning, {})), "running");
}

TEST(TrialReader, ALostMachineSaysNothingOfThePoint) {
  EXPECT_EQ(
      Heard(Config(Impute::kBest), TrialView::State::kLost, Attempt(AttemptState::kLost, {1})),
      "lost");
}

TEST(TrialReader, RepeatsCountWithTheirMean) {
  const std::vector<AttemptRecord> attempts = {Attempt(AttemptState::kFinished, {4}),
                                               Attempt(AttemptState::kFinished, {}),
                                               Attempt(AttemptState::kFinished, {2})};
  const search::Trial trial =
      TrialReader(Config(Impute::kWorst)).Read(View(TrialView::State::kFinished, attempts));
  EXPECT_THAT(trial.objectives, ElementsAre(3.0));
}

TEST(TrialReader, CostsAreSecondsOrALoggedKey) {
  std::vector<AttemptRecord> attempts = {Attempt(AttemptState::kFinished, {4}),
                                         Attempt(AttemptState::kFinished, {2})};
  for (AttemptRecord& attempt : attempts) {
    attempt.offered_at = Timestamp(std::chrono::seconds(100));
    attempt.ended_at = Timestamp(std::chrono::seconds(130));
    attempt.outcomes = {0.5, 7.0};  // an entry of `metrics`, then the cost
  }
  const TrialView view = View(TrialView::State::kFinished, attempts);
  SweepConfig config = Config(Impute::kWorst);
  EXPECT_EQ(TrialReader(config).Read(view).cost, std::nullopt);
  config.regatta.cost = "seconds";
  EXPECT_EQ(TrialReader(config).Read(view).cost, 60.0);

  config.metric.reset();
  config.metrics.resize(1);
  config.metrics[0].name = "loss";
  config.regatta.cost = "dollars";
  EXPECT_THAT(OutcomeKeys(config), ElementsAre("loss", "dollars"));
  EXPECT_EQ(TrialReader(config).Read(view).cost, 14.0);
  attempts[0].outcomes = {0.5};  // it never logged one
  attempts[1].outcomes = {0.5, -1.0};
  EXPECT_EQ(TrialReader(config).Read(view).cost, std::nullopt);
}

}  // namespace
}  // namespace regatta::sweeps
