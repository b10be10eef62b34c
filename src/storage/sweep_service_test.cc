// Sweeps on the real store: what an agent is handed, what is left after a restart, an undone write,
// a lost machine.
#include "regatta/sweeps/sweep_service.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <deque>
#include <filesystem>
#include <functional>
#include <limits>
#include <set>

#include "regatta/base/function_ref.h"
#include "regatta/storage/sql_store.h"
#include "regatta/tracking/run_rules.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using sweeps::AgentReport;
using sweeps::Command;
using sweeps::HeartbeatAnswer;
using sweeps::SweepInput;
using sweeps::SweepRow;
using sweeps::SweepsOf;
using sweeps::SweepState;
using RunRow = tracking::Run;
using tracking::RunState;
using tracking::Tables;

constexpr const char* kGrid = R"(
method: grid
program: train.py
metric: {name: loss, goal: minimize}
parameters:
  x: {values: [3, 1, 2]}
)";

class SweepServiceTest : public testing::Test {
 protected:
  SweepServiceTest() {
    std::string pattern = (fs::temp_directory_path() / "regatta-sweeps-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Open();
    Do([&](Tables& tables) -> Result<void> {
      user_ = tracking::User{.name = "ann"};
      if (Result<void> done = tables.accounts().InsertUser(user_); !done) return done;
      project_ = tracking::Project{.entity = user_.entity, .name = "p"};
      return tables.projects().Insert(project_);
    });
  }
  ~SweepServiceTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  void Open() {
    store_.reset();
    work_.clear();
    sweeps::SweepService::Options options;
    if (has_background_) {
      options.background.post = [this](std::function<void()> work) {
        work_.push_back(std::move(work));
      };
    }
    service_ = std::make_unique<sweeps::SweepService>(options);
    Result<std::unique_ptr<SqlStore>> opened =
        SqlStore::Open({.folder = folder_ + "/data",
                        .clock = &clock_,
                        .on_change = {},
                        .on_rollback = [this] { service_->Rollback(); },
                        .on_step = [this](bool kept) { service_->StepEnded(kept); },
                        .vfs = {}});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }

  // Everything that waits to be done in the background, and what comes of it.
  void DoBackground() {
    while (!work_.empty()) {
      const std::function<void()> work = std::move(work_.front());
      work_.pop_front();
      work();
    }
  }

  template <typename Work>
  void Do(Work work) {
    const Result<void> done = store_->Write(work);
    ASSERT_TRUE(done) << done.error().message;
  }

  SweepRow Create(const std::string& text, SweepInput input = {}) {
    input.config_text = text;
    SweepRow row;
    Do([&](Tables& tables) -> Result<void> {
      auto made = service_->Create(tables, project_, user_.id, input, clock_.Now());
      if (!made) return made.error();
      row = made->row;
      return Ok();
    });
    return row;
  }
  std::string Register(const SweepRow& row) {
    std::string id;
    Do([&](Tables& tables) -> Result<void> {
      const auto agent = service_->RegisterAgent(tables, row, "host", clock_.Now());
      if (!agent) return agent.error();
      id = agent->id;
      return Ok();
    });
    return id;
  }
  HeartbeatAnswer Beat(const SweepRow& row, const std::string& agent,
                       const std::vector<std::string>& runs = {}) {
    AgentReport report;
    for (const std::string& run : runs) report.runs.push_back({run, 0});
    return Beat(row, agent, report);
  }
  HeartbeatAnswer Beat(const SweepRow& row, const std::string& agent, const AgentReport& report) {
    HeartbeatAnswer answer;
    Do([&](Tables& tables) -> Result<void> {
      auto made = service_->Heartbeat(tables, row, agent, user_.id, report, clock_.Now());
      if (!made) return made.error();
      answer = *std::move(made);
      return Ok();
    });
    return answer;
  }
  // The run's process says that it is there.
  void Start(const SweepRow& row, const std::string& name) {
    Do([&](Tables& tables) -> Result<void> {
      const auto made = tracking::UpsertRun(tables, service_.get(), project_, name, user_.id,
                                            {.sweep_name = row.name}, clock_.Now());
      if (!made) return made.error();
      return Ok();
    });
  }
  void Stream(const std::string& name, std::vector<std::string> rows, std::int64_t first,
              std::optional<std::int64_t> exit_code = {}) {
    Do([&](Tables& tables) -> Result<void> {
      tracking::StreamRequest request{.append = {},
                                      .preempting = false,
                                      .complete = exit_code.has_value(),
                                      .exit_code = exit_code};
      if (!rows.empty()) {
        request.append.pieces.push_back(
            {.kind = tracking::StreamKind::kHistory, .first_line = first, .lines = rows});
      }
      const auto run = tables.runs().FindByName(project_.id, name);
      if (!run) return run.error();
      const auto done =
          tracking::ApplyStream(tables, service_.get(), (*run)->id, request, clock_.Now());
      if (!done) return done.error();
      return Ok();
    });
  }
  std::optional<RunRow> FindRun(const std::string& name) {
    std::optional<RunRow> found;
    EXPECT_TRUE(store_->Read([&](const Tables& tables) -> Result<void> {
      const auto run = tables.runs().FindByName(project_.id, name);
      if (!run) return run.error();
      found = *run;
      return Ok();
    }));
    return found;
  }
  sweeps::SweepRecords Records(const SweepRow& row) {
    sweeps::SweepRecords records;
    EXPECT_TRUE(store_->Read([&](const Tables& tables) -> Result<void> {
      auto loaded = SweepsOf(tables).Load(row.id);
      if (!loaded) return loaded.error();
      records = *std::move(loaded);
      return Ok();
    }));
    return records;
  }
  SweepState StateOf(const SweepRow& row) { return Records(row).sweep.state; }
  void Tick() {
    const Result<void> done = service_->Tick(*store_, clock_.Now());
    ASSERT_TRUE(done) << done.error().message;
  }
  // Ticks as the server does, so that the sweep's own time passes too.
  void Wait(std::chrono::seconds time) {
    for (std::chrono::seconds passed{0}; passed < time; passed += std::chrono::seconds(30)) {
      clock_.Advance(std::chrono::seconds(30));
      Tick();
    }
  }

  SimulatedClock clock_;
  std::string folder_;
  bool has_background_ = false;
  std::deque<std::function<void()>> work_;
  std::unique_ptr<sweeps::SweepService> service_;
  std::unique_ptr<SqlStore> store_;
  tracking::User user_;
  tracking::Project project_;
};

TEST_F(SweepServiceTest, VisitsEachGridPointOnceThoughTheServerRestartsBetweenAllSteps) {
  const SweepRow row = Create(kGrid);
  EXPECT_EQ(row.runs_expected, 3U);
  const std::string agent = Register(row);
  std::set<std::string> configs;
  for (int i = 0; i < 3; ++i) {
    Open();
    const HeartbeatAnswer answer = Beat(row, agent);
    ASSERT_EQ(answer.commands.size(), 1U);
    EXPECT_EQ(answer.program, "train.py");
    const std::string run = answer.commands[0].run_id;
    EXPECT_EQ(FindRun(run)->state, RunState::kPending);
    EXPECT_EQ(FindRun(run)->agent_id, agent);
    configs.insert(answer.commands[0].args_json);
    Open();
    Start(row, run);
    EXPECT_EQ(FindRun(run)->state, RunState::kRunning);
    Open();
    Stream(run, {R"({"loss":0.5,"_step":0})", R"({"loss":NaN,"_step":1})"}, 0);
    Open();
    Stream(run, {R"({"loss":0.25,"_step":2})"}, 2, 0);
    EXPECT_EQ(FindRun(run)->state, RunState::kFinished);
    EXPECT_EQ(Records(row).attempts.back().best, 0.25);
    EXPECT_EQ(Records(row).attempts.back().values_invalid, 1U);
  }
  EXPECT_EQ(configs.size(), 3U);
  EXPECT_EQ(Beat(row, agent).commands.at(0).type, Command::Type::kExit);
  EXPECT_EQ(StateOf(row), SweepState::kFinished);
}

TEST_F(SweepServiceTest, WhatAnUndoneWriteHandedOutIsHandedOutAgain) {
  const SweepRow row = Create(kGrid);
  const std::string agent = Register(row);
  std::string run;
  const Result<void> undone = store_->Write([&](Tables& tables) -> Result<void> {
    auto answer = service_->Heartbeat(tables, row, agent, user_.id, {}, clock_.Now());
    run = answer->commands.at(0).run_id;
    return Unavailable("the answer could not be sent");
  });
  EXPECT_FALSE(undone);
  EXPECT_FALSE(FindRun(run));
  EXPECT_EQ(Records(row).points.size(), 0U);
  EXPECT_EQ(Beat(row, agent).commands.at(0).run_id, run);
  EXPECT_EQ(Records(row).points.size(), 1U);
}

constexpr const char* kBayes = R"(
method: bayes
program: train.py
metric: {name: loss, goal: minimize}
parameters:
  x: {min: 0.0, max: 1.0}
  lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
regatta: {seed: 5}
)";

