#include "metrics.h"

#include <fmt/format.h>

#include <iterator>

namespace regatta::net {

void Metrics::CountRequest(const std::string& method, const std::string& route, int status,
                           std::chrono::nanoseconds latency) {
  const auto us = static_cast<std::uint64_t>(latency.count() / 1000);
  std::size_t bucket = 0;
  while (bucket < kBoundsUs.size() && us > kBoundsUs[bucket]) ++bucket;
  const std::lock_guard lock(mutex_);
  RouteCounts& counts = routes_[{method, route}];
  ++counts.by_status[status];
  ++counts.latency.counts[bucket];
  ++counts.latency.count;
  counts.latency.sum_us += us;
}

namespace {

std::string EscapeLabel(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string Metrics::Text(std::size_t connection_count, std::size_t in_flight_count) const {
  std::string text;
  const auto out = std::back_inserter(text);
  const auto single = [&](std::string_view name, std::string_view type, std::string_view help,
                          std::uint64_t value) {
    fmt::format_to(
        out, "# HELP regatta_http_{0} {1}\n# TYPE regatta_http_{0} {2}\nregatta_http_{0} {3}\n",
        name, help, type, value);
  };
  single("connections", "gauge", "Open connections.", connection_count);
  single("requests_in_flight", "gauge", "Requests being answered.", in_flight_count);
  single("event_streams", "gauge", "Open event streams.", event_streams.load());
  single("connections_total", "counter", "Connections accepted.", connections_total.load());
  single("connections_refused_total", "counter", "Connections over the limit.",
         connections_refused_total.load());
  single("received_bytes_total", "counter", "Bytes read from clients.", bytes_in_total.load());
  single("sent_bytes_total", "counter", "Bytes written to clients.", bytes_out_total.load());

  const std::lock_guard lock(mutex_);
  text +=
      "# HELP regatta_http_requests_total Requests answered.\n"
      "# TYPE regatta_http_requests_total counter\n";
  for (const auto& [key, counts] : routes_) {
    for (const auto& [status, count] : counts.by_status) {
      fmt::format_to(out,
                     "regatta_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}} {}\n",
                     EscapeLabel(key.first), EscapeLabel(key.second), status, count);
    }
  }
  text +=
      "# HELP regatta_http_request_seconds From the end of a request's header to the end of its "
      "answer.\n"
      "# TYPE regatta_http_request_seconds histogram\n";
  for (const auto& [key, counts] : routes_) {
    const std::string labels =
        fmt::format("method=\"{}\",route=\"{}\"", EscapeLabel(key.first), EscapeLabel(key.second));
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kBoundsUs.size(); ++i) {
      sum += counts.latency.counts[i];
      fmt::format_to(out, "regatta_http_request_seconds_bucket{{{},le=\"{:g}\"}} {}\n", labels,
                     static_cast<double>(kBoundsUs[i]) * 1e-6, sum);
    }
    fmt::format_to(out,
                   "regatta_http_request_seconds_bucket{{{0},le=\"+Inf\"}} {1}\n"
                   "regatta_http_request_seconds_sum{{{0}}} {2:.6f}\n"
                   "regatta_http_request_seconds_count{{{0}}} {1}\n",
                   labels, counts.latency.count, static_cast<double>(counts.latency.sum_us) * 1e-6);
  }
  return text;
}

}  // namespace regatta::net
