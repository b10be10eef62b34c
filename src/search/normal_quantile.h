// The inverse of the standard normal distribution function.
#pragma once

namespace regatta::search {

// Φ⁻¹(u), finite for all u: the ends count as the nearest numbers inside.
double NormalQuantile(double u);

}  // namespace regatta::search
