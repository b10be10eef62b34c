// The agent's decisions under a clock that only the test moves: each test plays the server, the
// processes and time, and looks at what the core wants done.
#include "core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace regatta::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Duration kSecond = std::chrono::seconds(1);

Command Make(Command::Type type, std::string run_id = "") {
  Command command;
  command.type = type;
  command.run_id = std::move(run_id);
  return command;
}
Command StartOf(std::string run_id) { return Make(Command::Type::kRun, std::move(run_id)); }
Command StopOf(std::string run_id) { return Make(Command::Type::kStop, std::move(run_id)); }
Command ExitAll() { return Make(Command::Type::kExit); }
Command LeaseOf(double seconds) {
  Command command = Make(Command::Type::kLease);
  command.lease_seconds = seconds;
  return command;
}

// The core with the outside world at hand. Actions are kept as short texts in the order they came.
class World {
 public:
  explicit World(CoreOptions options = {}) : core(options, now) {
    core.Tick(now);
    Collect();
  }

  void Advance(Duration by) {
    now += by;
    core.Tick(now);
    Collect();
  }
  // The answer to the open heartbeat.
  void Reply(std::vector<Command> commands) {
    is_heartbeat_open = false;
    core.HeartbeatAnswered(now, std::move(commands));
    Collect();
  }
  void Fail(Error error) {
    is_heartbeat_open = false;
    core.HeartbeatAnswered(now, std::move(error));
    Collect();
  }
  void End(const std::string& run_id, std::optional<int> code, std::optional<int> signal = {}) {
    core.RunEnded(now,
                  {.run_id = run_id, .exit_code = code, .signal = signal, .last_lines = {"l"}});
    Collect();
  }
  void Settle(const std::string& run_id, bool is_settled = true) {
    core.RunSettled(now, run_id, is_settled);
    Collect();
  }
  void Signal(int signal) {
    core.Signalled(now, signal);
    Collect();
  }
  void Marked(const std::string& run_id) {
    core.MarkAnswered(now, run_id);
    Collect();
  }

  // What has been wanted since the last call.
  std::vector<std::string> Take() { return std::exchange(actions_, {}); }
  // Answers heartbeats with nothing until `duration` has passed, second by second.
  void Pass(Duration duration) {
    for (Duration passed{}; passed < duration; passed += kSecond) {
      Advance(kSecond);
      if (is_heartbeat_open) {
        Reply({});
      }
    }
  }

  Timestamp now{std::chrono::hours(1000)};
  AgentCore core;
  bool is_heartbeat_open = false;
  SendHeartbeat heartbeat;  // the last one
  Finish finish;

 private:
  void Collect() {
    for (Action& action : core.TakeActions()) {
      std::visit([this](auto& chosen) { Note(chosen); }, action);
    }
  }
  void Note(StartRun& start) {
    actions_.push_back("start " + start.command.run_id + " in " + std::to_string(start.slot));
  }
  void Note(SignalRun& signal) {
    actions_.push_back((signal.signal == SIGKILL ? "kill " : "term ") + signal.run_id);
  }
  void Note(KillEverything& /*kill*/) { actions_.emplace_back("kill everything"); }
  void Note(SendHeartbeat& sent) {
    EXPECT_FALSE(std::exchange(is_heartbeat_open, true)) << "two heartbeats at once";
    heartbeat = sent;
    actions_.emplace_back("heartbeat");
  }
  void Note(MarkPreempting& mark) { actions_.push_back("mark " + mark.run_id); }
  void Note(SettleRun& settle) { actions_.push_back("settle " + settle.run.run_id); }
  void Note(Finish& finished) {
    finish = finished;
    actions_.push_back("finish " + std::to_string(finished.exit_code));
  }

  std::vector<std::string> actions_;
};

// A world with run "r" alive.
World Working(CoreOptions options = {}) {
  World world(options);
  world.Reply({StartOf("r")});
  world.Take();
  return world;
}

TEST(AgentCore, AsksForWorkAtOnceAndThenEveryFiveSeconds) {
  World world;
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat"));
  EXPECT_EQ(world.heartbeat.report.free, 1);
  world.Reply({});
  EXPECT_EQ(world.core.NextDeadline(), world.now + 5 * kSecond);
  world.Advance(4 * kSecond);
  EXPECT_THAT(world.Take(), IsEmpty());
  world.Advance(kSecond);
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat"));
}

