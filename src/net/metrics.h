// Counts what the server does. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace regatta::net {

class Metrics {
 public:
  // `route` is a pattern, or a word for what has none, so the number of different ones is bounded.
  void CountRequest(const std::string& method, const std::string& route, int status,
                    std::chrono::nanoseconds latency);

  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> connections_refused_total{0};
  std::atomic<std::uint64_t> bytes_in_total{0};
  std::atomic<std::uint64_t> bytes_out_total{0};
  std::atomic<std::uint64_t> event_streams{0};

  // Prometheus' text format, version 0.0.4. The two gauges are the caller's.
  std::string Text(std::size_t connection_count, std::size_t in_flight_count) const;

 private:
  // Upper bounds in microseconds; one more bucket takes the rest.
  static constexpr std::array<std::uint64_t, 13> kBoundsUs = {
      100,    250,    500,     1'000,   2'500,     5'000,     10'000,
      25'000, 50'000, 100'000, 250'000, 1'000'000, 10'000'000};
  struct Histogram {
    std::array<std::uint64_t, kBoundsUs.size() + 1> counts{};
    std::uint64_t count = 0;
    std::uint64_t sum_us = 0;
  };
  struct RouteCounts {
    std::map<int, std::uint64_t> by_status;
    Histogram latency;
  };

  mutable std::mutex mutex_;
  // Protected by mutex_; keyed by method and route.
  std::map<std::pair<std::string, std::string>, RouteCounts> routes_;
};

}  // namespace regatta::net
