// Where proposals are trusted: boxes around the points seen, which widen with the number of results
// until they hold the whole unit cube (Song et al. 2024, "The Vizier Gaussian process bandit
// algorithm", section 4.4).
#pragma once

#include <span>

#include "encoder.h"

namespace regatta::search {

// Borrows all that it is made of.
class TrustRegion {
 public:
  // Around results and open trials; `on` false: everywhere.
  TrustRegion(const Encoder& encoder, std::span<const Unit> results, std::span<const Unit> pending,
              bool on);

  bool Holds(const Unit& unit) const;

  // The part that is trusted for the sake of one seen point near `unit`.
  void Box(const Unit& unit, Unit& low, Unit& high) const;

 private:
  bool IsNear(const Unit& unit, const Unit& seen) const;

  const Encoder* encoder_;
  std::span<const Unit> results_;
  std::span<const Unit> pending_;
  double radius_;  // half a box's side; infinite: everywhere
};

}  // namespace regatta::search
