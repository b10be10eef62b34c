// Percent-encoding (RFC 3986) of path segments and queries, and forms
// (application/x-www-form-urlencoded). Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "regatta/base/result.h"

namespace regatta::codec {

// Everything but the unreserved characters (letters, digits, - . _ ~) becomes %XX, so '/' too: the
// result is one segment of a path, and as good for a query key or value.
std::string EncodePercent(std::string_view text);

// As EncodePercent, but '/' stays: for a relative path with several segments.
std::string EncodePath(std::string_view path);

// Undoes %XX; '+' stays '+', as it must in a path.
// Errors: kInvalidArgument when a '%' is not followed by two digits, naming the position.
Result<std::string> DecodePercent(std::string_view text);

// Key and value pairs in the order of the text; keys may repeat.
using FormFields = std::vector<std::pair<std::string, std::string>>;

// Reads "a=1&b=x+y%21": a query string without its '?', or a form body. '+' is a blank. A field
// without
// '=' has an empty value; empty fields ("a=1&&b=2") are skipped.
// Errors: kInvalidArgument on a broken %XX, or on more than `field_count_max` fields.
Result<FormFields> ParseForm(std::string_view text, std::size_t field_count_max = 1000);

// "a=1&b=x%20y": what ParseForm reads back.
std::string EncodeForm(const FormFields& fields);

}  // namespace regatta::codec
