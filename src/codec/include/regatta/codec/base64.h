// Base64 (RFC 4648): the standard alphabet with padding, and the URL-safe alphabet without.
//
// Pure functions; any thread. Bytes are held in std::string.
#pragma once

#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::codec {

// Standard alphabet (+ and /), padded with '='.
std::string EncodeBase64(std::string_view bytes);

// URL-safe alphabet (- and _), no padding: fits a path segment or a query value unescaped.
std::string EncodeBase64Url(std::string_view bytes);

// Reads exactly what EncodeBase64 writes: padding demanded, no blanks, unused bits zero. So every
// byte string has one accepted text, which makes the text usable as an identity. Errors:
// kInvalidArgument, naming the position.
Result<std::string> DecodeBase64(std::string_view text);

// Reads exactly what EncodeBase64Url writes. Errors: kInvalidArgument, naming the position.
Result<std::string> DecodeBase64Url(std::string_view text);

// Reads both alphabets, padded or not, and skips white space: for text that a person or another
// program wrote. Errors: kInvalidArgument on any other character or an impossible length.
Result<std::string> DecodeBase64Lenient(std::string_view text);

}  // namespace regatta::codec