class PreparedSweepTest : public SweepServiceTest {
 protected:
  PreparedSweepTest() {
    has_background_ = true;
    Open();
  }

  // What a sweep hands out, one finished run after the other; the fourth is asked for while the
  // search is busy.
  std::vector<Command> RunTwelve(FunctionRef<void(const SweepRow&, int)> before_each) {
    const SweepRow row = Create(kBayes);
    const std::string agent = Register(row);
    std::vector<Command> commands;
    for (int i = 0; i < 12; ++i) {
      if (i != 3) DoBackground();
      before_each(row, i);
      commands.push_back(Beat(row, agent).commands.at(0));
      const std::string run = commands.back().run_id;
      Start(row, run);
      Stream(run, {fmt::format(R"({{"loss":{},"_step":0}})", 1.0 / (i + 1))}, 0, 0);
    }
    return commands;
  }
};

TEST_F(PreparedSweepTest, GoesOnAfterARestartAsIfNothingHadHappened) {
  const std::vector<Command> steady = RunTwelve([](const SweepRow&, int) {});
  const std::vector<Command> restarted = RunTwelve([&](const SweepRow& row, int i) {
    if (i == 5 || i == 9) {
      Open();
      Register(row);  // which brings the sweep back into memory
      DoBackground();
    }
  });
  ASSERT_EQ(restarted.size(), steady.size());
  for (std::size_t i = 0; i < steady.size(); ++i) {
    EXPECT_EQ(restarted[i].args_json, steady[i].args_json) << i;
  }
  EXPECT_NE(steady[3].why.find("newest result"), std::string::npos) << steady[3].why;
  for (const std::size_t i : {2U, 4U, 11U}) {
    EXPECT_EQ(steady[i].why.find("newest result"), std::string::npos) << steady[i].why;
  }
}

