// Values inside a JSON text, found without building the document.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace regatta::tracking {

// The value that the dotted `path` names in `object`, as it is written there: member "a.b" if there
// is one, else member "b" of member "a". Of equal keys the last one counts. Nothing if `object` is
// no object of extended JSON or has no such value. Reads each byte at most once per level.
std::optional<std::string_view> FindAtPath(std::string_view object, std::string_view path);

// What stands between the quotes of a JSON string, with its escapes resolved.
// Requires: `content` is that of a valid string.
std::string DecodeJsonText(std::string_view content);

}  // namespace regatta::tracking
