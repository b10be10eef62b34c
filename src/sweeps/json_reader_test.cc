// JSON texts that are none, and what is read back as it was written.
#include <gmock/gmock.h>

#include <string>

#include "regatta/sweeps/value.h"

namespace regatta::sweeps {
namespace {

using testing::HasSubstr;

TEST(JsonReader, ReadsBackEveryStringThatIsWritten) {
  const Value text = Value::String(std::string("\0\x1f\x7f\"\\/ \u2028 é \U0001F600\n", 19));
  EXPECT_EQ(ParseJson(ToJson(text))->as_string(), text.as_string());
}

TEST(JsonReader, RefusesWhatIsNoUtf8WhereItStands) {
  for (const char* bad : {"\xff", "\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80"}) {
    const Result<Value> read = ParseJson("{\"a\": 1,\n \"b\": \"é" + std::string(bad) + "\"}");
    ASSERT_FALSE(read) << bad;
    EXPECT_THAT(read.error().message, HasSubstr("the text is no UTF-8"));
    EXPECT_THAT(read.error().message, HasSubstr("line 2"));
  }
}

}  // namespace
}  // namespace regatta::sweeps
