// The one spelling of a string in the JSON that Regatta writes itself.
//
// Escaped are what RFC 8259 asks for and nothing else: `"` and `\` with a backslash, U+0000 to
// U+001F as \n, \r, \t or else \u00xx in lower case. Everything else stands as it is, also `/`,
// U+007F and U+2028; so the text may stand in a JSON document of any kind, but not unquoted in
// HTML. A byte that belongs to no valid UTF-8 sequence becomes U+FFFD, each such byte one: what is
// written is always valid UTF-8, and a text that has none of these reads back as it was.
//
// Python's spelling, which programs of a sweep compare with, is in command/python_text.h.
#pragma once

#include <string>
#include <string_view>

namespace regatta {

// Appends `text` with its quotes.
void AppendJsonString(std::string_view text, std::string& out);

// The same as a string of its own.
std::string JsonString(std::string_view text);

}  // namespace regatta
