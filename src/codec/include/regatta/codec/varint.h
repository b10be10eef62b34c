// LEB128 variable-length integers (DWARF 5, section 7.6), and zigzag for signed ones. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::codec {

// Appends 1 to 10 bytes, seven bits each, the lowest first.
void AppendVarint(std::string& out, std::uint64_t value);

// Appends zigzag (0, -1, 1, -2, ...) as a varint, so that small negative numbers stay short.
void AppendSignedVarint(std::string& out, std::int64_t value);

// Reads a number from the front of `bytes` and takes it off.
// Errors: kInvalidArgument when it is cut off or does not fit into 64 bits; `bytes` is then
// unchanged.
Result<std::uint64_t> TakeVarint(std::string_view& bytes);
Result<std::int64_t> TakeSignedVarint(std::string_view& bytes);

}  // namespace regatta::codec
