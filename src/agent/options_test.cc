// The agent's command line, its environment, and where it finds its key.
#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace regatta::agent {
namespace {

using ::testing::HasSubstr;

class AgentOptionsTest : public testing::Test {
 protected:
  AgentOptionsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "regatta-opt-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~AgentOptionsTest() override { std::filesystem::remove_all(folder_); }

  Result<AgentOptions> Parse(const std::vector<std::string>& arguments) {
    return ParseOptions(arguments, [this](std::string_view name) { return Variable(name); });
  }
  std::string Refused(const std::vector<std::string>& arguments) {
    const Result<AgentOptions> options = Parse(arguments);
    EXPECT_FALSE(options);
    return options ? "" : options.error().message;
  }
  Result<std::optional<std::string>> Key(const AgentOptions& options) {
    return FindApiKey(options, [this](std::string_view name) { return Variable(name); });
  }
  std::optional<std::string> Variable(std::string_view name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
  std::map<std::string, std::string, std::less<>> variables_ = {
      {"WANDB_BASE_URL", "http://tracker.test:8080"}};
};

TEST_F(AgentOptionsTest, TakesASweepInEachOfItsForms) {
  EXPECT_EQ(Parse({"e/p/s"})->path.entity, "e");
  EXPECT_EQ(Parse({"p/s"})->path.project, "p");
  EXPECT_EQ(Parse({"s"})->path.sweep, "s");
  variables_["WANDB_ENTITY"] = "team";
  variables_["WANDB_PROJECT"] = "proj";
  EXPECT_EQ(Parse({"s"})->path.entity, "team");
  EXPECT_EQ(Parse({"s"})->path.project, "proj");
}

TEST_F(AgentOptionsTest, ReadsCountAndSlots) {
  const Result<AgentOptions> options = Parse({"s", "--count", "3", "--slots", "2"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->core.count, 3);
}

TEST_F(AgentOptionsTest, ReadsHowMuchItLogs) {
  EXPECT_EQ(Parse({"s"})->log_level, LogLevel::kInfo);
  EXPECT_EQ(Parse({"s", "--log-level=error"})->log_level, LogLevel::kError);
  EXPECT_THAT(Refused({"s", "--log-level", "loud"}), HasSubstr("info, warning or error"));
}

TEST_F(AgentOptionsTest, SaysWhatIsWrongWithAnOption) {
  EXPECT_THAT(Refused({"s", "--count", "many"}), HasSubstr("--count"));
  EXPECT_THAT(Refused({"s", "--slots", "gpu:x"}), HasSubstr("slots"));
  EXPECT_THAT(Refused({"s", "--coutn", "3"}), HasSubstr("--coutn"));
  EXPECT_THAT(Refused({}), HasSubstr("sweep"));
  EXPECT_NE(Refused({"a/b/c/d"}), "");
}

TEST_F(AgentOptionsTest, TheServersAddressHasNoSlashAtItsEnd) {
  EXPECT_EQ(Parse({"s", "--base-url", "http://h:1/"})->base_url, "http://h:1");
  variables_ = {{"WANDB_BASE_URL", "https://tracker.test/"}};
  EXPECT_EQ(Parse({"s"})->base_url, "https://tracker.test");
}

TEST_F(AgentOptionsTest, SaysThatItNeedsAServer) {
  variables_.clear();
  EXPECT_THAT(Refused({"s"}), HasSubstr("WANDB_BASE_URL"));
}

TEST_F(AgentOptionsTest, KnowsTheServerOfALogin) {
  variables_ = {{"XDG_CONFIG_HOME", folder_}};
  EXPECT_THAT(Refused({"s"}), HasSubstr("regatta login"));
  std::filesystem::create_directories(folder_ + "/regatta");
  Write("regatta/config", "# written by login\nbase_url = http://stored.test:8080/\n");
  EXPECT_EQ(Parse({"s"})->base_url, "http://stored.test:8080");
  EXPECT_EQ(Parse({"s", "--base-url", "http://given.test"})->base_url, "http://given.test");
  variables_["WANDB_BASE_URL"] = "http://set.test";
  EXPECT_EQ(Parse({"s"})->base_url, "http://set.test");
}

TEST_F(AgentOptionsTest, FindsTheKeyWhereTheClientWouldLook) {
  variables_["HOME"] = folder_;
  const AgentOptions options = *Parse({"s"});
  EXPECT_EQ(*Key(options), std::nullopt);
  Write(".netrc", "machine tracker.test:8080\n  login user\n  password from-netrc\n");
  EXPECT_EQ(*Key(options), "from-netrc");
  variables_["REGATTA_API_KEY_FILE"] = Write("key", "from-file\n");
  EXPECT_EQ(*Key(*Parse({"s"})), "from-file");
  variables_["WANDB_API_KEY"] = "from-environment";
  EXPECT_EQ(*Key(*Parse({"s"})), "from-environment");
}

TEST_F(AgentOptionsTest, AKeyFileThatCannotBeReadIsNamed) {
  variables_["REGATTA_API_KEY_FILE"] = folder_ + "/nothing";
  const auto key = Key(*Parse({"s"}));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(key.error().message, HasSubstr("/nothing"));
}

TEST(FindInNetrc, TakesTheEntryOfTheMachine) {
  constexpr std::string_view kText =
      "# comment\nmachine other.test login user password wrong\n"
      "machine h.test:80\n\tlogin user\n\tpassword right\n";
  EXPECT_EQ(FindInNetrc(kText, "h.test:80"), "right");
  EXPECT_EQ(FindInNetrc(kText, "other.test"), "wrong");
  EXPECT_EQ(FindInNetrc(kText, "nobody.test"), std::nullopt);
}

TEST(FindInNetrc, LivesWithWhatIsCutOff) {
  for (const std::string_view text : {"machine", "machine h.test", "machine h.test password",
                                      "machine h.test login", "default"}) {
    EXPECT_EQ(FindInNetrc(text, "h.test"), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace regatta::agent
