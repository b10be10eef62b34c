// Goal: no bytes make Gunzip crash, pass its limits, or misread what Gzip wrote.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "regatta/base/check.h"
#include "regatta/codec/gzip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using regatta::Check;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  const auto output = regatta::codec::Gunzip(bytes, {.output_bytes_max = kLimit});
  Check(!output || output->size() <= kLimit, "Gunzip passed its limit");
  const auto back = regatta::codec::Gunzip(regatta::codec::Gzip(bytes, 1));
  Check(back && *back == bytes, "Gunzip does not read what Gzip wrote");
  return 0;
}
