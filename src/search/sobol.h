// Scrambled Sobol points in the unit cube.
//
// Immutable, safe to share between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace regatta::search {

// Digital nets by Sobol's construction (1967) with direction numbers from primitive polynomials,
// each coordinate scrambled by a hash-based Owen scramble (Laine and Karras 2011; Burley 2020)
// keyed by the seed. Point i is a pure function of (seed, i).
class Sobol {
 public:
  Sobol(std::size_t dimensions, std::uint64_t seed);

  std::size_t dimensions() const { return seeds_.size(); }
  // Fills `u` (of `dimensions` numbers) with point `index`, each coordinate in (0, 1). The sequence
  // repeats after 2^32 points.
  void At(std::uint64_t index, std::vector<double>& u) const;

 private:
  std::vector<std::uint32_t> seeds_;       // one scramble key a dimension
  std::vector<std::uint32_t> directions_;  // 32 a dimension
};

}  // namespace regatta::search
