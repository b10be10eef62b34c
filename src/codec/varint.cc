#include "regatta/codec/varint.h"

namespace regatta::codec {

void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void AppendSignedVarint(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  AppendVarint(out, bits << 1 ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

Result<std::uint64_t> TakeVarint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i == 9 && byte > 1) break;
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return InvalidArgument(bytes.size() < 10 ? "variable-length integer is cut off"
                                           : "variable-length integer does not fit into 64 bits");
}

Result<std::int64_t> TakeSignedVarint(std::string_view& bytes) {
  const Result<std::uint64_t> bits = TakeVarint(bytes);
  if (!bits) return bits.error();
  return static_cast<std::int64_t>(*bits >> 1 ^ ((*bits & 1) != 0 ? ~std::uint64_t{0} : 0));
}

}  // namespace regatta::codec
