// Goal: each rule of the sweep's bookkeeping, one test a rule. Method: a sweep over numbers, driven
// event by event with the time given; after every event it is thrown away and restored from the
// rows that the changes made, so each test proves too that nothing is remembered elsewhere.
#include "regatta/sweeps/sweep.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "number_source.h"

namespace regatta::sweeps {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// What the newest stopper was told.
struct Told {
  std::set<search::TrialId> stopped;
  std::map<search::TrialId, double> ends;
};

// Stops every trial whose newest value is above 100, unless it is expected to come below 10; above
// 1,000 it says so and lets it run on.
class Above100Stopper : public search::EarlyStopper {
 public:
  explicit Above100Stopper(Told* told) : told_(told) { told_->stopped.clear(); }
  void Report(search::TrialId trial, std::int64_t, double value) override { last_[trial] = value; }
  void SetRunning(search::TrialId, bool) override {}
  void MarkStopped(search::TrialId trial) override { told_->stopped.insert(trial); }
  void Forget(search::TrialId trial) override { last_.erase(trial); }
  search::StopDecision Decide(search::TrialId trial) const override {
    search::StopDecision decision;
    decision.trial = trial;
    const auto found = last_.find(trial);
    const auto end = told_->ends.find(trial);
    decision.stop = found != last_.end() && found->second > 100 &&
                    !(end != told_->ends.end() && end->second < 10);
    decision.is_audit = decision.stop && found->second > 1000;
    decision.stop = decision.stop && !decision.is_audit;
    decision.rule = "above";
    if (found != last_.end()) {
      decision.value = found->second;
    }
    decision.threshold = 100;
    decision.reason = "Above 100.";
    return decision;
  }
  std::vector<search::StopDecision> DecideAll() const override { return {}; }
  void Expect(std::span<const search::ExpectedEnd> ends) override {
    told_->ends.clear();
    for (const search::ExpectedEnd& end : ends) {
      told_->ends[end.trial] = end.value;
    }
  }
  bool wants_expectations() const override { return true; }

 private:
  std::map<search::TrialId, double> last_;
  Told* told_;
};

template <typename T>
void Put(std::vector<T>& rows, std::size_t key, const T& row) {
  if (key >= rows.size()) {
    rows.resize(key + 1);
  }
  rows[key] = row;
}

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    settings_.name = "ab12";
    settings_.seed = 7;
    settings_.metric = MetricConfig{};
    settings_.metric->name = "loss";
  }

  void Grid(std::uint64_t size) { source_.grid_size = size; }

  Sweep& Get() {
    if (!sweep_) {
      sweep_ = Sweep::Create(settings_, std::make_unique<NumberSource>(source_),
                             std::make_unique<Above100Stopper>(&told_));
    }
    return *sweep_;
  }

  // Stores the changes and rebuilds the sweep from the rows.
  Transition Commit(Result<Transition> made) {
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
    if (!made) {
      return {};
    }
    for (const Change& change : made->changes) {
      if (const auto* sweep = std::get_if<SweepRecord>(&change)) {
        rows_.sweep = *sweep;
      } else if (const auto* point = std::get_if<PointRecord>(&change)) {
        Put(rows_.points, point->index, *point);
      } else if (const auto* attempt = std::get_if<AttemptRecord>(&change)) {
        Put(rows_.attempts, attempt->serial, *attempt);
      } else if (const auto* agent = std::get_if<AgentRecord>(&change)) {
        Put(rows_.agents, agent->order, *agent);
      } else if (const auto* values = std::get_if<ValuesRecord>(&change)) {
        rows_.values.push_back(*values);
      } else if (const auto* state = std::get_if<SetRunState>(&change)) {
        run_states_[state->run_id] = state->state;
      }
    }
    auto restored = Sweep::Restore(settings_, std::make_unique<NumberSource>(source_),
                                   std::make_unique<Above100Stopper>(&told_), rows_);
    EXPECT_TRUE(restored.has_value()) << (restored ? "" : restored.error().message);
    sweep_ = *std::move(restored);
    return *std::move(made);
  }

  void Register(const std::string& id, std::uint32_t slots = 1, const std::string& host = "") {
    AgentRecord agent;
    agent.id = id;
    agent.name = id;
    agent.host = host.empty() ? id : host;
    agent.slots = slots;
    Commit(Get().RegisterAgent(agent, now_));
  }

  std::vector<Command> Beat(const std::string& agent, const std::vector<std::string>& runs = {}) {
    std::vector<ReportedRun> reported;
    for (const std::string& run : runs) {
      reported.push_back({run, 0});
    }
    return Commit(Get().Heartbeat(agent, reported, now_)).commands;
  }

  // A heartbeat of an idle agent that has to answer with one run; returns its id.
  std::string Take(const std::string& agent) {
    const std::vector<Command> commands = Beat(agent);
    EXPECT_EQ(commands.size(), 1U);
    if (commands.size() != 1 || commands[0].type == Command::Type::kExit) {
      ADD_FAILURE() << "agent " << agent << " got no run";
      return "";
    }
    return commands[0].run_id;
  }

  std::string TakeAndStart(const std::string& agent) {
    const std::string run = Take(agent);
    Commit(Get().RunStarted(run, now_));
    return run;
  }

  void Log(const std::string& run, double value) {
    MetricUpdate update;
    update.run_id = run;
    const std::uint64_t line = Get().FindRun(run)->lines_seen;
    update.values = {{line, static_cast<std::int64_t>(line), value}};
    update.lines_end = line + 1;
    Commit(Get().Metrics(update, now_));
  }

  void Finish(const std::string& run, std::int64_t exit_code = 0) {
    Commit(Get().RunFinished(run, exit_code, now_));
  }

  // Time passes as it does for a server: with a tick every ten seconds.
  void Pass(Duration time) {
    for (Duration passed{0}; passed < time; passed += seconds(10)) {
      now_ += seconds(10);
      Commit(Get().Tick(now_));
    }
  }

  bool Exits(const std::string& agent) {
    const std::vector<Command> commands = Beat(agent);
    return commands.size() == 1 && commands[0].type == Command::Type::kExit;
  }

  const AttemptRecord& Attempt(const std::string& run) { return *Get().FindRun(run); }
  const PointRecord& PointOf(const std::string& run) { return Get().points()[Attempt(run).point]; }

  SweepSettings settings_;
  NumberSource::Options source_;
  Told told_;
  Timestamp now_{hours(1000)};
  SweepRecords rows_;
  std::map<std::string, RunState> run_states_;
  std::unique_ptr<Sweep> sweep_;
};

