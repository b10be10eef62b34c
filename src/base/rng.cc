#include "regatta/base/rng.h"

#include <sys/random.h>

#include <cmath>
#include <numbers>
#include <string_view>

#include "regatta/base/check.h"

namespace regatta {
namespace {

constexpr std::string_view kIdAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

// One Philox4x32-10 block: constants and round function of Salmon et al. 2011, section 4.3.
std::array<std::uint64_t, 2> PhiloxBlock(std::uint64_t seed, std::uint64_t stream,
                                         std::uint64_t counter) {
  std::array<std::uint32_t, 4> c = {
      static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
      static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
  std::uint32_t k0 = static_cast<std::uint32_t>(seed);
  std::uint32_t k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {(std::uint64_t{c[1]} << 32) | c[0], (std::uint64_t{c[3]} << 32) | c[2]};
}

void FillWithEntropy(void* data, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(data);
  while (size > 0) {
    const ssize_t got = getrandom(bytes, size, 0);
    Check(got > 0, "the operating system gives no entropy");
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace

Rng Rng::Split(std::uint64_t key) const {
  const auto mixed = PhiloxBlock(seed_ ^ 0x5851F42D4C957F2Du, stream_, key);
  return Rng(mixed[0], mixed[1]);
}

std::uint64_t Rng::Next() {
  const std::uint64_t index = position_++;
  const std::uint64_t number = index / 2;
  if (number != cached_block_) {
    block_ = PhiloxBlock(seed_, stream_, number);
    cached_block_ = number;
  }
  return block_[index % 2];
}

double Rng::Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

double Rng::UniformOpen() { return (static_cast<double>(Next() >> 12) + 0.5) * 0x1.0p-52; }

double Rng::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(UniformOpen()));
  return radius * std::cos(2.0 * std::numbers::pi * Uniform());
}

std::uint64_t Rng::Below(std::uint64_t bound) {
  Check(bound > 0, "Rng::Below needs a positive bound");
  const std::uint64_t limit = max() - max() % bound;
  std::uint64_t draw = Next();
  while (draw >= limit) draw = Next();
  return draw % bound;
}

std::string RandomId(std::size_t length) {
  Rng rng(EntropySeed(), EntropySeed());
  return RandomId(length, rng);
}

std::string RandomId(std::size_t length, Rng& rng) {
  std::string id(length, '\0');
  for (char& c : id) c = kIdAlphabet[rng.Below(kIdAlphabet.size())];
  return id;
}

std::uint64_t EntropySeed() {
  std::uint64_t seed = 0;
  FillWithEntropy(&seed, sizeof seed);
  return seed;
}

}  // namespace regatta
