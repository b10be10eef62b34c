#include "sobol.h"

#include "regatta/base/rng.h"

namespace regatta::search {
namespace {

// Multiplies the polynomials `a` and `b` over GF(2), modulo `modulus` of degree `degree`.
std::uint32_t MultiplyModulo(std::uint32_t a, std::uint32_t b, std::uint32_t modulus, int degree) {
  std::uint32_t product = 0;
  while (b != 0) {
    if ((b & 1U) != 0) {
      product ^= a;
    }
    b >>= 1U;
    a <<= 1U;
    if (((a >> degree) & 1U) != 0) {
      a ^= modulus;
    }
  }
  return product;
}

std::uint32_t PowerModulo(std::uint32_t exponent, std::uint32_t modulus, int degree) {
  std::uint32_t result = 1;
  std::uint32_t base = degree == 1 ? 1 : 2;  // the polynomial x
  while (exponent != 0) {
    if ((exponent & 1U) != 0) {
      result = MultiplyModulo(result, base, modulus, degree);
    }
    base = MultiplyModulo(base, base, modulus, degree);
    exponent >>= 1U;
  }
  return result;
}

// A polynomial of this degree is primitive if x has the full order 2^degree - 1 modulo it.
bool IsPrimitive(std::uint32_t polynomial, int degree) {
  if ((polynomial & 1U) == 0) {
    return false;
  }
  const std::uint32_t order = (1U << degree) - 1;
  if (PowerModulo(order, polynomial, degree) != 1) {
    return false;
  }
  std::uint32_t rest = order;
  for (std::uint32_t factor = 2; factor * factor <= rest; ++factor) {
    if (rest % factor != 0) {
      continue;
    }
    if (PowerModulo(order / factor, polynomial, degree) == 1) {
      return false;
    }
    while (rest % factor == 0) {
      rest /= factor;
    }
  }
  return rest == 1 || rest == order || PowerModulo(order / rest, polynomial, degree) != 1;
}

std::uint32_t ReverseBits(std::uint32_t x) {
  x = ((x >> 1U) & 0x55555555U) | ((x & 0x55555555U) << 1U);
  x = ((x >> 2U) & 0x33333333U) | ((x & 0x33333333U) << 2U);
  x = ((x >> 4U) & 0x0f0f0f0fU) | ((x & 0x0f0f0f0fU) << 4U);
  x = ((x >> 8U) & 0x00ff00ffU) | ((x & 0x00ff00ffU) << 8U);
  return (x >> 16U) | (x << 16U);
}

// A hash in which each bit depends on lower bits only: on reversed bits that is a nested uniform
// scramble.
std::uint32_t Scramble(std::uint32_t x, std::uint32_t seed) {
  x = ReverseBits(x);
  x ^= x * 0x3d20adeaU;
  x += seed;
  x *= (seed >> 16U) | 1U;
  x ^= x * 0x05526c56U;
  x ^= x * 0x53a22864U;
  return ReverseBits(x);
}

}  // namespace

Sobol::Sobol(std::size_t dimensions, std::uint64_t seed) {
  Rng scramble(seed, 0x736f626f6c);  // "sobol"
  // The same net for every seed; only the scrambles differ.
  Rng initial(20, 0x736f626f6c);
  int degree = 0;
  std::uint32_t polynomial = 1;
  for (std::size_t d = 0; d < dimensions; ++d) {
    seeds_.push_back(static_cast<std::uint32_t>(scramble.Next() >> 32U));
    std::uint32_t v[32];
    if (d == 0) {
      for (unsigned bit = 0; bit < 32; ++bit) {
        v[bit] = 1U << (31U - bit);
      }
    } else {
      do {
        ++polynomial;
        if ((polynomial >> (degree + 1)) != 0) {
          ++degree;
        }
      } while (!IsPrimitive(polynomial, degree));
      const auto s = static_cast<unsigned>(degree);
      for (unsigned bit = 0; bit < 32; ++bit) {
        if (bit < s) {
          // Any odd m below 2^(bit+1) will do.
          const auto m = static_cast<std::uint32_t>(initial.Below(std::uint64_t{1} << bit) * 2 + 1);
          v[bit] = m << (31U - bit);
          continue;
        }
        v[bit] = v[bit - s] ^ (v[bit - s] >> s);
        for (unsigned k = 1; k < s; ++k) {
          if (((polynomial >> (s - k)) & 1U) != 0) {
            v[bit] ^= v[bit - k];
          }
        }
      }
    }
    directions_.insert(directions_.end(), v, v + 32);
  }
}

void Sobol::At(std::uint64_t index, std::vector<double>& u) const {
  for (std::size_t d = 0; d < seeds_.size(); ++d) {
    std::uint32_t x = 0;
    auto bits = static_cast<std::uint32_t>(index);
    for (unsigned bit = 0; bits != 0; ++bit, bits >>= 1U) {
      if ((bits & 1U) != 0) {
        x ^= directions_[d * 32 + bit];
      }
    }
    u[d] = (static_cast<double>(Scramble(x, seeds_[d])) + 0.5) * 0x1p-32;
  }
}

}  // namespace regatta::search