TEST_F(PreparedSweepTest, AHeartbeatOfNoKnownAgentCostsNoModel) {
  const SweepRow row = Create(kBayes);
  const std::string agent = Register(row);
  DoBackground();
  EXPECT_FALSE(store_->Write([&](Tables& tables) -> Result<void> {
    return service_->Heartbeat(tables, row, "nobody", user_.id, {}, clock_.Now()).error();
  }));
  EXPECT_EQ(Beat(row, agent).commands.at(0).why.find("newest result"), std::string::npos);
}

TEST_F(SweepServiceTest, ALostMachinesPointIsRunAgainAndItsRunHasCrashed) {
  const SweepRow row = Create(kGrid);
  const std::string first = Register(row);
  const Command lost = Beat(row, first).commands.at(0);
  Start(row, lost.run_id);
  Wait(std::chrono::minutes(3));
  EXPECT_EQ(FindRun(lost.run_id)->state, RunState::kRunning);
  Open();
  Wait(std::chrono::minutes(4));
  EXPECT_EQ(FindRun(lost.run_id)->state, RunState::kCrashed);
  EXPECT_FALSE(FindRun(lost.run_id)->stop_reason.empty());
  const Command again = Beat(row, Register(row)).commands.at(0);
  EXPECT_EQ(again.args_json, lost.args_json);
  EXPECT_NE(again.run_id, lost.run_id);
}

TEST_F(SweepServiceTest, AStreamThatOnlySaysItLivesKeepsItsLease) {
  const SweepRow row = Create(kGrid);
  const Command command = Beat(row, Register(row)).commands.at(0);
  Start(row, command.run_id);
  for (int i = 0; i < 10; ++i) {
    Wait(std::chrono::minutes(2));
    Stream(command.run_id, {}, 0);
  }
  EXPECT_EQ(FindRun(command.run_id)->state, RunState::kRunning);
}