TEST(AgentCore, ShowsSeveralSignsOfLifeWithinAShortLease) {
  World world;
  world.Reply({LeaseOf(2), StartOf("r")});
  world.Take();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(world.core.NextDeadline(), world.now + kSecond / 2);
    world.Advance(kSecond / 2);
    ASSERT_THAT(world.Take(), ElementsAre("heartbeat"));
    world.Reply({});
  }
}

TEST(AgentCore, StartsTheRunOfACommandOnceHoweverOftenItIsTold) {
  World world;
  world.Reply({StartOf("a"), StartOf("a")});
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat", "start a in 0"));
  world.Advance(5 * kSecond);
  EXPECT_THAT(world.heartbeat.report.running, ElementsAre("a"));
  EXPECT_EQ(world.heartbeat.report.free, 0);
  world.Reply({StartOf("a")});
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat"));
}

TEST(AgentCore, UsesAllCommandsOfAReplyUpToItsSlots) {
  World world({.slots = 2});
  world.Reply({StartOf("a"), StartOf("b"), StartOf("c")});
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat", "start a in 0", "start b in 1"));
  world.Advance(kSecond);
  world.End("a", 0);
  world.Settle("a");
  EXPECT_EQ(world.heartbeat.report.free, 0) << "the heartbeat went out before the end was settled";
  world.Reply({});
  world.Advance(kSecond);
  EXPECT_EQ(world.heartbeat.report.free, 1);
  world.Reply({Make(Command::Type::kResume, "d")});
  EXPECT_THAT(world.Take(), testing::Contains("start d in 0"));
}

TEST(AgentCore, RefusesARunIdThatIsAPath) {
  World world;
  world.Reply({StartOf("../x"), StartOf("..")});
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat"));
}

TEST(AgentCore, KeepsAnEndedRunInItsReportUntilItsEndIsSettled) {
  World world = Working();
  world.Advance(kSecond);
  world.End("r", 0);
  EXPECT_THAT(world.Take(), ElementsAre("settle r", "heartbeat"));
  EXPECT_THAT(world.heartbeat.report.running, ElementsAre("r"));
  EXPECT_THAT(world.heartbeat.ended_runs, SizeIs(1));
  world.Settle("r", false);
  world.Reply({});
  EXPECT_THAT(world.Take(), ElementsAre("settle r")) << "a heartbeat that gets through tries again";
  world.Settle("r");
  world.Advance(kSecond);
  EXPECT_THAT(world.heartbeat.report.running, IsEmpty());
}

TEST(AgentCore, ReportsAnEndUntilAHeartbeatGetsThrough) {
  World world = Working();
  world.Advance(kSecond);
  world.End("r", 1);
  world.Settle("r");
  world.Fail(Unavailable("down"));
  world.Advance(kSecond);
  ASSERT_THAT(world.heartbeat.ended_runs, SizeIs(1));
  EXPECT_EQ(world.heartbeat.ended_runs[0].exit_code, 1);
  world.Reply({});
  world.Advance(5 * kSecond);
  EXPECT_THAT(world.heartbeat.ended_runs, IsEmpty());
}

TEST(AgentCore, EndsAfterItsCountWithoutAskingForMore) {
  World world = Working({.count = 1});
  world.Advance(kSecond);
  world.End("r", 0);
  world.Settle("r");
  EXPECT_THAT(world.Take(), ElementsAre("settle r", "finish 0"));
}

TEST(AgentCore, NeverHoldsMoreRunsThanItsCountLeaves) {
  World world({.slots = 4, .count = 2});
  EXPECT_EQ(world.heartbeat.report.free, 2);
  world.Reply({StartOf("a"), StartOf("b"), StartOf("c")});
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat", "start a in 0", "start b in 1"));
}

