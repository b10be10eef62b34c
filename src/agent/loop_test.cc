// The whole agent against a server that is a script in this file, with real processes of /bin/sh.
#include "loop.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <sstream>

#include "steady_clock.h"

namespace regatta::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

// Answers on the agent's network thread. `commands` are handed out one list per heartbeat; when
// they are used up and nothing runs, the agent is told to exit.
class FakeServer : public AgentTransport {
 public:
  Result<ServerReply> Post(std::string_view path, std::string_view body) override {
    const std::lock_guard lock(mutex_);
    if (path != "/graphql") {
      posts.push_back(std::string(path) + " " + std::string(body));
      if (on_post) {
        on_post();
      }
      return ServerReply{.status = 200, .body = "{}"};
    }
    const Json request = Json::parse(body);
    const std::string name = request["operationName"];
    if (name == "AgentFind") {
      return Data(
          {{"models",
            {{"edges",
              {{{"node", {{"name", "other"}, {"entityName", "e"}, {"sweep", nullptr}}}},
               {{"node", {{"name", "p"}, {"entityName", "e"}, {"sweep", {{"id", "x"}}}}}}}}}}});
    }
    if (name == "AgentSweep") {
      return Data({{"project", {{"name", "p"}, {"entity", {{"name", "e"}}}, {"sweep", sweep}}}});
    }
    if (name == "CreateAgent") {
      return Data({{"createAgent", {{"agent", {{"id", "agent-1"}}}}}});
    }
    if (name == "AgentRun") {
      return Data({{"project", {{"run", {{"state", "pending"}, {"config", run_config}}}}}});
    }
    return Heartbeat(request["variables"]);
  }
  void Cancel() override {}

  Json sweep = {{"id", "x"}, {"name", "s1"}, {"state", "RUNNING"}, {"config", ""}};
  std::string run_config = "{}";
  std::vector<std::string> commands;
  std::function<void()> on_post;
  std::vector<std::string> posts;
  std::vector<Json> ended;

 private:
  static ServerReply Data(const Json& data) {
    return {.status = 200, .body = Json{{"data", data}}.dump()};
  }
  ServerReply Heartbeat(const Json& variables) {
    const Json metrics = Json::parse(variables["metrics"].get<std::string>())["regatta"];
    for (const Json& run : metrics["ended"]) {
      ended.push_back(run);
    }
    std::string list = "[]";
    if (!commands.empty()) {
      list = commands.front();
      commands.erase(commands.begin());
    } else if (variables["runState"] == "{}") {
      list = R"([{"type":"exit"}])";
    }
    return Data({{"agentHeartbeat", {{"agent", {{"id", "agent-1"}}}, {"commands", list}}}});
  }

  std::mutex mutex_;
};

class AgentLoopTest : public testing::Test {
 protected:
  AgentLoopTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "agent-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    server_.sweep["config"] = "command: [sh, -c, \"${envvar:SCRIPT}\", sh, \"${args}\"]\n";
  }
  ~AgentLoopTest() override { std::filesystem::remove_all(folder_); }

