// Time as a parameter: nothing but a Clock may ask what time it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta {

using Duration = std::chrono::microseconds;
// Wall time, UTC, microseconds since 1970.
using Timestamp = std::chrono::sys_time<Duration>;

// Thread-safe. Outlives everything it is handed to.
class Clock {
 public:
  virtual ~Clock() = default;
  // The current wall time. It may jump, as wall clocks do.
  virtual Timestamp Now() = 0;
};

// The machine's clock. One object for the process.
Clock& SystemClock();

// A clock that stands still until told to move. Thread-safe.
class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(Timestamp start = Timestamp(std::chrono::seconds(1'700'000'000)))
      : now_us_(start.time_since_epoch().count()) {}
  Timestamp Now() override { return Timestamp(Duration(now_us_.load())); }
  void Advance(Duration by) { now_us_.fetch_add(by.count()); }
  void Set(Timestamp now) { now_us_.store(now.time_since_epoch().count()); }

 private:
  std::atomic<std::int64_t> now_us_;
};

// "2026-01-02T03:04:05Z", or with ".678901" before the Z when `time` has a fraction.
std::string FormatTime(Timestamp time);

// Reads ISO 8601 in UTC, with or without a fraction, with or without "Z" or "+00:00".
// Errors: kInvalidArgument, naming the text.
Result<Timestamp> ParseTime(std::string_view text);

// Microseconds since 1970, as storage and JSON keep them.
inline std::int64_t ToMicros(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp FromMicros(std::int64_t micros) { return Timestamp(Duration(micros)); }

}  // namespace regatta
