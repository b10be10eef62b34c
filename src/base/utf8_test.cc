// UTF-8: the well-formed sequences of RFC 3629 and the ways to be none.
#include "regatta/base/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace regatta {
namespace {

std::string Written(char32_t character) {
  std::string out;
  AppendUtf8(character, out);
  return out;
}

TEST(Utf8, WritesTheFirstAndLastCharacterOfEachLength) {
  EXPECT_EQ(Written(0), std::string(1, '\0'));
  EXPECT_EQ(Written(0x7F), "\x7F");
  EXPECT_EQ(Written(0x80), "\xC2\x80");
  EXPECT_EQ(Written(0x7FF), "\xDF\xBF");
  EXPECT_EQ(Written(0x800), "\xE0\xA0\x80");
  EXPECT_EQ(Written(0xFFFF), "\xEF\xBF\xBF");
  EXPECT_EQ(Written(0x10000), "\xF0\x90\x80\x80");
  EXPECT_EQ(Written(0x10FFFF), "\xF4\x8F\xBF\xBF");
}

TEST(Utf8, WritesAReplacementForWhatIsNoCharacter) {
  for (const char32_t none : {0xD800U, 0xDBFFU, 0xDC00U, 0xDFFFU, 0x110000U, 0x7FFFFFFFU}) {
    EXPECT_EQ(Written(none), kUtf8Replacement) << static_cast<std::uint32_t>(none);
  }
}

TEST(Utf8, JoinsPairsOfSurrogates) {
  EXPECT_EQ(JoinSurrogates(0xD800, 0xDC00), 0x10000U);
  EXPECT_EQ(JoinSurrogates(0xD83D, 0xDE00), 0x1F600U);
  EXPECT_EQ(JoinSurrogates(0xDBFF, 0xDFFF), 0x10FFFFU);
  EXPECT_FALSE(JoinSurrogates(0xDC00, 0xDC00));
  EXPECT_FALSE(JoinSurrogates(0xD800, 0xD800));
  EXPECT_FALSE(JoinSurrogates('a', 0xDC00));
}

TEST(Utf8, ReadsWhatItWrote) {
  for (char32_t character = 0; character <= 0x10FFFF; ++character) {
    if (character >= 0xD800 && character <= 0xDFFF) continue;
    const std::string text = "x" + Written(character) + "y";
    const Utf8Step step = ReadUtf8(text, 1);
    ASSERT_TRUE(step.is_valid) << static_cast<std::uint32_t>(character);
    ASSERT_EQ(step.character, character);
    ASSERT_EQ(step.length, text.size() - 2);
  }
}

TEST(Utf8, ReadsOneByteWhereNoCharacterBegins) {
  const char* const broken[] = {
      "\x80",              // a tail
      "\xC3",              // cut off
      "\xE2\x82",          //
      "\xE2\x82z",         // another character where a tail belongs
      "\xC0\x80",          // overlong
      "\xE0\x9F\xBF",      //
      "\xF0\x8F\xBF\xBF",  //
      "\xED\xA0\x80",      // a surrogate
      "\xF4\x90\x80\x80",  // beyond Unicode
      "\xFF",
  };
  for (const std::string text : broken) {
    const Utf8Step step = ReadUtf8(text, 0);
    EXPECT_FALSE(step.is_valid) << text;
    EXPECT_EQ(step.length, 1u) << text;
    EXPECT_EQ(step.character, static_cast<unsigned char>(text[0])) << text;
  }
}

}  // namespace
}  // namespace regatta