using Type = Command::Type;

// --- handing out ---------------------------------------------------------------------------------

TEST_F(SweepTest, VisitsEachGridPointOnceAndFinishes) {
  Grid(3);
  Register("a");
  std::set<std::string> args;
  for (int i = 0; i < 3; ++i) {
    const std::string run = TakeAndStart("a");
    EXPECT_TRUE(args.insert(PointOf(run).args_json).second);
    Log(run, i);
    Finish(run);
  }
  EXPECT_EQ(Get().state(), SweepState::kFinished);
  EXPECT_TRUE(Exits("a"));
  EXPECT_EQ(Get().Counts().finished, 3U);
}

TEST_F(SweepTest, RunsFromTheFirstCommandOn) {
  Grid(3);
  Register("a");
  EXPECT_EQ(Get().state(), SweepState::kPending);
  Take("a");
  EXPECT_EQ(Get().state(), SweepState::kRunning);
}

TEST_F(SweepTest, GivesNothingToAnAgentThatStillListsARun) {
  Grid(3);
  Register("a");
  const std::string run = TakeAndStart("a");
  Finish(run);
  EXPECT_TRUE(Beat("a", {run}).empty());
  EXPECT_EQ(Beat("a").size(), 1U);
}

TEST_F(SweepTest, FillsTheSlotsOfAnAgentThatHasSeveral) {
  Grid(5);
  Register("a", 3);
  const std::vector<Command> first = Beat("a");
  ASSERT_EQ(first.size(), 3U);
  EXPECT_TRUE(Beat("a", {first[0].run_id, first[1].run_id, first[2].run_id}).empty());
  Commit(Get().RunStarted(first[0].run_id, now_));
  Finish(first[0].run_id);
  EXPECT_EQ(Beat("a", {first[1].run_id, first[2].run_id}).size(), 1U);
}

TEST_F(SweepTest, AgentsThatWaitForTheLastRunsAreNotSentAway) {
  Grid(1);
  Register("a");
  Register("b");
  const std::string run = TakeAndStart("a");
  EXPECT_TRUE(Beat("b").empty());
  Finish(run);
  EXPECT_TRUE(Exits("b"));
}

TEST_F(SweepTest, TakesInitialPointsFirstAndNotAgain) {
  Grid(3);
  source_.initial_points = 1;
  Register("a");
  std::vector<std::string> args;
  for (int i = 0; i < 3; ++i) {
    const std::string run = TakeAndStart("a");
    args.push_back(PointOf(run).args_json);
    Finish(run);
  }
  EXPECT_EQ(args, (std::vector<std::string>{NumberSource::Args(2), NumberSource::Args(0),
                                            NumberSource::Args(1)}));
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, SkipsAnInitialPointThatTheConstraintsRefuse) {
  Grid(3);
  source_.initial_points = 2;
  source_.initial_refused = 1;
  Register("a");
  EXPECT_EQ(PointOf(TakeAndStart("a")).args_json, NumberSource::Args(1));
}

