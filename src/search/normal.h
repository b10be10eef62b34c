// The standard normal distribution.
#pragma once

namespace regatta::search {

// Φ(z).
double NormalCdf(double z);

// Φ⁻¹(u), finite for all u: the ends count as the nearest numbers inside.
double NormalQuantile(double u);

}  // namespace regatta::search
