// How output becomes lines, and which of them are kept.
#include "console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace regatta::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class Cutter {
 public:
  Cutter& Add(std::string_view bytes) {
    cutter_.Add(bytes, [this](std::string_view line) { lines.emplace_back(line); });
    return *this;
  }
  void Finish() {
    cutter_.Finish([this](std::string_view line) { lines.emplace_back(line); });
  }
  std::vector<std::string> lines;

 private:
  LineCutter cutter_;
};

TEST(LineCutter, JoinsPiecesAndKeepsEmptyLines) {
  Cutter cutter;
  cutter.Add("on").Add("e\n\ntwo\nthr").Finish();
  EXPECT_THAT(cutter.lines, ElementsAre("one", "", "two", "thr"));
}

TEST(LineCutter, KeepsTheLastStateOfAProgressBar) {
  Cutter cutter;
  cutter.Add("10%\r50%\r").Add("100%\nwindows\r\n").Add("left\r").Finish();
  EXPECT_THAT(cutter.lines, ElementsAre("100%", "windows", "left"));
}

TEST(LineCutter, CutsALineWithoutEnd) {
  Cutter cutter;
  cutter.Add(std::string(LineCutter::kLineBytesMax + 1, 'x')).Finish();
  ASSERT_THAT(cutter.lines, SizeIs(2));
  EXPECT_EQ(cutter.lines[1], "x");
}

TEST(Console, WritesLogLinesWithTimeAndStream) {
  Console console;
  const Timestamp time = FromMicros(1'767'323'045'678'901);
  console.Add(time, false, "hello");
  console.Add(time, true, "bad");
  EXPECT_THAT(console.LogLines(), ElementsAre("2026-01-02T03:04:05.678901 hello",
                                              "ERROR 2026-01-02T03:04:05.678901 bad"));
}

TEST(Console, DropsTheOldestLinesAndSaysHowMany) {
  Console console;
  for (std::size_t i = 0; i < Console::kLinesMax + 3; ++i) {
    console.Add(Timestamp(), false, std::to_string(i));
  }
  EXPECT_THAT(console.LogLines(), SizeIs(Console::kLinesMax + 1));
  EXPECT_THAT(console.LogLines()[0], HasSubstr("3 earlier lines"));
  EXPECT_THAT(console.LogLines()[1], HasSubstr(" 3"));
  EXPECT_THAT(console.Last(2, 2), ElementsAre("10", "10"));
}

}  // namespace
}  // namespace regatta::agent