TEST_F(SweepTest, RepeatsEachPoint) {
  Grid(2);
  settings_.repeats = 3;
  Register("a");
  std::map<std::string, std::set<std::uint32_t>> repeats;
  for (int i = 0; i < 6; ++i) {
    const std::string run = TakeAndStart("a");
    repeats[PointOf(run).args_json].insert(PointOf(run).repeat);
    Finish(run);
  }
  EXPECT_EQ(repeats[NumberSource::Args(0)], (std::set<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(repeats[NumberSource::Args(1)], (std::set<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, AnUnknownAgentIsNotFound) {
  EXPECT_EQ(Get().Heartbeat("nobody", {}, now_).error().code, ErrorCode::kNotFound);
}

TEST_F(SweepTest, NobodyRegistersWithAFinishedSweep) {
  Commit(Get().Stop(now_));
  const Result<Transition> answer = Get().RegisterAgent(AgentRecord{}, now_);
  EXPECT_EQ(answer.error().message, "Sweep ab12 is not running");
}

TEST_F(SweepTest, FailsWithTheReasonWhenItsSearchCannotGoOn) {
  source_.search_error = "no allowed point was found";
  Register("a");
  EXPECT_TRUE(Exits("a"));
  EXPECT_EQ(Get().state(), SweepState::kFailed);
  EXPECT_NE(Get().record().why.find("no allowed point"), std::string::npos);
}

TEST_F(SweepTest, FinishesWhenTheSearchHasNothingLeft) {
  source_.search_size = 1;
  Register("a");
  const std::string run = TakeAndStart("a");
  Finish(run);
  EXPECT_TRUE(Exits("a"));
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

// --- commands that get lost ----------------------------------------------------------------------

TEST_F(SweepTest, RepeatsALostCommandOnceAndThenFailsTheRun) {
  Grid(2);
  Register("a");
  const std::string run = Take("a");
  const std::vector<Command> again = Beat("a");
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].run_id, run);
  const std::vector<Command> next = Beat("a");
  ASSERT_EQ(next.size(), 1U);
  EXPECT_NE(next[0].run_id, run);
  EXPECT_EQ(Attempt(run).state, AttemptState::kFailed);
  EXPECT_EQ(run_states_[run], RunState::kFailed);
}

TEST_F(SweepTest, FailsAtOnceAProgramThatEndedWithoutCallingInit) {
  Grid(2);
  Register("a");
  const std::string run = Take("a");
  Beat("a", {run});
  Beat("a");
  EXPECT_EQ(Attempt(run).state, AttemptState::kFailed);
  EXPECT_NE(Attempt(run).why.find("wandb.init"), std::string::npos);
}

// --- leases --------------------------------------------------------------------------------------

TEST_F(SweepTest, HandsALostPointOutOnceMoreUnderAnotherRunId) {
  Grid(1);
  Register("a");
  Register("b");
  const std::string lost = TakeAndStart("a");
  Log(lost, 1);
  Pass(minutes(6));
  EXPECT_EQ(Attempt(lost).state, AttemptState::kLost);
  EXPECT_EQ(run_states_[lost], RunState::kCrashed);
  const std::string rerun = TakeAndStart("b");
  EXPECT_NE(rerun, lost);
  EXPECT_EQ(PointOf(rerun).index, PointOf(lost).index);
  EXPECT_GT(Attempt(rerun).token, Attempt(lost).token);
  EXPECT_EQ(Attempt(rerun).number, 2U);
  Finish(rerun);
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, AListingAgentKeepsItsLease) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  for (int i = 0; i < 10; ++i) {
    Pass(minutes(2));
    Beat("a", {run});
  }
  EXPECT_EQ(Attempt(run).state, AttemptState::kRunning);
}

TEST_F(SweepTest, ARunsOwnStreamKeepsTheLeaseOfASilentAgent) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  for (int i = 0; i < 10; ++i) {
    Pass(minutes(2));
    Commit(Get().RunHeartbeat(run, now_));
  }
  EXPECT_EQ(Attempt(run).state, AttemptState::kRunning);
}

TEST_F(SweepTest, AJumpingClockExpiresNoLease) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  now_ += hours(48);
  Commit(Get().Tick(now_));
  EXPECT_EQ(Attempt(run).state, AttemptState::kRunning);
  now_ -= hours(96);
  Commit(Get().Tick(now_));
  Pass(minutes(2));
  EXPECT_EQ(Attempt(run).state, AttemptState::kRunning);
  Pass(minutes(4));
  EXPECT_EQ(Attempt(run).state, AttemptState::kLost);
}

TEST_F(SweepTest, AProcessThatVanishesUnderALivingAgentCountsAsOutOfMemory) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  Log(run, 1);
  Beat("a", {run});
  for (int i = 0; i < 12; ++i) {
    Pass(seconds(10));
    if (Attempt(run).state == AttemptState::kRunning) {
      EXPECT_TRUE(Beat("a").empty());
    }
  }
  EXPECT_EQ(Attempt(run).cause, FailureCause::kOom);
  EXPECT_EQ(PointOf(run).state, PointState::kOpen);  // retry.oom is 1
}