TEST(AgentCore, TellsAServerOfOursTheLastEndBeforeItGoes) {
  World world({.count = 1});
  world.Reply({LeaseOf(300), StartOf("r")});
  world.Take();
  world.Advance(kSecond);
  world.End("r", 0);
  world.Settle("r");
  EXPECT_THAT(world.Take(), ElementsAre("settle r", "heartbeat"));
  EXPECT_EQ(world.heartbeat.report.free, 0);
  world.Reply({});
  EXPECT_THAT(world.Take(), ElementsAre("finish 0"));
}

TEST(AgentCore, WaitsForItsRunsWhenToldToExit) {
  World world({.slots = 2});
  world.Reply({StartOf("a"), StartOf("b")});
  world.Advance(5 * kSecond);
  world.Reply({ExitAll()});
  world.Take();
  world.End("a", 0);
  world.Settle("a");
  world.Pass(3 * kSecond);
  world.End("b", 0);
  world.Settle("b");
  world.Pass(kSecond);
  EXPECT_EQ(world.Take().back(), "finish 0");
}

TEST(AgentCore, AnAgentThatIsSentAwayForItsRunsEndsAsAfterABrake) {
  World world;
  Command exit = ExitAll();
  exit.is_quarantine = true;
  world.Reply({exit});
  world.Pass(kSecond);
  EXPECT_EQ(world.Take().back(), "finish 3");
}

TEST(AgentCore, StopsARunWithTermAndAfterTheDelayWithKill) {
  World world({.slots = 1, .kill_delay = 30 * kSecond});
  world.Reply({StartOf("r")});
  world.Advance(5 * kSecond);
  world.Take();
  world.Reply({StopOf("r"), StopOf("other")});
  EXPECT_THAT(world.Take(), ElementsAre("term r"));
  world.Advance(5 * kSecond);
  world.Reply({StopOf("r")});
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat")) << "the server repeats itself";
  world.Advance(25 * kSecond);
  EXPECT_THAT(world.Take(), testing::Contains("kill r"));
  world.Advance(25 * kSecond);
  EXPECT_THAT(world.Take(), testing::Not(testing::Contains("kill r")));
}

TEST(AgentCore, EndsItsRunsBeforeTheLeaseDoes) {
  World world;
  world.Reply({LeaseOf(60), StartOf("r")});
  world.Advance(5 * kSecond);
  world.Take();
  world.Advance(42 * kSecond);
  EXPECT_THAT(world.Take(), IsEmpty());
  EXPECT_EQ(world.core.NextDeadline(), world.now + kSecond);
  world.Advance(kSecond);
  EXPECT_THAT(world.Take(), ElementsAre("term r"));
  world.Advance(9 * kSecond);
  EXPECT_THAT(world.Take(), ElementsAre("kill everything"));
  world.End("r", {}, SIGKILL);
  EXPECT_THAT(world.Take(), ElementsAre("finish 75"));
  EXPECT_THAT(world.finish.reason, HasSubstr("no heartbeat got through for 48 seconds"));
}

TEST(AgentCore, CountsTheLeaseFromWhenTheLastGoodHeartbeatWasSent) {
  World world;
  world.Advance(10 * kSecond);  // the answer is that late
  world.Reply({LeaseOf(100), StartOf("r")});
  world.Take();
  world.Advance(5 * kSecond);
  EXPECT_EQ(world.core.NextDeadline(), world.now + 65 * kSecond);
}

TEST(AgentCore, TriesForTheWholeLeaseWhileItIsIdle) {
  World world;
  world.Fail(Unavailable("down"));
  for (int i = 0; i < 299; ++i) {
    world.Advance(kSecond);
    if (world.is_heartbeat_open) {
      world.Fail(Unavailable("down"));
    }
  }
  EXPECT_THAT(world.Take(), testing::Each("heartbeat"));
  world.Advance(kSecond);
  EXPECT_EQ(world.Take().back(), "finish 75");
}

TEST(AgentCore, NamesCredentialsWhenTheyWereTheCause) {
  World world;
  world.Fail(Unauthenticated("the server answered 401"));
  world.Advance(300 * kSecond);
  EXPECT_EQ(world.Take().back(), "finish 5");
}

