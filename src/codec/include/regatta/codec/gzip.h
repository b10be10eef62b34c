// gzip (RFC 1952) with bounds, for bytes that strangers send. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::codec {

struct GunzipLimits {
  // More output than this is refused.
  std::size_t output_bytes_max = std::size_t{64} << 20;
  // More than this many output bytes for each input byte is refused; deflate's own ceiling is 1032.
  // The first MiB of output is exempt, for short texts of one repeated letter are harmless.
  std::size_t ratio_max = 200;
};

// Inflates one or several gzip members that follow each other.
//
// Errors: kInvalidArgument when the bytes are not gzip, are cut off, or have a wrong checksum;
// kResourceExhausted when a limit is passed, naming the limit. Memory stays near the smaller of the
// limits.
Result<std::string> Gunzip(std::string_view bytes, GunzipLimits limits = {});

// Deflates into one gzip member. `level` 1 (fast) to 9 (small).
std::string Gzip(std::string_view bytes, int level = 6);

}  // namespace regatta::codec
