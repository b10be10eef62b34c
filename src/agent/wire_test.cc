// What the agent says and understands, without a server.
#include "wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace regatta::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

ServerReply HeartbeatReply(const std::string& commands) {
  const nlohmann::json body = {
      {"data", {{"agentHeartbeat", {{"agent", {{"id", "a"}}}, {"commands", commands}}}}}};
  return {.status = 200, .body = body.dump()};
}

TEST(AgentWire, ReadsTheCommandsOfAHeartbeat) {
  const auto commands = ReadHeartbeatReply(HeartbeatReply(
      R"([{"type":"lease","seconds":30},{"type":"run","run_id":"r","program":"t.py",)"
      R"("args":{"x":{"value":1}},"env":{"REGATTA_REPEAT":"2","PATH":"/evil"}},)"
      R"({"type":"stop","run_id":"q"},{"type":"dance"}])"));
  ASSERT_TRUE(commands);
  ASSERT_THAT(*commands, SizeIs(4));
  EXPECT_EQ((*commands)[0].lease_seconds, 30);
  EXPECT_EQ((*commands)[1].run_id, "r");
  EXPECT_EQ((*commands)[1].program, "t.py");
  EXPECT_THAT((*commands)[1].environment, SizeIs(1)) << "only variables of ours";
  EXPECT_EQ((*commands)[2].type, Command::Type::kStop);
  EXPECT_EQ((*commands)[3].type, Command::Type::kUnknown);
}

TEST(AgentWire, ReadsTheNumbersThatJsonLacks) {
  const auto commands = ReadHeartbeatReply(HeartbeatReply(
      R"([{"type":"run","run_id":"r","args":{"a":{"value":NaN},"b":{"value":[Infinity,-Infinity]},)"
      R"("c":{"value":"NaN \" Infinity"},"d":{"value":"NaN"}}}])"));
  ASSERT_TRUE(commands);
  ASSERT_THAT(*commands, SizeIs(1));
  const auto& args = (*commands)[0].args;
  EXPECT_TRUE(std::isnan(args["a"]["value"].get<double>()));
  EXPECT_EQ(args["b"]["value"][0].get<double>(), INFINITY);
  EXPECT_EQ(args["b"]["value"][1].get<double>(), -INFINITY);
  EXPECT_EQ(args["c"]["value"], "NaN \" Infinity");
  EXPECT_EQ(args["d"]["value"], "NaN");
}

TEST(AgentWire, SortsFailuresByWhatTheAgentShouldDo) {
  const auto code = [](int status, const std::string& body = "{}") {
    return ReadHeartbeatReply({.status = status, .body = body}).error().code;
  };
  EXPECT_EQ(code(401), ErrorCode::kUnauthenticated);
  EXPECT_EQ(code(404), ErrorCode::kNotFound);
  EXPECT_EQ(code(429), ErrorCode::kUnavailable);
  EXPECT_EQ(code(503), ErrorCode::kUnavailable);
  EXPECT_EQ(code(400), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(200, "<html>"), ErrorCode::kUnavailable) << "a proxy's page";
  EXPECT_EQ(ReadHeartbeatReply(HeartbeatReply("[{")).error().code, ErrorCode::kUnavailable);
}

TEST(AgentWire, KnowsARunThatReportsForItselfByTheClientsKey) {
  const auto reply = [](const std::string& run) {
    return ReadRunReply({.status = 200, .body = R"({"data":{"project":{"run":)" + run + "}}}"});
  };
  EXPECT_TRUE(*reply(R"({"config":"{\"_wandb\":{}}"})"));
  EXPECT_FALSE(*reply(R"({"config":"{\"x\":{\"value\":1}}"})"));
  EXPECT_EQ(reply("null").error().code, ErrorCode::kNotFound);
}

TEST(AgentWire, PathsHoldNamesOfAnyKind) {
  EXPECT_EQ(FileStreamPath({.entity = "a b", .project = "p/q", .sweep = "s"}, "r?"),
            "/files/a%20b/p%2Fq/r%3F/file_stream");
}

TEST(AgentWire, TellsTheOutputAndTheEndOfARun) {
  const std::vector<std::string> lines = {"one\n"};
  const std::string body = CompleteBody(lines, 7);
  EXPECT_THAT(body, HasSubstr(R"("exitcode":7)"));
  EXPECT_THAT(body, HasSubstr(R"("complete":true)"));
  EXPECT_THAT(body, HasSubstr("one"));
}

}  // namespace
}  // namespace regatta::agent
