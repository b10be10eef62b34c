#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace regatta::app {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::size_t NumberOf(std::string_view text) {
  return static_cast<std::size_t>(std::strtoul(std::string(text).c_str(), nullptr, 10));
}

std::string_view Sequence(Colour colour) {
  switch (colour) {
    case Colour::kRed:
      return "\x1b[31m";
    case Colour::kGreen:
      return "\x1b[32m";
    case Colour::kYellow:
      return "\x1b[33m";
    case Colour::kCyan:
      return "\x1b[36m";
    case Colour::kDim:
      return "\x1b[2m";
    case Colour::kBold:
      return "\x1b[1m";
    case Colour::kNone:
      break;
  }
  return {};
}

struct Character {
  char32_t code = 0;
  std::size_t length = 1;  // bytes
};

// The character at the front of `text`. A byte that begins none stands for itself.
Character FirstCharacter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (length == 1 || text.size() < length) return {lead, 1};
  auto code = static_cast<char32_t>(lead & (0xffU >> (length + 1)));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return {lead, 1};
    code = (code << 6) | (next & 0x3fU);
  }
  return {code, length};
}

std::size_t WidthOf(char32_t code) {
  using Range = std::pair<char32_t, char32_t>;
  constexpr std::array<Range, 5> kCombining = {
      {{0x300, 0x36f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}}};
  constexpr std::array<Range, 8> kWide = {{{0x1100, 0x115f},
                                           {0x2e80, 0xa4cf},
                                           {0xac00, 0xd7a3},
                                           {0xf900, 0xfaff},
                                           {0xfe30, 0xfe6f},
                                           {0xff00, 0xff60},
                                           {0x1f300, 0x1faff},
                                           {0x20000, 0x3fffd}}};
  const auto holds = [code](const Range& range) {
    return code >= range.first && code <= range.second;
  };
  if (std::any_of(kCombining.begin(), kCombining.end(), holds)) return 0;
  return std::any_of(kWide.begin(), kWide.end(), holds) ? 2 : 1;
}

bool IsControl(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return byte < 0x20 || byte == 0x7f;
}

// The end of the escape sequence at the front of `text`: past its final letter.
std::size_t EscapeLength(std::string_view text) {
  if (text.size() < 2) return text.size();
  if (text[1] == ']') {  // up to BEL or ESC backslash
    const std::size_t end = text.find_first_of("\a\x1b", 2);
    if (end == std::string_view::npos) return text.size();
    return text[end] == '\a' ? end + 1 : std::min(text.size(), end + 2);
  }
  if (text[1] != '[') return 2;
  std::size_t at = 2;
  while (at < text.size() && (text[at] < 0x40 || text[at] > 0x7e)) ++at;
  return std::min(text.size(), at + 1);
}

}  // namespace

Terminal StandardOutput() {
  Terminal terminal;
  terminal.is_terminal = ::isatty(STDOUT_FILENO) == 1;
  if (terminal.is_terminal) {
    winsize size = {};
    const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    terminal.width = is_known && size.ws_col > 0 ? size.ws_col : NumberOf(Variable("COLUMNS"));
    if (terminal.width == 0) terminal.width = 80;
    if (is_known && size.ws_row > 0) terminal.height = size.ws_row;
  }
  const bool is_forced = !Variable("CLICOLOR_FORCE").empty() && Variable("CLICOLOR_FORCE") != "0";
  terminal.has_colour = Variable("NO_COLOR").empty() &&
                        (is_forced || (terminal.is_terminal && Variable("TERM") != "dumb"));
  return terminal;
}

bool IsStandardInputTerminal() { return ::isatty(STDIN_FILENO) == 1; }

std::string Coloured(const Terminal& terminal, Colour colour, std::string_view text) {
  const std::string_view sequence = Sequence(colour);
  if (!terminal.has_colour || sequence.empty() || text.empty()) return std::string(text);
  return std::string(sequence) + std::string(text) + "\x1b[0m";
}

Colour ColourOfState(std::string_view state) {
  std::string lower(state);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (lower == "running") return Colour::kCyan;
  if (lower == "finished") return Colour::kGreen;
  if (lower == "failed" || lower == "crashed") return Colour::kRed;
  if (lower == "pending") return Colour::kDim;
  return Colour::kYellow;
}

std::string PrintableLine(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    // U+0080 ... U+009F are control characters as well, in two bytes.
    const bool is_high_control =
        text.size() > 1 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
    const std::size_t length = FirstCharacter(text).length;
    if (IsControl(text[0]) || is_high_control) {
      line += ' ';
    } else {
      line += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return line;
}

std::string ConsoleLine(const Terminal& terminal, std::string_view text) {
  if (!terminal.is_terminal) return std::string(text);
  std::string line;
  bool has_colour = false;
  while (!text.empty()) {
    std::size_t length = 1;
    if (text[0] == '\x1b') {
      length = EscapeLength(text);
      if (terminal.has_colour && length > 2 && text[1] == '[' && text[length - 1] == 'm') {
        line += text.substr(0, length);
        has_colour = true;
      }
    } else if (!IsControl(text[0]) || text[0] == '\t') {
      line += text[0];
    }
    text.remove_prefix(length);
  }
  return has_colour ? line + "\x1b[0m" : line;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    width += WidthOf(character.code);
    text.remove_prefix(character.length);
  }
  return width;
}

std::string CutToWidth(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string cut;
  std::size_t used = 0;
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    used += WidthOf(character.code);
    if (used > width - 1) break;
    cut += text.substr(0, character.length);
    text.remove_prefix(character.length);
  }
  return cut + "…";
}

}  // namespace regatta::app