TEST_F(SweepServiceTest, ASilentRunIsItsSweepsToJudge) {
  const SweepRow row = Create(kGrid);
  const Command command = Beat(row, Register(row)).commands.at(0);
  Start(row, command.run_id);
  clock_.Advance(std::chrono::minutes(1));
  ASSERT_TRUE(tracking::MarkSilentRuns(*store_, service_.get(), clock_.Now(), clock_.Now()));
  EXPECT_EQ(FindRun(command.run_id)->state, RunState::kRunning);
}

TEST_F(SweepServiceTest, ARunThatNamesTheSweepJoinsItAndOneThatNamesNoneIsInNone) {
  const SweepRow row = Create(kGrid);
  Start(row, "guest");
  EXPECT_EQ(Records(row).attempts.at(0).run_id, "guest");
  SweepRow unknown = row;
  unknown.name = "nowhere0";
  Start(unknown, "stray");
  EXPECT_EQ(FindRun("stray")->sweep_name, "");
  EXPECT_EQ(Records(row).attempts.size(), 1U);
}

TEST_F(SweepServiceTest, AWorseRunIsToldToStopInTheAnswerToItsOwnRows) {
  const SweepRow row = Create(
      "method: random\nmetric: {name: loss, goal: minimize}\n"
      "parameters: {x: {min: 0.0, max: 1.0}}\n"
      "early_terminate: {type: hyperband, min_iter: 3, eta: 3}\n");
  const std::string agent = Register(row);
  const auto take = [&](double loss) {
    const std::string run = Beat(row, agent).commands.at(0).run_id;
    Start(row, run);
    Stream(run, std::vector<std::string>(4, fmt::format("{{\"loss\":{}}}", loss)), 0);
    return run;
  };
  for (int i = 0; i < 3; ++i) {
    const std::string good = take(3.0 - i);
    EXPECT_FALSE(FindRun(good)->stop_requested);
    Stream(good, {}, 4, 0);
  }
  const std::string bad = take(50);
  EXPECT_TRUE(FindRun(bad)->stop_requested);
  const HeartbeatAnswer answer = Beat(row, agent, {bad});
  ASSERT_EQ(answer.commands.size(), 1U);
  EXPECT_EQ(answer.commands[0].type, Command::Type::kStop);
  Open();
  Do([&](Tables& tables) -> Result<void> {
    const auto attempt = SweepsOf(tables).FindAttemptOfRun(row.id, bad);
    if (!attempt) return attempt.error();
    EXPECT_EQ((*attempt)->stop_facts, (sweeps::StopFacts{"hyperband", 3, 50, 2}))
        << "the mark of 3, 2, 1 and 50";
    EXPECT_FALSE(*SweepsOf(tables).FindAttemptOfRun(row.id, "nobody"));
    return Ok();
  });
  EXPECT_FALSE(Records(row).attempts.at(0).stop_facts) << "nobody stopped the first";
}

TEST_F(SweepServiceTest, EarlyTerminationCountsTheKeyThatTheFileNames) {
  const std::string text =
      "method: random\nmetric: {name: loss, goal: minimize}\n"
      "parameters: {x: {min: 0.0, max: 1.0}}\n"
      "early_terminate: {type: asha, min_iter: 30, eta: 3, resource: epoch}\n";
  const SweepRow row = Create(text);
  const std::string agent = Register(row);
  const auto take = [&](double loss, int epoch) {
    const std::string run = Beat(row, agent).commands.at(0).run_id;
    Start(row, run);
    Stream(run,
           {fmt::format(R"({{"epoch":{},"loss":{}}})", epoch, loss),
            fmt::format(R"({{"loss":{},"_step":7}})", loss)},
           0);
    Open();  // what was counted is in the rows
    return run;
  };
  for (int i = 0; i < 6; ++i) {
    Stream(take(6.0 - i, 40), {}, 2, 0);
  }
  EXPECT_EQ(Records(row).values.at(0).steps, (std::vector<std::int64_t>{40, 40}));
  const std::string young = take(50, 3);
  EXPECT_FALSE(FindRun(young)->stop_requested) << "it has not come as far as the others";
  Stream(young, {R"({"epoch":41,"loss":50})"}, 2);
  EXPECT_TRUE(FindRun(young)->stop_requested);
}

