// Reads server-sent events out of a stream of bytes (HTML Living Standard, section 9.2.6).
#pragma once

#include <string>
#include <string_view>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/net/client.h"

namespace regatta::net {

// Not thread-safe.
class EventParser {
 public:
  // An event longer than `event_bytes_max` is refused.
  explicit EventParser(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

  // Calls `on_event` for each event that `bytes` complete, until it returns false. Returns what it
  // returned last, or true. Errors: kResourceExhausted.
  Result<bool> Feed(std::string_view bytes, FunctionRef<bool(const ServerEvent&)> on_event);

 private:
  // False when the event that the empty line ends was the last one wanted.
  bool TakeLine(std::string_view line, FunctionRef<bool(const ServerEvent&)> on_event);

  const std::size_t event_bytes_max_;
  std::string line_;
  bool is_after_cr_ = false;
  bool has_data_ = false;
  ServerEvent event_{.event = {}, .id = {}, .data = {}};
};

}  // namespace regatta::net
