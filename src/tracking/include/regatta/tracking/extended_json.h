// JSON as training code writes it: with the bare numbers NaN, Infinity and -Infinity.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace regatta::tracking {

// The document, bare numbers as the doubles they name; nothing if `text` is no such document.
// Integers stay integers as far as 64 bits hold them. Nesting deeper than 200 is refused.
std::optional<nlohmann::json> ParseExtendedJson(std::string_view text);

// The same text as strict JSON: each bare number becomes the string "NaN", "Infinity" or
// "-Infinity". Requires: IsExtendedJson(text).
std::string QuoteBareNumbers(std::string_view text);

}  // namespace regatta::tracking