TEST_F(SweepTest, ALostRunThatComesBackBeforeItsRerunGoesOn) {
  Grid(1);
  Register("a");
  Register("b");
  const std::string run = TakeAndStart("a");
  Pass(minutes(6));
  ASSERT_EQ(PointOf(run).state, PointState::kOpen);
  Commit(Get().RunHeartbeat(run, now_));
  EXPECT_EQ(Attempt(run).state, AttemptState::kRunning);
  EXPECT_TRUE(Beat("b").empty());
  Finish(run);
  EXPECT_EQ(PointOf(run).attempts, 1U);
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, ALateResultBeforeTheRerunStartedCompletesThePoint) {
  Grid(1);
  Register("a");
  Register("b");
  const std::string lost = TakeAndStart("a");
  Log(lost, 1);
  Pass(minutes(6));
  const std::string rerun = Take("b");
  Finish(lost);
  EXPECT_EQ(PointOf(lost).result, Attempt(lost).serial);
  EXPECT_EQ(Attempt(rerun).state, AttemptState::kSuperseded);
  EXPECT_TRUE(Get().ShouldStop(rerun));
  const std::vector<Command> commands = Beat("b", {rerun});
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].type, Type::kStop);
  Commit(Get().RunStarted(rerun, now_));
  Finish(rerun);
  EXPECT_EQ(PointOf(lost).result, Attempt(lost).serial);
  EXPECT_EQ(Get().Counts().finished, 1U);
}

TEST_F(SweepTest, TheFirstOfTwoRunningAttemptsToFinishHasThePoint) {
  Grid(1);
  Register("a");
  Register("b");
  const std::string lost = TakeAndStart("a");
  Pass(minutes(6));
  const std::string rerun = TakeAndStart("b");
  Finish(rerun);
  Finish(lost);
  EXPECT_EQ(PointOf(lost).result, Attempt(rerun).serial);
  EXPECT_EQ(Attempt(lost).state, AttemptState::kSuperseded);
  EXPECT_TRUE(Attempt(lost).is_late);
  EXPECT_EQ(Get().Counts().counted, 1U);
}

TEST_F(SweepTest, AStaleTokenSaysNothing) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  const std::uint64_t old = Attempt(run).token;
  Commit(Get().RunPreempting(run, now_));
  Finish(run, 1);
  const std::vector<Command> resumed = Beat("a");
  ASSERT_EQ(resumed.size(), 1U);
  Commit(Get().RunFinished(run, 0, now_, old));
  EXPECT_EQ(Attempt(run).state, AttemptState::kOffered);
  Commit(Get().RunFinished(run, 0, now_, resumed[0].token));
  EXPECT_EQ(Attempt(run).state, AttemptState::kFinished);
}

TEST_F(SweepTest, AnAgentWhoseRunWentToAnotherIsToldToStopIt) {
  Grid(1);
  Register("a");
  Register("b");
  const std::string run = TakeAndStart("a");
  Commit(Get().RunPreempting(run, now_));
  Finish(run, 1);
  ASSERT_EQ(Take("b"), run);
  const std::vector<Command> commands = Beat("a", {run});
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].type, Type::kStop);
}

// --- preemption ----------------------------------------------------------------------------------

TEST_F(SweepTest, APreemptedRunIsResumedUnderItsOwnIdBeforeAnythingNew) {
  Grid(3);
  Register("a");
  const std::string run = TakeAndStart("a");
  Log(run, 1);
  Commit(Get().RunPreempting(run, now_));
  Finish(run, 143);
  EXPECT_EQ(run_states_[run], RunState::kPreempted);
  const std::vector<Command> commands = Beat("a");
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].type, Type::kResume);
  EXPECT_EQ(commands[0].run_id, run);
  EXPECT_EQ(commands[0].args_json, NumberSource::Args(0));
}

TEST_F(SweepTest, APreemptingRunThatGoesSilentIsPreempted) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  Commit(Get().RunPreempting(run, now_));
  Pass(minutes(6));
  EXPECT_EQ(Attempt(run).state, AttemptState::kPreempted);
}

TEST_F(SweepTest, APreemptingRunThatEndsWellIsFinished) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  Commit(Get().RunPreempting(run, now_));
  Finish(run);
  EXPECT_EQ(Attempt(run).state, AttemptState::kFinished);
}

// --- caps and budgets ----------------------------------------------------------------------------

TEST_F(SweepTest, NeverPassesItsCapWithManyAgents) {
  settings_.run_cap = 4;
  std::set<std::string> runs;
  for (int i = 0; i < 10; ++i) {
    Register(fmt::format("a{}", i));
    for (const Command& command : Beat(fmt::format("a{}", i))) {
      runs.insert(command.run_id);
    }
  }
  EXPECT_EQ(runs.size(), 4U);
  for (const std::string& run : runs) {
    Commit(Get().RunStarted(run, now_));
    Finish(run);
  }
  EXPECT_EQ(Get().state(), SweepState::kFinished);
  EXPECT_NE(Get().record().why.find("run_cap of 4"), std::string::npos);
}

TEST_F(SweepTest, ACrashWithoutAnythingLoggedGivesItsNumberBack) {
  settings_.run_cap = 1;
  settings_.retry.lost = 0;
  Register("a");
  const std::string run = TakeAndStart("a");
  Pass(minutes(6));
  EXPECT_EQ(Get().Counts().counted, 0U);
  EXPECT_NE(TakeAndStart("a"), run);
  EXPECT_EQ(Get().Counts().counted, 1U);
}

