// A Parzen estimator: a mixture of product kernels over the coordinates of the encoder.
#pragma once

#include <cstddef>
#include <vector>

#include "encoder.h"
#include "regatta/base/rng.h"
#include "regatta/search/search_space.h"

namespace regatta::search {

// One kernel a centre, and one component that is the space's own distribution. Numbers have normal
// kernels cut off at the ends of the range; unordered lists a kernel that stays with a share and
// else draws afresh; where a coordinate is inactive its factor is the space's own distribution.
//
// Borrows space and encoder. Not thread-safe.
class Parzen {
 public:
  Parzen(const SearchSpace& space, const Encoder& encoder);

  // Widths shrink with the number of centres as by the rule of Scott 1992, from a share of the
  // range. Widths from the centres' own spread were tried: they collapse onto the first good
  // points.
  void Set(const std::vector<const Unit*>& centres);
  // One more centre of the same width.
  void Add(const Unit& centre);
  // Back to the first `count` centres.
  void Truncate(std::size_t count);
  std::size_t size() const { return size_; }

  Unit Draw(Rng& rng) const;
  // ln of the density, relative to the space's own distribution.
  double LogDensity(const Unit& unit) const;

 private:
  struct Dimension {
    std::vector<double> centres;
    std::vector<double> norms;  // ln of 1 / (width · mass inside the range)
    double width = 0.08;
    std::vector<double> same;  // of an unordered list: ln of the factor at the centre's own item
    double other = 0;          // and at others
  };

  std::vector<Dimension> dimensions_;
  const SearchSpace* space_;
  const Encoder* encoder_;
  std::size_t size_ = 0;
  double leak_ = 0.2;  // how often a kernel draws an item afresh
  mutable std::vector<double> logs_;
};

}  // namespace regatta::search
