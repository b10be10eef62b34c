#include "event_parser.h"

#include <fmt/format.h>

namespace regatta::net {

Result<bool> EventParser::Feed(std::string_view bytes,
                               FunctionRef<bool(const ServerEvent&)> on_event) {
  while (!bytes.empty()) {
    if (is_after_cr_ && bytes.front() == '\n') bytes.remove_prefix(1);
    is_after_cr_ = false;
    const std::size_t end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + event_.data.size() > event_bytes_max_) {
      return ResourceExhausted(
          fmt::format("an event of the stream is longer than {} bytes", event_bytes_max_));
    }
    if (end == std::string_view::npos) return true;
    is_after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, {});
    if (!TakeLine(line, on_event)) return false;
  }
  return true;
}

bool EventParser::TakeLine(std::string_view line, FunctionRef<bool(const ServerEvent&)> on_event) {
  if (line.empty()) {
    bool goes_on = true;
    if (has_data_) {
      event_.data.pop_back();
      if (event_.event.empty()) event_.event = "message";
      goes_on = on_event(event_);
    }
    event_.event.clear();
    event_.data.clear();
    has_data_ = false;
    return goes_on;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    event_.data.append(value).push_back('\n');
    has_data_ = true;
  } else if (field == "event") {
    event_.event = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  }
  return true;
}

}  // namespace regatta::net