TEST_F(SweepTest, ACrashThatHadLoggedKeepsItsNumber) {
  settings_.run_cap = 1;
  settings_.retry.lost = 0;
  Register("a");
  const std::string run = TakeAndStart("a");
  Log(run, 1);
  Pass(minutes(6));
  EXPECT_EQ(Get().Counts().counted, 1U);
  EXPECT_TRUE(Exits("a"));
}

TEST_F(SweepTest, ALateResultNeverPassesTheCap) {
  settings_.run_cap = 1;
  settings_.retry.lost = 0;
  Register("a");
  const std::string lost = TakeAndStart("a");
  Pass(minutes(6));
  const std::string other = TakeAndStart("a");
  Finish(lost);
  EXPECT_EQ(PointOf(lost).state, PointState::kFailed);
  EXPECT_TRUE(Attempt(lost).is_late);
  EXPECT_EQ(Get().Counts().counted, 1U);
  Finish(other);
  EXPECT_EQ(Get().Counts().finished, 1U);
}

TEST_F(SweepTest, ARerunSharesTheNumberOfTheAttemptItReplaces) {
  settings_.run_cap = 1;
  Register("a");
  const std::string lost = TakeAndStart("a");
  Log(lost, 1);
  Pass(minutes(6));
  const std::string rerun = TakeAndStart("a");
  EXPECT_EQ(Get().Counts().counted, 1U);
  Finish(rerun);
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, TheBudgetOfRunsCountsReruns) {
  settings_.budget.runs = 2;
  Register("a");
  TakeAndStart("a");
  Pass(minutes(6));
  const std::string rerun = TakeAndStart("a");
  Finish(rerun);
  EXPECT_EQ(Get().state(), SweepState::kFinished);
  EXPECT_NE(Get().record().why.find("budget of 2 runs"), std::string::npos);
}

TEST_F(SweepTest, TheBudgetOfHoursEndsTheSweep) {
  settings_.budget.hours = 0.5;
  Register("a");
  const std::string run = TakeAndStart("a");
  for (int i = 0; i < 20; ++i) {
    Pass(minutes(2));
    Commit(Get().RunHeartbeat(run, now_));
  }
  Finish(run);
  EXPECT_TRUE(Exits("a"));
  EXPECT_NE(Get().record().why.find("0.5 hours"), std::string::npos);
}

TEST_F(SweepTest, CountsGpuHoursOfEveryAttempt) {
  settings_.budget.gpu_hours = 1;
  AgentRecord agent;
  agent.id = "a";
  agent.gpus = 4;
  Commit(Get().RegisterAgent(agent, now_));
  const std::string run = TakeAndStart("a");
  for (int i = 0; i < 10; ++i) {
    Pass(minutes(2));
    Commit(Get().RunHeartbeat(run, now_));
  }
  EXPECT_NEAR(Get().Counts().gpu_hours, 80.0 / 60, 0.01);
  Finish(run);
  EXPECT_NEAR(Get().Counts().gpu_hours, 80.0 / 60, 0.01);
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, ReachingTheTargetEndsTheSweep) {
  settings_.metric->target = 0.5;
  Register("a");
  Register("b");
  const std::string first = TakeAndStart("a");
  const std::string second = TakeAndStart("b");
  Log(first, 0.5);
  Finish(first);
  EXPECT_TRUE(Beat("a").empty());
  EXPECT_EQ(Get().state(), SweepState::kRunning);
  Finish(second);
  EXPECT_EQ(Get().state(), SweepState::kFinished);
  EXPECT_NE(Get().record().why.find("target 0.5"), std::string::npos);
}

// --- failures and agents -------------------------------------------------------------------------

TEST_F(SweepTest, AFailedPointIsNotTriedAgainUnlessAsked) {
  Grid(2);
  Register("a");
  const std::string run = TakeAndStart("a");
  Finish(run, 1);
  EXPECT_EQ(PointOf(run).state, PointState::kFailed);
  Commit(Get().Requeue(PointOf(run).index, now_));
  const std::string again = TakeAndStart("a");
  EXPECT_EQ(PointOf(again).index, PointOf(run).index);
}

TEST_F(SweepTest, AFinishedSweepGoesOnForAPointThatIsAskedForAgain) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  Finish(run, 1);
  ASSERT_EQ(Get().state(), SweepState::kFinished);
  Commit(Get().Requeue(PointOf(run).index, now_));
  EXPECT_EQ(Get().state(), SweepState::kRunning);
  Finish(TakeAndStart("a"));
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, ACanceledSweepHandsNothingOutAgainBeforeItIsResumed) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  Finish(run, 1);
  const std::uint32_t point = PointOf(run).index;
  Commit(Get().Resume(now_));
  Commit(Get().Cancel(now_));
  const Result<Transition> refused = Get().Requeue(point, now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  Commit(Get().Resume(now_));
  Commit(Get().Requeue(point, now_));
}

