// Hexadecimal text. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::codec {

// Two lower-case digits a byte.
std::string EncodeHex(std::string_view bytes);

// Either case. Errors: kInvalidArgument on an odd length or another character, naming the position.
Result<std::string> DecodeHex(std::string_view text);

}  // namespace regatta::codec
