#include "hyper.h"

#include <cmath>
#include <limits>

namespace regatta::search {

double& Hyper::operator[](std::size_t i) {
  const std::size_t d = log_scale.size();
  return i < d ? log_scale[i] : i == d ? log_signal : i == d + 1 ? log_noise : bend;
}

double Hyper::operator[](std::size_t i) const {
  const std::size_t d = log_scale.size();
  return i < d ? log_scale[i] : i == d ? log_signal : i == d + 1 ? log_noise : bend;
}

Hyper DefaultHyper(std::size_t dimensions) {
  Hyper hyper;
  hyper.log_scale.assign(dimensions,
                         std::log(0.5) + 0.5 * std::log(static_cast<double>(dimensions)));
  return hyper;
}

Box BoxOf(const Hyper& hyper, std::size_t i) {
  static const Box scale{std::log(0.02), std::log(50.0)};
  static const Box signal{std::log(0.02), std::log(20.0)};
  static const Box noise{std::log(1e-6), 0.0};
  static const Box bend{-2, 2};
  const std::size_t d = hyper.log_scale.size();
  return i < d ? scale : i == d ? signal : i == d + 1 ? noise : bend;
}

double LogPriorOne(const Hyper& hyper, std::size_t i, double value) {
  const std::size_t d = hyper.log_scale.size();
  const double mean = i < d        ? -0.5 + 0.5 * std::log(static_cast<double>(d))
                      : i == d + 1 ? -4.5
                                   : 0.0;
  const double z = (value - mean) / (i <= d ? 1.0 : i == d + 1 ? 1.3 : 0.25);
  return -0.5 * z * z;
}

double LogPrior(const Hyper& hyper) {
  double sum = 0;
  for (std::size_t i = 0; i < hyper.size(); ++i) {
    const Box box = BoxOf(hyper, i);
    if (hyper[i] < box.low || hyper[i] > box.high) {
      return -std::numeric_limits<double>::infinity();
    }
    sum += LogPriorOne(hyper, i, hyper[i]);
  }
  return sum;
}

}  // namespace regatta::search
