// JSON as training code writes it: with the bare numbers NaN, Infinity and -Infinity. And what
// every JSON text of a client goes through before anything walks it: whoever walks, copies,
// compares or writes a document calls itself once for each level, so the levels have a bound.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace regatta::tracking {

// The document, bare numbers as the doubles they name; nothing if `text` is no such document.
// Integers stay integers as far as 64 bits hold them. Nesting deeper than 200 is refused.
std::optional<nlohmann::json> ParseExtendedJson(std::string_view text);

// The document of strict JSON, for texts that are no training code's; nothing if `text` is no such
// document, or nests deeper than 200. The second keeps the order of members.
std::optional<nlohmann::json> ParseStrictJson(std::string_view text);
std::optional<nlohmann::ordered_json> ParseOrderedJson(std::string_view text);

// The value at the end of `path`, each name a member of the object before it; null where a value on
// the way is no object or has no such member. Borrowed from `document`.
const nlohmann::json* FindMember(const nlohmann::json& document,
                                 std::initializer_list<const char*> path);

// The same text as strict JSON: each bare number becomes the string "NaN", "Infinity" or
// "-Infinity". Requires: IsExtendedJson(text).
std::string QuoteBareNumbers(std::string_view text);

}  // namespace regatta::tracking
