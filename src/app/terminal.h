// What the program's output is written to, and text that is safe to write there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace regatta::app {

enum class Colour : unsigned char { kNone, kRed, kGreen, kYellow, kCyan, kDim, kBold };

// How to write for one output. The default is a file: no cutting, no colours.
struct Terminal {
  bool is_terminal = false;
  bool has_colour = false;
  std::size_t width = 0;  // columns; 0: unlimited
  std::size_t height = 24;
};

// Standard output as it is now. No colours with NO_COLOR, with TERM=dumb or when it is no terminal;
// CLICOLOR_FORCE=1 turns them on in spite of that.
Terminal StandardOutput();
bool IsStandardInputTerminal();

// `text` in that colour, where the terminal shows colours.
std::string Coloured(const Terminal& terminal, Colour colour, std::string_view text);

// The colour in which the state of a run or a sweep, in any case of letters, is shown.
Colour ColourOfState(std::string_view state);

// Text from elsewhere in one line: control characters become blanks, so it cannot steer a terminal.
std::string PrintableLine(std::string_view text);
// A line of console output: colour sequences stay where the terminal shows colours, every other
// escape sequence and control character goes. To a file the line goes unchanged.
std::string ConsoleLine(const Terminal& terminal, std::string_view text);

// Columns that UTF-8 text takes up: combining characters none, wide East Asian ones and emoji two.
std::size_t DisplayWidth(std::string_view text);
// At most `width` columns of `text`; where something was cut off, the last column is "…".
std::string CutToWidth(std::string_view text, std::size_t width);

}  // namespace regatta::app