TEST(AgentCore, LetsRunsEndWhenTheSweepIsGoneHoweverLongTheyTake) {
  World world = Working();
  world.Advance(5 * kSecond);
  world.Fail(NotFound("gone"));
  for (int i = 0; i < 100; ++i) {
    world.Advance(5 * kSecond);
    if (world.is_heartbeat_open) {
      world.Fail(NotFound("gone"));
    }
  }
  EXPECT_THAT(world.Take(), testing::Each("heartbeat"));
  world.End("r", 0);
  world.Settle("r");
  EXPECT_EQ(world.Take().back(), "finish 4");
}

TEST(AgentCore, EndsAtOnceWhenItIsIdleAndTheSweepIsGone) {
  World world;
  world.Fail(NotFound("gone"));
  EXPECT_THAT(world.Take(), ElementsAre("heartbeat", "finish 4"));
}

TEST(AgentCore, MarksItsRunsBeforeItPassesSigtermOn) {
  World world({.slots = 2, .term_timeout = 10 * kSecond});
  world.Reply({StartOf("a"), StartOf("b")});
  world.Advance(kSecond);
  world.Take();
  world.Signal(SIGTERM);
  EXPECT_THAT(world.Take(), ElementsAre("mark a", "mark b", "heartbeat"));
  EXPECT_THAT(world.heartbeat.report.preempting, ElementsAre("a", "b"));
  world.Marked("a");
  EXPECT_THAT(world.Take(), IsEmpty());
  world.Marked("b");
  EXPECT_THAT(world.Take(), ElementsAre("term a", "term b"));
  world.Advance(10 * kSecond);
  EXPECT_THAT(world.Take(), testing::Contains("kill everything"));
  world.End("a", {}, SIGKILL);
  world.End("b", {}, SIGKILL);
  world.Settle("a");
  world.Settle("b");
  EXPECT_EQ(world.Take().back(), "finish 143");
}

TEST(AgentCore, DoesNotWaitForASilentServerToPassSigtermOn) {
  World world = Working();
  world.Signal(SIGTERM);
  world.Take();
  world.Advance(kSecond);
  EXPECT_THAT(world.Take(), testing::Contains("term r"));
}

TEST(AgentCore, MarksOnSigtermOnlyWhenItMay) {
  World world = Working({.marks_preempting = false});
  world.Signal(SIGTERM);
  EXPECT_THAT(world.Take(), ElementsAre("term r"));
  World warned = Working({.marks_preempting = false});
  warned.Signal(SIGUSR1);
  EXPECT_THAT(warned.Take(), testing::Contains("mark r"));
}

TEST(AgentCore, ClimbsOneTierWithEachInterrupt) {
  World world = Working();
  world.Signal(SIGINT);
  EXPECT_THAT(world.Take(), IsEmpty());
  world.Signal(SIGINT);
  EXPECT_THAT(world.Take(), ElementsAre("term r"));
  world.Signal(SIGINT);
  EXPECT_THAT(world.Take(), ElementsAre("kill everything"));
  world.End("r", {}, SIGKILL);
  world.Settle("r");
  EXPECT_EQ(world.Take().back(), "finish 130");
}

// A cloud that takes a machine back leaves 15 s. What is left of them after 13 is for orphans and
// for the output.
TEST(AgentCore, IsFinishedThirteenSecondsAfterSigtermWhateverHappens) {
  World world;
  world.Reply({LeaseOf(300), StartOf("r")});
  const Timestamp told = world.now;
  world.Signal(SIGTERM);
  EXPECT_EQ(world.core.ends_by(), told + 13 * kSecond);
  while (!world.core.is_finished()) {  // nobody answers, and the run does not even die
    ASSERT_LT(world.now, told + 20 * kSecond);
    world.now = world.core.NextDeadline();
    world.Advance(Duration::zero());
  }
  EXPECT_EQ(world.now, told + 13 * kSecond);
  EXPECT_EQ(world.finish.exit_code, 128 + SIGTERM);
}

TEST(AgentCore, ReportsWithinItsLastSecondsWhatItHadToKill) {
  World world;
  world.Reply({LeaseOf(300), StartOf("r")});
  world.Signal(SIGTERM);
  world.Advance(kSecond);
  world.Advance(10 * kSecond);
  world.Take();
  world.End("r", {}, SIGKILL);
  EXPECT_THAT(world.Take(), testing::Contains("settle r"));
  EXPECT_FALSE(world.core.is_finished());
  world.Advance(2 * kSecond);
  EXPECT_TRUE(world.core.is_finished());
}

