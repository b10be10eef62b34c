// Real processes of /bin/sh. The tests wait for output and ends, never for time to pass: what
// depends on time runs on a clock that the test moves.
#include "process_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <map>

namespace regatta::agent {
namespace {

using ::testing::HasSubstr;

class ProcessEngineTest : public testing::Test {
 protected:
  Result<void> Shell(const std::string& name, const std::string& script) {
    return engine_.Start(name, {.arguments = {"sh", "-c", script},
                                .environment = {"PATH=/usr/bin:/bin", "WORD=hello"}});
  }

  void Pump() {
    const auto on_output = [this](const ProcessOutput& output) {
      (output.is_error ? errors_ : output_)[std::string(output.name)] += output.bytes;
    };
    for (ProcessEnd& end : engine_.Pump(on_output)) {
      ends_[end.name] = end;
    }
  }
  // Pumps until `done`; a process that does nothing more fails the test by its time-out.
  void PumpUntil(FunctionRef<bool()> done) {
    while (!done()) {
      pollfd fd{.fd = engine_.fd(), .events = POLLIN, .revents = 0};
      ASSERT_GT(::poll(&fd, 1, 20'000), 0) << "nothing happens any more";
      Pump();
    }
  }
  void AwaitEnd(const std::string& name) {
    PumpUntil([&] { return ends_.contains(name); });
  }
  void AwaitOutput(const std::string& name, const std::string& text) {
    PumpUntil([&] { return output_[name].find(text) != std::string::npos; });
  }

  SimulatedClock clock_;
  ProcessEngine engine_{clock_, {}};
  std::map<std::string, std::string> output_;
  std::map<std::string, std::string> errors_;
  std::map<std::string, ProcessEnd> ends_;
};

TEST_F(ProcessEngineTest, PassesOutputErrorsAndExitCodeOn) {
  ASSERT_TRUE(Shell("r", "echo $WORD; echo bad >&2; exit 7"));
  AwaitEnd("r");
  EXPECT_EQ(output_["r"], "hello\n");
  EXPECT_EQ(errors_["r"], "bad\n");
  EXPECT_EQ(ends_["r"].exit_code, 7);
  EXPECT_FALSE(ends_["r"].signal);
}

TEST_F(ProcessEngineTest, GivesNoInput) {
  ASSERT_TRUE(Shell("r", "read line; echo \"read $?\""));
  AwaitEnd("r");
  EXPECT_EQ(output_["r"], "read 1\n");
}

TEST_F(ProcessEngineTest, GivesEachRunItsOwnSessionAndDefaultSignals) {
  ASSERT_TRUE(Shell("r", "echo $$; exec cat /proc/self/stat /proc/self/status"));
  AwaitEnd("r");
  const std::string pid = output_["r"].substr(0, output_["r"].find('\n'));
  // After the state come parent, group and session.
  EXPECT_THAT(output_["r"], HasSubstr(" " + std::to_string(::getpid()) + " " + pid + " " + pid));
  EXPECT_THAT(output_["r"], HasSubstr("SigBlk:\t0000000000000000"));
}

TEST_F(ProcessEngineTest, LetsNoDescriptorsThrough) {
  ASSERT_TRUE(Shell("r", "ls /proc/self/fd | grep -v '^[0123]$'; echo done"));
  AwaitEnd("r");
  EXPECT_EQ(output_["r"], "done\n");
}

TEST_F(ProcessEngineTest, SignalsTheWholeGroup) {
  // "ready" comes from the innermost program itself, after its exec: between fork and exec it still
  // has its shell's handler, which would swallow the signal and leave it running.
  const std::string innermost = "sh -c \"echo ready; exec tail -f /dev/null\" & ";
  const std::string inner = "trap \"echo inner; exit\" TERM; " + innermost + "wait";
  ASSERT_TRUE(Shell("r", "sh -c '" + inner + "' & trap 'wait; exit 3' TERM; wait"));
  AwaitOutput("r", "ready");
  engine_.Signal("r", SIGTERM);
  AwaitEnd("r");
  EXPECT_THAT(output_["r"], HasSubstr("inner"));
}

TEST_F(ProcessEngineTest, NamesTheSignalThatEndedARun) {
  ASSERT_TRUE(Shell("r", "kill -KILL $$"));
  AwaitEnd("r");
  EXPECT_EQ(ends_["r"].signal, SIGKILL);
  EXPECT_FALSE(ends_["r"].exit_code);
}

TEST_F(ProcessEngineTest, RefusesWhatCannotBeStarted) {
  const auto start = [this](const std::string& program) {
    return engine_.Start("r", {.arguments = {program}, .environment = {"PATH=/bin"}}).error();
  };
  EXPECT_THAT(start("no-such-program").message,
              HasSubstr("\"no-such-program\" is not an executable"));
  EXPECT_EQ(start("/no/such/file").code, ErrorCode::kNotFound);
  EXPECT_EQ(start("/etc/passwd").code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(engine_.size(), 0U);
}

TEST_F(ProcessEngineTest, ReapsOrphansThatARunLeftOutsideItsGroup) {
  ASSERT_TRUE(Shell("r", "(setsid sh -c 'echo $$; exec tail -f /dev/null' &) ; exit 0"));
  AwaitEnd("r");
  EXPECT_TRUE(engine_.HasChildren());
  engine_.KillAll();
  EXPECT_FALSE(engine_.HasChildren());
}

TEST_F(ProcessEngineTest, HoldsARunUntilItsGroupIsEmpty) {
  ASSERT_TRUE(Shell("r", "sh -c 'trap \"\" TERM; echo left; exec tail -f /dev/null' & exit 5"));
  AwaitOutput("r", "left");
  PumpUntil([&] { return engine_.NextDeadline().has_value(); });
  EXPECT_FALSE(ends_.contains("r"));
  clock_.Advance(std::chrono::seconds(5));
  Pump();
  EXPECT_FALSE(ends_.contains("r")) << "SIGTERM is ignored by what is left";
  clock_.Advance(std::chrono::seconds(30));
  Pump();
  AwaitEnd("r");
  EXPECT_EQ(ends_["r"].exit_code, 5);
}

TEST_F(ProcessEngineTest, LetsARunWaitWhileOutputIsPaused) {
  ASSERT_TRUE(
      Shell("r", "echo first; head -c 300000 /dev/zero; echo last; exec tail -f /dev/null"));
  AwaitOutput("r", "first");
  engine_.PauseOutput(true);
  const std::size_t before = output_["r"].size();
  Pump();
  EXPECT_EQ(output_["r"].size(), before);
  engine_.PauseOutput(false);
  AwaitOutput("r", "last");
  engine_.Signal("r", SIGKILL);
  AwaitEnd("r");
}

TEST_F(ProcessEngineTest, KillsEverythingWhenAsked) {
  ASSERT_TRUE(Shell("a", "trap '' TERM; echo up; exec tail -f /dev/null"));
  ASSERT_TRUE(Shell("b", "setsid sh -c 'exec tail -f /dev/null' & echo up; wait"));
  AwaitOutput("a", "up");
  AwaitOutput("b", "up");
  engine_.KillAll();
  AwaitEnd("a");
  AwaitEnd("b");
  EXPECT_EQ(ends_["a"].signal, SIGKILL);
}

}  // namespace
}  // namespace regatta::agent