TEST_F(SweepTest, RetriesFailuresAsOftenAsItWasTold) {
  Grid(1);
  settings_.retry.failed = 1;
  Register("a");
  Finish(TakeAndStart("a"), 1);
  const std::string second = TakeAndStart("a");
  Finish(second, 1);
  EXPECT_EQ(PointOf(second).state, PointState::kFailed);
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, QuarantinesAnAgentThatFailsQuicklyAndReturnsItsPoints) {
  Grid(4);
  Register("bad");
  for (int i = 0; i < 3; ++i) {
    Finish(TakeAndStart("bad"), 1);
  }
  const AgentRecord* bad = Get().FindAgent("bad");
  EXPECT_TRUE(bad->is_quarantined);
  EXPECT_NE(bad->quarantine_why.find("3 runs in a row"), std::string::npos);
  EXPECT_TRUE(Exits("bad"));
  Register("good");
  for (int i = 0; i < 4; ++i) {
    Finish(TakeAndStart("good"));
  }
  EXPECT_EQ(Get().Counts().finished, 4U);
  EXPECT_EQ(Get().Counts().failed, 0U);
}

TEST_F(SweepTest, FailuresThatLoggedOrTookTheirTimeQuarantineNobody) {
  Grid(8);
  Register("a");
  for (int i = 0; i < 2; ++i) {
    Finish(TakeAndStart("a"), 1);
  }
  const std::string logged = TakeAndStart("a");
  Log(logged, 1);
  Finish(logged, 1);
  for (int i = 0; i < 2; ++i) {
    Finish(TakeAndStart("a"), 1);
  }
  const std::string slow = TakeAndStart("a");
  Pass(seconds(70));
  Finish(slow, 1);
  EXPECT_FALSE(Get().FindAgent("a")->is_quarantined);
}

TEST_F(SweepTest, ANewAgentOnAQuarantinedHostIsOnProbation) {
  Grid(9);
  Register("bad", 1, "node7");
  for (int i = 0; i < 3; ++i) {
    Finish(TakeAndStart("bad"), 1);
  }
  Register("next", 1, "node7");
  Finish(TakeAndStart("next"), 1);
  EXPECT_TRUE(Get().FindAgent("next")->is_quarantined);
}

TEST_F(SweepTest, AReleasedAgentGetsRunsAgain) {
  Grid(9);
  Register("bad");
  for (int i = 0; i < 3; ++i) {
    Finish(TakeAndStart("bad"), 1);
  }
  Commit(Get().ReleaseAgent("bad", now_));
  TakeAndStart("bad");
}

// --- early termination ---------------------------------------------------------------------------

TEST_F(SweepTest, StopsABadRunEarlyAndCountsItsValues) {
  Grid(2);
  Register("a");
  const std::string run = TakeAndStart("a");
  Log(run, 50);
  EXPECT_FALSE(Get().ShouldStop(run));
  Log(run, 200);
  EXPECT_TRUE(Get().ShouldStop(run));
  for (int i = 0; i < 2; ++i) {
    const std::vector<Command> commands = Beat("a", {run});
    ASSERT_EQ(commands.size(), 1U);
    EXPECT_EQ(commands[0].type, Type::kStop);
    EXPECT_EQ(commands[0].why, "Above 100.");
  }
  Finish(run, 143);
  EXPECT_EQ(Attempt(run).state, AttemptState::kStoppedEarly);
  EXPECT_EQ(Attempt(run).stop_facts, (StopFacts{"above", std::nullopt, 200, 100}));
  EXPECT_EQ(PointOf(run).state, PointState::kFinished);
  EXPECT_EQ(Get().Best()->best, 50);
}

TEST_F(SweepTest, RemembersThatARunWasSparedToTestTheRule) {
  Grid(2);
  Register("a");
  const std::string run = TakeAndStart("a");
  Log(run, 2000);
  Log(run, 3000);
  EXPECT_FALSE(Get().ShouldStop(run));
  const StopFacts facts{"above", std::nullopt, 2000, 100, true};
  EXPECT_EQ(Attempt(run).stop_facts, facts) << "what was said first";
  EXPECT_EQ(Attempt(run).why, "") << "it was not stopped";
  Finish(run);
  EXPECT_EQ(Attempt(run).state, AttemptState::kFinished);
  EXPECT_EQ(Attempt(run).stop_facts, facts);
}

TEST(StopFacts, SayWhatTheRuleWouldHaveSaidOfARunThatItSpared) {
  EXPECT_EQ(WhySpared({"asha", 9, 0.5, 0.25, true}),
            "asha would have stopped it at 9, with a best value of 0.5 against 0.25; it was spared "
            "to test the rule");
  EXPECT_EQ(
      WhySpared({"curve", 9, 0.01, 0.05, true}),
      "curve would have stopped it at 9, a chance of 0.01 against 0.05; it was spared to test "
      "the rule");
  EXPECT_EQ(WhySpared({"model", std::nullopt, std::nullopt, std::nullopt, true}),
            "model would have stopped it; it was spared to test the rule");
  EXPECT_EQ(WhySpared({"asha", 9, 0.5, 0.25, false}), "") << "it was stopped, and says why";
}

