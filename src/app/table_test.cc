#include "table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace regatta::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Terminal kFile = {};

Terminal Wide(std::size_t width) {
  return {.is_terminal = true, .has_colour = false, .width = width, .height = 24};
}

std::vector<std::string> Lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Table TwoRows() {
  Table table({{"RUN"}, {"LOSS", true}, {"NAME"}});
  table.Add({{"a1"}, {"0.25"}, {"cheerful-dawn"}});
  table.Add({{"longer"}, {"12"}, {""}});
  return table;
}

TEST(Table, AlignsColumnsAndNumbersToTheRight) {
  EXPECT_EQ(TwoRows().Render(kFile),
            "RUN     LOSS  NAME\n"
            "a1      0.25  cheerful-dawn\n"
            "longer    12\n");
}

TEST(Table, EmptyCellsBeforeOthersKeepTheirPlace) {
  Table table({{"A", true}, {"B"}, {"C"}});
  table.Add({{""}, {""}, {"x"}});
  EXPECT_EQ(table.Render(kFile), "A  B  C\n      x\n");
}

TEST(Table, NoLineIsWiderThanTheTerminal) {
  for (std::size_t width = 1; width < 40; ++width) {
    for (const std::string& line : Lines(TwoRows().Render(Wide(width)))) {
      EXPECT_LE(DisplayWidth(line), width) << line;
    }
  }
}

TEST(Table, TheWidestColumnGivesWayFirst) {
  EXPECT_EQ(Lines(TwoRows().Render(Wide(22)))[1], "a1      0.25  cheerfu…");
}

TEST(Table, ColumnsAtTheEndAreLeftOutWhenNothingElseHelps) {
  EXPECT_EQ(Lines(TwoRows().Render(Wide(14)))[0], "RUN     LOSS");
}

TEST(Table, TextFromElsewhereCannotSteerTheTerminal) {
  Table table({{"NAME"}});
  table.Add(
      {{"a\x1b[2Jb\nc\xc2\x9b"
        "1m"}});
  EXPECT_THAT(table.Render(kFile), Not(HasSubstr("\x1b")));
  EXPECT_EQ(Lines(table.Render(kFile)).size(), 2U);
}

TEST(Table, ColoursAreForTerminalsAlone) {
  Table table({{"STATE"}});
  table.Add({{"failed", Colour::kRed}});
  EXPECT_THAT(table.Render(kFile), Not(HasSubstr("\x1b")));
  Terminal terminal = Wide(80);
  terminal.has_colour = true;
  EXPECT_THAT(table.Render(terminal), HasSubstr("\x1b[31mfailed\x1b[0m"));
}

TEST(DisplayWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("ä"), 1U);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1U);
  EXPECT_EQ(DisplayWidth("漢字"), 4U);
  EXPECT_EQ(DisplayWidth("\xff\xe4"), 2U);
}

TEST(CutToWidth, NeverSplitsACharacter) {
  EXPECT_EQ(CutToWidth("漢字漢字", 6), "漢字…");
  EXPECT_EQ(CutToWidth("漢字", 4), "漢字");
  EXPECT_EQ(CutToWidth("abc", 0), "");
}

TEST(ConsoleLine, KeepsColoursOnATerminalAndDropsEveryOtherSequence) {
  Terminal terminal = Wide(80);
  terminal.has_colour = true;
  EXPECT_EQ(ConsoleLine(terminal, "\x1b[31mred\x1b[2J\x1b]0;title\a\r"), "\x1b[31mred\x1b[0m");
  EXPECT_EQ(ConsoleLine(Wide(80), "\x1b[31mred\tx"), "red\tx");
}

TEST(ConsoleLine, GoesToAFileUnchanged) { EXPECT_EQ(ConsoleLine(kFile, "\x1b[31mr"), "\x1b[31mr"); }

TEST(NumberText, IsShort) {
  EXPECT_EQ(NumberText(3), "3");
  EXPECT_EQ(NumberText(0.1234567), "0.123457");
  EXPECT_EQ(NumberText(1e300), "1e+300");
}

TEST(DurationText, ReadsAtAGlance) {
  EXPECT_EQ(DurationText(42), "42 s");
  EXPECT_EQ(DurationText(600), "10 min");
  EXPECT_EQ(DurationText(2.5 * 3600), "2.5 h");
  EXPECT_EQ(DurationText(4.0 * 86400), "4 d");
}

}  // namespace
}  // namespace regatta::app
