// Whether a body keeps coming.
#pragma once

#include <chrono>
#include <cstdint>

namespace regatta::net {

// Judges each stretch of time by itself, so a fast beginning buys no slow end. Not thread-safe.
class RateWindow {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RateWindow(std::chrono::milliseconds length, std::uint64_t bytes_per_second_min, Time start)
      : length_(length),
        bytes_per_second_min_(static_cast<double>(bytes_per_second_min)),
        start_(start) {}

  // Notes that `bytes_total` have come until `now`. False if a window ends here that brought less
  // than it had to.
  bool Note(std::uint64_t bytes_total, Time now) {
    if (now - start_ < length_) return true;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const auto brought = static_cast<double>(bytes_total - bytes_before_);
    start_ = now;
    bytes_before_ = bytes_total;
    return brought >= bytes_per_second_min_ * seconds;
  }

 private:
  const std::chrono::milliseconds length_;
  const double bytes_per_second_min_;
  Time start_;
  std::uint64_t bytes_before_ = 0;
};

}  // namespace regatta::net
