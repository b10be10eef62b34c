#include "console.h"

#include <fmt/format.h>

#include <algorithm>

namespace regatta::agent {
namespace {

// As the tracker's own client writes it: microseconds always, no zone.
std::string LogTime(Timestamp time) {
  std::string text = FormatTime(std::chrono::floor<std::chrono::seconds>(time));
  text.pop_back();
  const auto micros = ToMicros(time) % 1'000'000;
  return fmt::format("{}.{:06d}", text, micros);
}

}  // namespace

void LineCutter::Add(std::string_view bytes, FunctionRef<void(std::string_view)> on_line) {
  for (const char c : bytes) {
    if (c == '\n') {
      on_line(line_);
      line_.clear();
      restarts_ = false;
      continue;
    }
    if (restarts_) {
      line_.clear();
      restarts_ = false;
    }
    if (c == '\r') {
      restarts_ = true;
      continue;
    }
    line_ += c;
    if (line_.size() == kLineBytesMax) {
      on_line(line_);
      line_.clear();
    }
  }
}

void LineCutter::Finish(FunctionRef<void(std::string_view)> on_line) {
  if (!line_.empty()) {
    on_line(line_);
    line_.clear();
  }
  restarts_ = false;
}

void Console::Add(Timestamp time, bool is_error, std::string_view text) {
  lines_.push_back({.time = time, .is_error = is_error, .text = std::string(text)});
  bytes_ += text.size();
  while (lines_.size() > kLinesMax || bytes_ > kBytesMax) {
    bytes_ -= lines_.front().text.size();
    lines_.pop_front();
    ++dropped_;
  }
}

std::vector<std::string> Console::Last(std::size_t count, std::size_t bytes_max) const {
  std::vector<std::string> last;
  for (std::size_t i = lines_.size() - std::min(count, lines_.size()); i < lines_.size(); ++i) {
    last.push_back(lines_[i].text.substr(0, bytes_max));
  }
  return last;
}

std::vector<std::string> Console::LogLines() const {
  std::vector<std::string> out;
  out.reserve(lines_.size() + 1);
  if (dropped_ > 0) {
    out.push_back(fmt::format("{} ({} earlier lines were not kept)",
                              LogTime(lines_.empty() ? Timestamp() : lines_.front().time),
                              dropped_));
  }
  for (const Line& line : lines_) {
    out.push_back(
        fmt::format("{}{} {}", line.is_error ? "ERROR " : "", LogTime(line.time), line.text));
  }
  return out;
}

}  // namespace regatta::agent