TEST_F(SweepTest, LetsARunThatWasSparedRunToItsEndWhateverTheRuleSaysLater) {
  Grid(2);
  Register("a");
  const std::string run = TakeAndStart("a");
  Log(run, 2000);
  const StopFacts facts{"above", std::nullopt, 2000, 100, true};
  ASSERT_EQ(Attempt(run).stop_facts, facts);
  Log(run, 200);  // a rule that spares others now would stop it
  EXPECT_FALSE(Get().ShouldStop(run));
  EXPECT_EQ(Attempt(run).stop_facts, facts);
}

TEST_F(SweepTest, HandsTheStopperWhatTheSearchExpectsOfGroupsAttemptByAttempt) {
  Grid(3);
  Register("a");
  Register("b");
  const std::string lost = TakeAndStart("a");
  Pass(minutes(6));
  ASSERT_EQ(Attempt(lost).state, AttemptState::kLost);
  const std::string again = TakeAndStart("b");
  ASSERT_EQ(PointOf(again).group, 0U);
  ASSERT_EQ(Attempt(again).serial, 1U) << "a second attempt of the first group";
  source_.expected = std::make_shared<const std::vector<search::ExpectedEnd>>(
      std::vector<search::ExpectedEnd>{{0, 5}, {1, 50}});
  Commit(Get().Metrics(MetricUpdate{.run_id = again}, now_));  // rebuilt with the expectations
  Log(again, 200);
  EXPECT_FALSE(Get().ShouldStop(again)) << "its group is expected to come to 5";
  source_.expected = std::make_shared<const std::vector<search::ExpectedEnd>>(
      std::vector<search::ExpectedEnd>{{0, 50}, {1, 5}});
  Commit(Get().Metrics(MetricUpdate{.run_id = again}, now_));
  Log(again, 300);
  EXPECT_TRUE(Get().ShouldStop(again)) << "group 1 is another one";
  const std::uint32_t serial = Attempt(again).serial;
  EXPECT_EQ(told_.ends, (std::map<search::TrialId, double>{{serial, 50}}))
      << "nothing is expected of the lost attempt, and group 1 has none";
}

TEST_F(SweepTest, TellsTheStopperWhomItHasStoppedAndNotWhoFailed) {
  Grid(3);
  Register("a");
  const std::string stopped = TakeAndStart("a");
  Log(stopped, 200);
  Finish(stopped, 143);
  const std::string failed = TakeAndStart("a");
  Log(failed, 1);
  Finish(failed, 1);
  Finish(TakeAndStart("a"));
  const std::set<search::TrialId> one{Attempt(stopped).serial};
  EXPECT_EQ(told_.stopped, one) << "as the sweep was rebuilt from its rows";
}

TEST_F(SweepTest, TakesEachHistoryLineOnceHoweverOftenItIsSent) {
  Grid(1);
  Register("a");
  const std::string run = TakeAndStart("a");
  MetricUpdate update;
  update.run_id = run;
  update.values = {{0, 0, 3.0}, {1, 1, NAN}, {2, 2, 2.0}};
  update.lines_end = 3;
  Commit(Get().Metrics(update, now_));
  Commit(Get().Metrics(update, now_));
  EXPECT_EQ(Attempt(run).values, 2U);
  EXPECT_EQ(Attempt(run).values_invalid, 1U);
  EXPECT_EQ(Attempt(run).best, 2.0);
  EXPECT_EQ(Attempt(run).worst, 3.0);
}

// --- states --------------------------------------------------------------------------------------

TEST_F(SweepTest, APausedSweepHandsOutNothingAndKeepsItsAgents) {
  Grid(3);
  Register("a");
  const std::string run = TakeAndStart("a");
  Commit(Get().Pause(now_));
  Finish(run);
  EXPECT_TRUE(Beat("a").empty());
  Commit(Get().Resume(now_));
  TakeAndStart("a");
}

TEST_F(SweepTest, AStoppedSweepLetsItsRunsFinish) {
  Grid(3);
  Register("a");
  const std::string run = TakeAndStart("a");
  Commit(Get().Stop(now_));
  EXPECT_TRUE(Beat("a", {run}).empty());
  EXPECT_FALSE(Get().ShouldStop(run));
  Finish(run);
  EXPECT_EQ(Attempt(run).state, AttemptState::kFinished);
  EXPECT_TRUE(Exits("a"));
}

TEST_F(SweepTest, ACanceledSweepStopsItsRunsAndThenSendsAgentsAway) {
  Grid(3);
  Register("a");
  const std::string run = TakeAndStart("a");
  Commit(Get().Cancel(now_));
  const std::vector<Command> commands = Beat("a", {run});
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].type, Type::kStop);
  Finish(run, 143);
  EXPECT_EQ(run_states_[run], RunState::kKilled);
  EXPECT_TRUE(Exits("a"));
}

