// Which lines come out, and what they look like.
#include "regatta/base/log.h"

#include <gmock/gmock.h>

#include <string>

namespace regatta {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { SetLogLevel(LogLevel::kInfo); }

  static std::string OneOfEach() {
    testing::internal::CaptureStderr();
    Log(LogLevel::kInfo, "part", "number {}", 1);
    Log(LogLevel::kWarning, "part", "number {}", 2);
    Log(LogLevel::kError, "part", "number {}", 3);
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, StartsWithEverything) {
  const std::string log = OneOfEach();
  EXPECT_THAT(log, HasSubstr(" info part: number 1\n"));
  EXPECT_THAT(log, HasSubstr(" warning part: number 2\n"));
  EXPECT_THAT(log, HasSubstr(" error part: number 3\n"));
}

TEST_F(LogTest, WritesOneLineWhateverStandsInIt) {
  testing::internal::CaptureStderr();
  Log(LogLevel::kInfo, "alert", "{}",
      "a\n2026-01-01T00:00:00Z error x: forged\r\x1b[2J\x7f\u009b\xff é");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::EndsWith(" info alert: a\\x0a2026-01-01T00:00:00Z error x: forged"
                                "\\x0d\\x1b[2J\\x7f\\x9b\\xff é\n"));
}

TEST_F(LogTest, DropsWhatIsBelowItsLevel) {
  SetLogLevel(LogLevel::kWarning);
  EXPECT_THAT(OneOfEach(), AllOf(Not(HasSubstr("number 1")), HasSubstr("number 2")));
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  SetLogLevel(LogLevel::kError);
  EXPECT_THAT(OneOfEach(), MatchesRegex("[0-9T:.-]+Z error part: number 3\n"));
}

TEST_F(LogTest, KnowsItsLevelsByName) {
  EXPECT_EQ(ParseLogLevel("info"), LogLevel::kInfo);
  EXPECT_EQ(ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("error"), LogLevel::kError);
  EXPECT_EQ(ParseLogLevel("Error"), std::nullopt);
  EXPECT_EQ(ParseLogLevel(""), std::nullopt);
}

}  // namespace
}  // namespace regatta
