// Time that only moves forward, for leases and timeouts.
#pragma once

#include <ctime>

#include "regatta/base/clock.h"

namespace regatta::agent {

// Microseconds since the machine started, sleep included: a laptop that was shut for an hour has
// lost its leases. The calendar date means nothing. Thread-safe.
class SteadyClock : public Clock {
 public:
  Timestamp Now() override {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return Timestamp(std::chrono::seconds(now.tv_sec) +
                     std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(now.tv_nsec)));
  }
};

}  // namespace regatta::agent
