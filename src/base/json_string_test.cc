// What is escaped, what is not, and what happens to bytes that are no text.
#include "regatta/base/json_string.h"

#include <gtest/gtest.h>

#include <string>

namespace regatta {
namespace {

TEST(JsonString, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(JsonString(""), R"("")");
  EXPECT_EQ(JsonString("a \"b\" \\ c"), R"("a \"b\" \\ c")");
  EXPECT_EQ(JsonString("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(JsonString(std::string("\0\x01\b\f\x1f", 5)), R"("\u0000\u0001\u0008\u000c\u001f")");
}

TEST(JsonString, LeavesEverythingElseAsItIs) {
  const std::string text = "a/b \x7f <&'> é \u2028 \u4e2d \U0001F600";
  EXPECT_EQ(JsonString(text), '"' + text + '"');
}

TEST(JsonString, WritesEachByteThatIsNoUtf8AsOneReplacement) {
  const std::string bad = "\uFFFD";
  EXPECT_EQ(JsonString("\xff|\xc3"), '"' + bad + "|" + bad + '"');
  EXPECT_EQ(JsonString("é\xc3\"é"), "\"é" + bad + "\\\"é\"") << "a broken one before a quote";
  EXPECT_EQ(JsonString("\xed\xa0\x80"), '"' + bad + bad + bad + '"') << "a surrogate";
  EXPECT_EQ(JsonString("\xc0\xaf"), '"' + bad + bad + '"') << "an overlong slash";
}

TEST(JsonString, AppendsToWhatIsThere) {
  std::string out = "{";
  AppendJsonString("key", out);
  EXPECT_EQ(out, R"({"key")");
}

}  // namespace
}  // namespace regatta
