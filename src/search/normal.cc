#include "normal.h"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>

#include "quiet_policy.h"

namespace regatta::search {

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double NormalQuantile(double u) {
  const double open = std::clamp(u, 0x1p-1022, 1.0 - 0x1p-53);
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * open, QuietPolicy());
}

}  // namespace regatta::search
