// Hashes: SHA-256 (FIPS 180-4), MD5 (RFC 1321; an identity of content where the wire demands it,
// never a proof), HMAC-SHA-256 (RFC 2104), CRC-32C (RFC 3720, for torn records).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace regatta::codec {

using Sha256Digest = std::array<std::uint8_t, 32>;
using Md5Digest = std::array<std::uint8_t, 16>;

namespace internal {
struct FreeHashState {
  void operator()(evp_md_ctx_st* state) const;
};
using HashState = std::unique_ptr<evp_md_ctx_st, FreeHashState>;
}  // namespace internal

// SHA-256 in pieces. Not thread-safe; may be moved.
class Sha256 {
 public:
  Sha256();
  void Update(std::string_view bytes);
  // The digest of everything given so far; afterwards the object starts afresh.
  Sha256Digest Finish();

  // The digest of `bytes`.
  static Sha256Digest Of(std::string_view bytes);

 private:
  internal::HashState state_;
};

// MD5 in pieces. Not thread-safe; may be moved.
class Md5 {
 public:
  Md5();
  void Update(std::string_view bytes);
  // The digest of everything given so far; afterwards the object starts afresh.
  Md5Digest Finish();

  // The digest of `bytes`.
  static Md5Digest Of(std::string_view bytes);

 private:
  internal::HashState state_;
};

// The keyed digest of `message`.
Sha256Digest HmacSha256(std::string_view key, std::string_view message);

// CRC-32C (Castagnoli) of `bytes`, going on from `crc` of the bytes before.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc = 0);

// The bytes of a digest, as EncodeHex, EncodeBase64 and comparisons take them. Borrows `digest`.
template <std::size_t kSize>
std::string_view AsBytes(const std::array<std::uint8_t, kSize>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), kSize};
}

// Whether the two are equal, in a time that depends on their lengths alone: for keys and
// signatures.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

}  // namespace regatta::codec