TEST_F(SweepServiceTest, ASearchBeginsWithTheBestOfAnEarlierSweep) {
  constexpr const char* kSpace =
      "method: bayes\nmetric: {name: loss, goal: minimize}\nparameters: {x: {min: 0.0, max: "
      "1.0}}\n";
  const SweepRow earlier = Create(kSpace);
  const std::string agent = Register(earlier);
  std::string best;
  for (const double loss : {3.0, 1.0, 2.0}) {
    const Command command = Beat(earlier, agent).commands.at(0);
    Start(earlier, command.run_id);
    Stream(command.run_id, {fmt::format(R"({{"loss":{}}})", loss)}, 0, 0);
    best = loss == 1.0 ? command.args_json : best;
  }
  const std::string text =
      fmt::format("{}regatta: {{seed: 3, prior_sweeps: [{}]}}\n", kSpace, earlier.name);
  const SweepRow row = Create(text);
  EXPECT_EQ(Beat(row, Register(row)).commands.at(0).args_json, best);

  const auto refused = [&](const std::string& wrong) {
    SweepInput input;
    input.config_text = wrong;
    std::string message;
    EXPECT_FALSE(store_->Write([&](Tables& tables) -> Result<void> {
      const auto made = service_->Create(tables, project_, user_.id, input, clock_.Now());
      message = made ? "" : made.error().message;
      return Unavailable("only asked");
    }));
    return message;
  };
  EXPECT_NE(refused(fmt::format("{}regatta: {{prior_sweeps: [nobody/p/x]}}\n", kSpace))
                .find("no sweep \"nobody/p/x\""),
            std::string::npos);
  EXPECT_NE(refused("method: bayes\nmetric: {name: acc}\nparameters: {x: {min: 0.0, max: 1.0}}\n"
                    "regatta: {prior_sweeps: [ann/p/" +
                    earlier.name + "]}\n")
                .find("only values of one metric"),
            std::string::npos);
}

TEST_F(SweepServiceTest, ASearchLearnsFromEveryMetricOfTheList) {
  const auto search = [&](bool has_latency, bool restarts) {
    const SweepRow row = Create(
        "method: bayes\nmetrics: [{name: loss, goal: minimize}, {name: latency, goal: minimize}]\n"
        "parameters: {x: {min: 0.0, max: 1.0}}\nregatta: {seed: 4}\n");
    std::string agent = Register(row);
    Command command;
    for (int i = 0; i < 10; ++i) {
      if (restarts) Open();
      command = Beat(row, agent).commands.at(0);
      Start(row, command.run_id);
      Do([&](Tables& tables) -> Result<void> {
        const auto run = tables.runs().FindByName(project_.id, command.run_id);
        if (!run) return run.error();
        tracking::StreamRequest request{
            .append = {}, .preempting = false, .complete = true, .exit_code = 0};
        request.append.pieces.push_back({.kind = tracking::StreamKind::kHistory,
                                         .first_line = 0,
                                         .lines = {fmt::format(R"({{"loss":{}}})", i)}});
        request.append.summary_json = has_latency
                                          ? fmt::format(R"({{"loss":{},"latency":{}}})", i, 10 - i)
                                          : fmt::format(R"({{"loss":{}}})", i);
        const auto done =
            tracking::ApplyStream(tables, service_.get(), (*run)->id, request, clock_.Now());
        if (!done) return done.error();
        return Ok();
      });
    }
    EXPECT_EQ(Records(row).attempts.at(3).outcomes.at(0), 3.0);
    return Beat(row, agent).commands.at(0);
  };
  const Command both = search(true, false);
  EXPECT_NE(both.why.find("hypervolume"), std::string::npos) << both.why;
  EXPECT_EQ(search(true, true).args_json, both.args_json) << "the outcomes are in the rows";
  EXPECT_EQ(search(false, false).why.find("hypervolume"), std::string::npos)
      << "a result without the second metric is none";
}

TEST_F(SweepServiceTest, FindsThePointOfARun) {
  const SweepRow row = Create(kGrid);
  const Command command = Beat(row, Register(row)).commands.at(0);
  Do([&](Tables& tables) -> Result<void> {
    const auto point = SweepsOf(tables).FindPointOfRun(row.id, command.run_id);
    EXPECT_EQ((*point)->args_json, command.args_json);
    EXPECT_FALSE(*SweepsOf(tables).FindPointOfRun(row.id, "nobody"));
    return Ok();
  });
}