  // Runs an agent whose runs are `script`; returns its exit code and leaves its output in output_.
  int RunAgent(const std::string& script, AgentOptions options = {}) {
    options.core.heartbeat_interval = std::chrono::milliseconds(10);
    options.path = {.entity = "", .project = "", .sweep = "s1"};
    const std::filesystem::path output = folder_ / "output";
    const FileDescriptor fd(::open(output.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    int exit_code = -1;
    {
      AgentLoop loop({.transport = server_,
                      .steady_clock = clock_,
                      .wall_clock = SystemClock(),
                      .options = options,
                      .slots = {.slots = options.slots.slots, .visible_devices = devices_},
                      .launch = {.path = {},
                                 .command_items = {},
                                 .directory = folder_,
                                 .base_url = "http://server",
                                 .api_key = "",
                                 .visible_devices = devices_,
                                 .environment = {"PATH=/usr/bin:/bin", "SCRIPT=" + script}},
                      .host = "here",
                      .output_fd = fd.get()});
      exit_code = loop.Run();
    }
    output_ = Read(output);
    return exit_code;
  }
  static std::string Read(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  SteadyClock clock_;
  std::filesystem::path folder_;
  FakeServer server_;
  std::vector<std::string> devices_;
  std::string output_;
};

constexpr const char* kRunOne =
    R"([{"type":"run","run_id":"r1","program":"t.py","args":{"lr":{"value":0.1}}}])";

TEST_F(AgentLoopTest, RunsAPointAndEndsWithTheSweep) {
  server_.commands = {R"([{"type":"lease","seconds":300}])", kRunOne};
  EXPECT_EQ(RunAgent("echo got $1; env | grep -E '^(WANDB|REGATTA)_' | sort"), 0);
  EXPECT_THAT(output_, HasSubstr("[r1] got --lr=0.1\n"));
  EXPECT_THAT(output_, HasSubstr("[r1] WANDB_SWEEP_ID=s1\n"));
  EXPECT_THAT(output_, HasSubstr("[r1] WANDB_RUN_ID=r1\n"));
  EXPECT_THAT(output_, HasSubstr("[r1] WANDB_ENTITY=e\n"));
  EXPECT_THAT(output_, HasSubstr("[r1] WANDB_PROJECT=p\n"));
  const std::filesystem::path file = folder_ / "wandb/sweep-s1/config-r1.yaml";
  EXPECT_THAT(output_, HasSubstr("WANDB_SWEEP_PARAM_PATH=" + file.string()));
  EXPECT_EQ(Read(file), "wandb_version: 1\n\nlr:\n  value: 0.1\n");
}

TEST_F(AgentLoopTest, RecordsARunThatNeverCalledInit) {
  server_.commands = {R"([{"type":"lease","seconds":300}])", kRunOne};
  EXPECT_EQ(RunAgent("echo starting; echo no module >&2; exit 1"), 0);
  ASSERT_EQ(server_.posts.size(), 1U);
  EXPECT_THAT(server_.posts[0], HasSubstr("/files/e/p/r1/file_stream "));
  EXPECT_THAT(server_.posts[0], HasSubstr(R"("complete":true,"exitcode":1)"));
  EXPECT_THAT(server_.posts[0], HasSubstr("no module"));
  ASSERT_FALSE(server_.ended.empty());
  EXPECT_EQ(server_.ended[0]["exit_code"], 1);
  EXPECT_THAT(server_.ended[0]["last_lines"], Contains("no module"));
}

TEST_F(AgentLoopTest, LeavesARunAloneThatReportsForItself) {
  server_.commands = {kRunOne};
  server_.run_config = R"({"_wandb":{"value":{"t":{}}}})";
  EXPECT_EQ(RunAgent("exit 1"), 0);
  EXPECT_TRUE(server_.posts.empty());
}

TEST_F(AgentLoopTest, RecordsAProgramThatCannotBeStarted) {
  server_.sweep["config"] = "command: [no-such-program]\n";
  server_.commands = {kRunOne};
  EXPECT_EQ(RunAgent(""), 0);
  ASSERT_EQ(server_.posts.size(), 1U);
  EXPECT_THAT(server_.posts[0], HasSubstr(R"("exitcode":127)"));
  EXPECT_THAT(server_.posts[0], HasSubstr("no-such-program"));
}

TEST_F(AgentLoopTest, GivesEachSlotItsGpus) {
  server_.commands = {
      R"([{"type":"run","run_id":"a","args":{}},{"type":"run","run_id":"b","args":{}}])"};
  devices_ = {"0,1", "2,3"};
  AgentOptions options;
  options.slots.slots = 2;
  EXPECT_EQ(RunAgent("echo $REGATTA_SLOT has $CUDA_VISIBLE_DEVICES", options), 0);
  EXPECT_THAT(output_, HasSubstr("[a] 0 has 0,1\n"));
  EXPECT_THAT(output_, HasSubstr("[b] 1 has 2,3\n"));
}

TEST_F(AgentLoopTest, TellsTheServerBeforeItPassesSigtermOn) {
  server_.commands = {kRunOne};
  server_.on_post = [this] {
    if (server_.posts.size() == 1) {
      std::ofstream(folder_ / "marked") << "yes";
    }
  };
  const std::string script = "trap 'cat " + (folder_ / "marked").string() +
                             "; exit 9' TERM; kill -TERM " + std::to_string(::getpid()) +
                             "; tail -f /dev/null & wait";
  EXPECT_EQ(RunAgent(script), 128 + SIGTERM);
  EXPECT_THAT(output_, HasSubstr("[r1] yes"));
  ASSERT_FALSE(server_.posts.empty());
  EXPECT_THAT(server_.posts[0], HasSubstr(R"({"preempting":true})"));
}

TEST_F(AgentLoopTest, KillsWhatIgnoresSigterm) {
  server_.commands = {kRunOne};
  AgentOptions options;
  options.core.term_timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(RunAgent("trap '' TERM; kill -TERM " + std::to_string(::getpid()) +
                         "; exec tail -f /dev/null",
                     options),
            128 + SIGTERM);
  EXPECT_THAT(server_.posts, Contains(HasSubstr(R"("exitcode":137)")));
}

TEST_F(AgentLoopTest, HasNothingToDoForACompleteSweep) {
  server_.sweep["state"] = "FINISHED";
  EXPECT_EQ(RunAgent(""), 0);
}

TEST_F(AgentLoopTest, SaysThatThereIsNoSuchSweep) {
  server_.sweep = nullptr;
  EXPECT_EQ(RunAgent(""), kExitNoSweep);
}

TEST_F(AgentLoopTest, WritesEventsAsJsonLines) {
  server_.commands = {kRunOne};
  AgentOptions options;
  options.output = OutputStyle::kJson;
  EXPECT_EQ(RunAgent("echo hi >&2", options), 0);
  std::vector<std::string> events;
  std::istringstream lines(output_);
  for (std::string line; std::getline(lines, line);) {
    events.push_back(Json::parse(line)["event"]);
  }
  EXPECT_THAT(events,
              ElementsAre("agent_started", "run_started", "output", "run_ended", "agent_ended"));
}

}  // namespace
}  // namespace regatta::agent
