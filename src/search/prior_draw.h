// Where a parameter with a prior starts: the belief (search_space.h, Prior) as a random draw.
#pragma once

#include <cstddef>

#include "encoder.h"
#include "regatta/base/rng.h"
#include "regatta/search/search_space.h"

namespace regatta::search {

// The coordinate of SearchSpace::At for parameter d, which has a prior. A category is the prior's
// with odds of Prior::odds to one for each other item, whatever the list's own probabilities, and
// otherwise the one at `u`; a number is normal around the prior's on the coordinate that the model
// measures distances by, so sorted lists and lattices lie evenly about it. Pure.
double DrawFromPrior(const SearchSpace& space, const Encoder& encoder, std::size_t d, double u,
                     Rng& rng);

}  // namespace regatta::search