TEST_F(SweepServiceTest, ARunThatWasToldToStopAndIsGoneFromItsAgentEndsSoon) {
  const SweepRow row = Create(kGrid);
  const std::string agent = Register(row);
  const std::string run = Beat(row, agent).commands.at(0).run_id;
  Start(row, run);
  Beat(row, agent, {run});
  Do([&](Tables& tables) -> Result<void> {
    const auto found = tables.runs().FindByName(project_.id, run);
    if (!found) return found.error();
    return service_->StopRun(tables, **found, "stopped by ann", clock_.Now());
  });
  EXPECT_EQ(Beat(row, agent, {run}).commands.at(0).type, Command::Type::kStop);
  Beat(row, agent);
  EXPECT_EQ(FindRun(run)->state, RunState::kRunning);
  Wait(std::chrono::seconds(30));
  EXPECT_EQ(FindRun(run)->state, RunState::kKilled);
}

TEST_F(SweepServiceTest, PriorRunsAreListedAndNeverHandedOut) {
  Do([&](Tables& tables) -> Result<void> {
    const auto made = tracking::UpsertRun(
        tables, service_.get(), project_, "old", user_.id,
        {.config_json = R"({"_wandb":{"value":{}},"x":{"value":1}})"}, clock_.Now());
    if (!made) return made.error();
    return Ok();
  });
  Stream("old", {R"({"loss":4})"}, 0, 0);
  const SweepRow row = Create(kGrid, {.config_text = {},
                                      .display_name = {},
                                      .description = {},
                                      .controller_json = {},
                                      .prior_runs_filter = R"({"$or":[{"name":"old"}]})",
                                      .state = {}});
  EXPECT_EQ(FindRun("old")->sweep_name, row.name);
  const std::string agent = Register(row);
  std::set<std::string> configs;
  for (int i = 0; i < 2; ++i) {
    const Command command = Beat(row, agent).commands.at(0);
    configs.insert(command.args_json);
    Start(row, command.run_id);
    Stream(command.run_id, {}, 0, 0);
  }
  EXPECT_FALSE(configs.contains(R"({"x":{"value":1}})"));
  EXPECT_EQ(Beat(row, agent).commands.at(0).type, Command::Type::kExit);
}

TEST_F(SweepServiceTest, AScheduledSweepHandsOutWhatIsEnqueuedAndItsSchedulerIsNoTrial) {
  const SweepRow row = Create(std::string(kGrid) + "scheduler: {engine: optuna}\n");
  const std::string agent = Register(row);
  EXPECT_TRUE(Beat(row, agent).commands.empty());
  Start(row, row.controller_run_name);
  EXPECT_TRUE(FindRun(row.controller_run_name)->is_hidden);
  EXPECT_EQ(Records(row).points.size(), 0U);
  std::string queued;
  Do([&](Tables& tables) -> Result<void> {
    const auto done = service_->Enqueue(tables, row, user_.id, R"({"x":{"value":0.25}})", "by hand",
                                        clock_.Now());
    if (!done) return done.error();
    queued = *done;
    return Ok();
  });
  EXPECT_EQ(FindRun(queued)->display_name, "by hand");
  EXPECT_EQ(Beat(row, agent).commands.at(0).run_id, queued);
}

TEST_F(SweepServiceTest, ALocalControllersEntryBecomesOneRun) {
  const SweepRow row = Create(std::string(kGrid) + "controller: {type: local}\n");
  const SweepInput schedule{
      .config_text = {},
      .display_name = {},
      .description = {},
      .controller_json = R"({"schedule":[{"id":"e1","data":{"args":{"x":{"value":7}}}}]})",
      .prior_runs_filter = {},
      .state = {}};
  for (int i = 0; i < 2; ++i) {
    Do([&](Tables& tables) -> Result<void> {
      const auto done = service_->Update(tables, row, user_.id, schedule, clock_.Now());
      if (!done) return done.error();
      return Ok();
    });
  }
  EXPECT_EQ(Records(row).points.size(), 1U);
  EXPECT_EQ(Beat(row, Register(row)).commands.at(0).args_json, R"({"x":{"value":7}})");
}

