// Python's notion of a printable character.
#pragma once

namespace regatta::command {

// str.isprintable() of the one-character string. Requires: character < 0x110000.
bool IsPythonPrintable(char32_t character);

}  // namespace regatta::command
