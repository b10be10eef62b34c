// Chance as a parameter: counter-based random numbers that any replica can recompute.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace regatta {

// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): the number at
// position i of stream (seed, stream) is a pure function of the three, so nothing has to be stored
// to go on after a restart. Not thread-safe; copy it instead. Not for secrets.
class Rng {
 public:
  using result_type = std::uint64_t;

  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  // A generator independent of this one and of those with other keys; this one is left unchanged.
  Rng Split(std::uint64_t key) const;

  // Uniform over all 64-bit numbers.
  std::uint64_t Next();
  std::uint64_t operator()() { return Next(); }
  static constexpr std::uint64_t min() { return 0; }
  static constexpr std::uint64_t max() { return ~std::uint64_t{0}; }

  // Uniform in [0, 1), 53 bits.
  double Uniform();
  // Uniform in (0, 1): never an end, so quantile functions stay finite.
  double UniformOpen();
  // Standard normal (Box and Muller 1958).
  double Normal();
  // Uniform in [0, bound), without bias. Requires: bound > 0.
  std::uint64_t Below(std::uint64_t bound);

  // How many 64-bit numbers were drawn; `Skip` goes to that place in a fresh generator.
  std::uint64_t position() const { return position_; }
  void Skip(std::uint64_t position) { position_ = position; }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;
  std::uint64_t cached_block_ = ~std::uint64_t{0};
  std::array<std::uint64_t, 2> block_{};
};

// `length` characters of a-z0-9 from the operating system's entropy, for run ids, sweep ids and
// keys.
std::string RandomId(std::size_t length);

// `length` characters of a-z0-9 from `rng`, where a replay must give the same id.
std::string RandomId(std::size_t length, Rng& rng);

// 64 bits from the operating system's entropy.
std::uint64_t EntropySeed();

}  // namespace regatta