TEST_F(SweepServiceTest, AFileWithMistakesMakesNoSweep) {
  const SweepInput input{.config_text = "method: grip\nparameters: {x: {min: 5, max: 1}}\n",
                         .display_name = {},
                         .description = {},
                         .controller_json = {},
                         .prior_runs_filter = {},
                         .state = {}};
  const Result<void> refused = store_->Write([&](Tables& tables) -> Result<void> {
    const auto made = service_->Create(tables, project_, user_.id, input, clock_.Now());
    if (!made) return made.error();
    return Ok();
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("grip"), std::string::npos);
  Do([&](Tables& tables) -> Result<void> {
    EXPECT_EQ(*SweepsOf(tables).Count(project_.id), 0);
    return Ok();
  });
}

TEST_F(SweepServiceTest, AStartedSweepTakesAnotherCapAndNoOtherSearch) {
  const SweepRow row = Create(kGrid);
  Beat(row, Register(row));
  const auto update = [&](const std::string& text) {
    return store_->Write([&](Tables& tables) -> Result<void> {
      SweepInput input;
      input.config_text = text;
      const auto done = service_->Update(tables, row, user_.id, input, clock_.Now());
      if (!done) return done.error();
      return Ok();
    });
  };
  EXPECT_TRUE(update(std::string(kGrid) + "run_cap: 2\n"));
  const Result<void> refused = update("method: random\nparameters: {x: {min: 0.0, max: 1.0}}\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(SweepServiceTest, ADeletedProjectTakesItsSweepsAndAgentsAlong) {
  const SweepRow row = Create(kGrid);
  const std::string agent = Register(row);
  Beat(row, agent);
  Do([&](Tables& tables) { return tables.projects().Delete(project_.id); });
  Do([&](Tables& tables) -> Result<void> {
    EXPECT_FALSE(SweepsOf(tables).FindSweepOfAgent(agent)->has_value());
    EXPECT_FALSE(SweepsOf(tables).Find(row.id)->has_value());
    return Ok();
  });
  Tick();
}

TEST_F(SweepServiceTest, ASweepThatCannotBeReadStopsNoOther) {
  SweepRow broken = Create(kGrid);
  const Command lost = Beat(broken, Register(broken)).commands.at(0);
  Start(broken, lost.run_id);
  const SweepRow row = Create(kGrid);
  const Command command = Beat(row, Register(row)).commands.at(0);
  Start(row, command.run_id);
  broken.config_text = "no sweep: [";
  Do([&](Tables& tables) { return SweepsOf(tables).Update(broken); });
  Open();  // nothing is in memory any more
  Wait(std::chrono::hours(1));
  EXPECT_NE(Records(row).attempts.at(0).state, sweeps::AttemptState::kRunning)
      << "the lease of the sound one has ended";
  // And what became sound again goes on.
  broken.config_text = kGrid;
  Do([&](Tables& tables) { return SweepsOf(tables).Update(broken); });
  Wait(std::chrono::hours(1));
  EXPECT_NE(Records(broken).attempts.at(0).state, sweeps::AttemptState::kRunning);
}

TEST_F(SweepServiceTest, ASilentRunOfASweepThatCannotBeReadStopsNoOther) {
  SweepRow broken = Create(kGrid);
  const Command command = Beat(broken, Register(broken)).commands.at(0);
  Start(broken, command.run_id);
  Start({}, "alone");
  broken.config_text = "no sweep: [";
  Do([&](Tables& tables) { return SweepsOf(tables).Update(broken); });
  Open();
  clock_.Advance(std::chrono::minutes(1));
  const Result<int> marked =
      tracking::MarkSilentRuns(*store_, service_.get(), clock_.Now(), clock_.Now());
  ASSERT_FALSE(marked);
  EXPECT_NE(marked.error().message.find(command.run_id), std::string::npos);
  EXPECT_EQ(FindRun("alone")->state, RunState::kCrashed);
  EXPECT_EQ(FindRun(command.run_id)->state, RunState::kRunning);
}

TEST_F(SweepServiceTest, ANativeAgentHearsItsLeaseOnceAndFillsItsSlots) {
  const SweepRow row = Create(kGrid);
  const std::string agent = Register(row);
  AgentReport report;
  report.is_native = true;
  report.capacity = {.slots = 3, .free = 2};
  const HeartbeatAnswer first = Beat(row, agent, report);
  EXPECT_TRUE(first.lease);
  EXPECT_EQ(first.commands.size(), 2U);
  report.runs = {{first.commands[0].run_id, 0}, {first.commands[1].run_id, 0}};
  report.capacity.free = 0;
  const HeartbeatAnswer second = Beat(row, agent, report);
  EXPECT_FALSE(second.lease);
  EXPECT_TRUE(second.commands.empty());
}

TEST_F(SweepServiceTest, ANativeAgentTellsOfARunKilledForMemoryBeforeItsLeaseEnds) {
  const SweepRow row = Create(kGrid);
  const std::string agent = Register(row);
  const Command command = Beat(row, agent).commands.at(0);
  Start(row, command.run_id);
  AgentReport report;
  report.is_native = true;
  report.ended = {{command.run_id, std::nullopt, 9}};
  const HeartbeatAnswer answer = Beat(row, agent, report);
  EXPECT_EQ(FindRun(command.run_id)->state, RunState::kFailed);
  ASSERT_EQ(answer.commands.size(), 1U);
  EXPECT_EQ(answer.commands[0].args_json, command.args_json);
}

TEST_F(SweepServiceTest, EveryRecordComesBackAsItWasPut) {
  const SweepRow row = Create(kGrid);
  sweeps::SweepRecord sweep{.state = SweepState::kPaused,
                            .why = "why",
                            .time = Duration(5),
                            .clock_at = FromMicros(7),
                            .started = Duration(3),
                            .grid_next = ~std::uint64_t{0},
                            .search_next = 2,
                            .initial_next = 1,
                            .queue_next = 9,
                            .token_next = 8,
                            .attempts_issued = 4,
                            .gpu_seconds_ended = 0.1,
                            .is_source_exhausted = true,
                            .is_controller_done = true,
                            .is_target_reached = true};
  sweeps::PointRecord point{.index = 0,
                            .origin = sweeps::PointOrigin::kInitial,
                            .grid_index = 5,
                            .group = 0,
                            .repeat = 2,
                            .args_json = "{}",
                            .schedule_id = "s",
                            .display_name = "d",
                            .state = sweeps::PointState::kFailed,
                            .queue_rank = 3,
                            .queue_order = 4,
                            .attempts = 1,
                            .attempt = 0,
                            .result = 0,
                            .ended_order = 6,
                            .is_counted = true,
                            .is_returned = true,
                            .lost = 1,
                            .oom = 2,
                            .failed = 3,
                            .why = "w",
                            .ended_why = "e"};
  sweeps::AttemptRecord attempt{.serial = 0, .point = 0, .number = 2, .run_id = "r"};
  attempt.exit_code = -9;
  attempt.best = 0.1;
  attempt.summary = -3.5;
  attempt.stop = sweeps::StopCause::kUser;
  attempt.stop_facts = sweeps::StopFacts{"curve", std::nullopt, 0.125, 0.05, true};
  attempt.offered_at = FromMicros(11);
  sweeps::AgentRecord agent{.id = "a", .name = "n", .host = "h"};
  agent.streak_attempts = {10, 0, 7};
  agent.is_quarantined = true;
  sweeps::ValuesRecord values{
      0, 0, {0, -1}, {std::numeric_limits<double>::infinity(), std::nextafter(1.0, 2.0)}};
  Do([&](Tables& tables) -> Result<void> {
    sweeps::SweepTables& records = SweepsOf(tables);
    for (const Result<void>& done :
         {records.Put(row.id, sweep), records.Put(row.id, point), records.Put(row.id, attempt),
          records.Put(row.id, agent), records.Put(row.id, values)}) {
      if (!done) return done;
    }
    return Ok();
  });
  Open();
  const sweeps::SweepRecords found = Records(row);
  EXPECT_EQ(found.sweep, sweep);
  EXPECT_EQ(found.points, std::vector{point});
  EXPECT_EQ(found.attempts, std::vector{attempt});
  EXPECT_EQ(found.agents, std::vector{agent});
  EXPECT_EQ(found.values, std::vector{values});
}

}  // namespace
}  // namespace regatta::storage