TEST_F(SweepTest, AFinishedSweepThatIsResumedRedoesDeletedPoints) {
  Grid(2);
  Register("a");
  const std::string first = TakeAndStart("a");
  Finish(first);
  Finish(TakeAndStart("a"));
  ASSERT_EQ(Get().state(), SweepState::kFinished);
  Commit(Get().DeleteRun(first, now_));
  Commit(Get().Resume(now_));
  Register("b");
  const std::string again = TakeAndStart("b");
  EXPECT_EQ(PointOf(again).args_json, NumberSource::Args(0));
  Finish(again);
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, ACanceledSweepCanBeResumed) {
  Grid(3);
  Register("a");
  Take("a");
  Commit(Get().Cancel(now_));
  Commit(Get().Resume(now_));
  TakeAndStart("a");
}

TEST_F(SweepTest, RefusesToPauseWhatIsNotRunning) {
  EXPECT_EQ(Get().Pause(now_).error().code, ErrorCode::kFailedPrecondition);
  Commit(Get().Cancel(now_));
  EXPECT_EQ(Get().Stop(now_).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(SweepTest, EndsAtOnceWhenPriorRunsCoverTheGrid) {
  Grid(2);
  std::vector<AttachedRun> prior;
  for (std::uint64_t i = 0; i < 2; ++i) {
    prior.push_back({fmt::format("old{}", i), NumberSource::Args(i), RunState::kFinished, {}, {}});
  }
  Commit(Get().AddPriorRuns(prior, now_));
  Register("a");
  EXPECT_TRUE(Exits("a"));
  EXPECT_EQ(Get().Counts().counted, 0U);
}

// --- runs and points from elsewhere --------------------------------------------------------------

TEST_F(SweepTest, AnEnqueuedRunGoesToTheNextIdleAgentUnderItsOwnId) {
  settings_.is_search_external = true;
  Register("a");
  EXPECT_TRUE(Beat("a").empty());
  const Transition enqueued = Commit(Get().Enqueue("{\"x\":{\"value\":5}}", "five", now_));
  EXPECT_EQ(Take("a"), enqueued.run_id);
}

TEST_F(SweepTest, AControllersEntryBecomesOneRunHoweverOftenItIsSent) {
  settings_.is_search_external = true;
  Register("a");
  const std::vector<ScheduleEntry> schedule = {{"e1", "{\"x\":{\"value\":1}}"}};
  Commit(Get().ControllerSchedule(schedule, {}, now_));
  Commit(Get().ControllerSchedule(schedule, {}, now_));
  ASSERT_EQ(Get().Scheduled().size(), 1U);
  const std::string run = TakeAndStart("a");
  EXPECT_EQ(Get().Scheduled()[0], (std::pair<std::string, std::string>("e1", run)));
  Commit(Get().ControllerSchedule({}, std::vector<std::string>{run}, now_));
  EXPECT_TRUE(Get().ShouldStop(run));
  Finish(run, 143);
  const std::vector<ScheduleEntry> over = {{"e2", std::nullopt}};
  Commit(Get().ControllerSchedule(over, {}, now_));
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, ARunThatJoinsCoversItsGridPoint) {
  Grid(2);
  AttachedRun run;
  run.run_id = "mine";
  run.args_json = NumberSource::Args(0);
  Commit(Get().AttachRun(run, now_));
  Register("a");
  const std::string other = TakeAndStart("a");
  EXPECT_EQ(PointOf(other).args_json, NumberSource::Args(1));
  Finish(other);
  EXPECT_EQ(Get().state(), SweepState::kRunning);
  Finish("mine");
  EXPECT_EQ(Get().state(), SweepState::kFinished);
}

TEST_F(SweepTest, AJoinedRunThatDiesIsNotHandedOut) {
  AttachedRun run;
  run.run_id = "mine";
  run.args_json = "{}";
  settings_.is_search_external = true;
  Commit(Get().AttachRun(run, now_));
  Pass(minutes(6));
  EXPECT_EQ(PointOf("mine").state, PointState::kFailed);
}

TEST_F(SweepTest, ADeletedRunningRunIsStoppedAndItsPointGoesOut) {
  Grid(1);
  Register("a");
  Register("b");
  const std::string run = TakeAndStart("a");
  Commit(Get().DeleteRun(run, now_));
  const std::vector<Command> commands = Beat("a", {run});
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].type, Type::kStop);
  const std::string again = TakeAndStart("b");
  EXPECT_EQ(PointOf(again).grid_index, 0U);
}

TEST_F(SweepTest, RecordsThatContradictThemselvesAreRefused) {
  SweepRecords records;
  records.attempts.emplace_back();
  const auto restored =
      Sweep::Restore(settings_, std::make_unique<NumberSource>(source_), nullptr, records);
  ASSERT_FALSE(restored.has_value());
  EXPECT_EQ(restored.error().code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace regatta::sweeps