TEST(AgentCore, EndsAtOnceOnASignalWhenItIsIdle) {
  World world;
  world.Reply({});
  world.Signal(SIGTERM);
  EXPECT_EQ(world.Take().back(), "finish 143");
}

TEST(AgentCore, GivesUpReportingToASilentServerWhenItEnds) {
  World world;
  world.Reply({LeaseOf(300), StartOf("r")});
  world.Advance(kSecond);
  world.Signal(SIGQUIT);
  world.End("r", {}, SIGKILL);
  world.Take();
  world.Advance(5 * kSecond);
  EXPECT_EQ(world.Take().back(), "finish 131");
}

// Ends runs one after the other with these codes; -1: by a signal.
World AfterRuns(CoreOptions options, const std::vector<int>& codes, Duration apart) {
  World world(options);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const std::string id = "r" + std::to_string(i);
    if (world.core.is_finished()) {
      break;
    }
    world.Advance(apart);
    world.Reply({StartOf(id)});
    if (codes[i] < 0) {
      world.End(id, {}, SIGSEGV);
    } else {
      world.End(id, codes[i]);
    }
    world.Settle(id);
    world.Advance(kSecond);
  }
  return world;
}

TEST(FailureBrakes, StopAfterThreeFailuresInTheFirstMinute) {
  World world = AfterRuns({}, {1, 1, 1}, kSecond);
  EXPECT_EQ(world.Take().back(), "finish 3");
  EXPECT_THAT(world.finish.reason, HasSubstr("within 60 seconds"));
}

TEST(FailureBrakes, DoNotCountSignalsAndTurnOff) {
  EXPECT_FALSE(AfterRuns({}, {1, -1, 1, -1}, kSecond).core.is_finished());
  CoreOptions off;
  off.brakes.has_flapping_brake = false;
  EXPECT_FALSE(AfterRuns(off, {1, 1, 1}, kSecond).core.is_finished());
}

TEST(FailureBrakes, StopAtTheFifthFailureWithHardlyAnySuccess) {
  const Duration minute = 60 * kSecond;
  EXPECT_FALSE(AfterRuns({}, {1, 1, 1, 1}, minute).core.is_finished());
  EXPECT_EQ(AfterRuns({}, {1, 1, 1, 1, 1}, minute).finish.exit_code, kExitBrake);
  EXPECT_EQ(AfterRuns({}, {0, 1, 1, 1, 1, 1}, minute).finish.exit_code, kExitBrake);
  EXPECT_FALSE(AfterRuns({}, {0, -1, 1, 1, 1, 1, 1, 1}, minute).core.is_finished());
}

TEST(FailureBrakes, StopAfterTheAskedNumberInARow) {
  CoreOptions options;
  options.brakes.consecutive_failures_max = 2;
  const Duration minute = 60 * kSecond;
  EXPECT_FALSE(AfterRuns(options, {1, 0, 1}, minute).core.is_finished());
  EXPECT_EQ(AfterRuns(options, {0, 0, 1, 1}, minute).finish.exit_code, kExitBrake);
}

TEST(FailureBrakes, EndTheOtherRunsToo) {
  World world({.slots = 2, .kill_delay = 7 * kSecond});
  world.Reply({StartOf("x"), StartOf("a")});
  for (const char* id : {"a", "b", "c"}) {
    world.End(id, 1);
    world.Settle(id);
    world.Advance(kSecond);
    if (world.is_heartbeat_open) {
      world.Reply({StartOf(id == std::string("a") ? "b" : "c")});
    }
  }
  EXPECT_THAT(world.Take(), testing::Contains("term x"));
  world.Advance(7 * kSecond);
  EXPECT_THAT(world.Take(), testing::Contains("kill everything"));
  world.End("x", {}, SIGKILL);
  world.Settle("x");
  EXPECT_EQ(world.Take().back(), "finish 3");
}

}  // namespace
}  // namespace regatta::agent
