#include "regatta/tracking/console_line.h"

#include <optional>

#include "regatta/tracking/json_path.h"
#include "regatta/tracking/row_scanner.h"

namespace regatta::tracking {
namespace {

constexpr std::string_view kErrorPrefix = "ERROR ";

// The length of a timestamp like 2026-01-02T03:04:05.678901 at the start of `text`, or 0.
std::size_t TimestampLength(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kShape.size()) return 0;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return 0;
  }
  std::size_t length = kShape.size();
  if (length < text.size() && text[length] == '.') {
    ++length;
    while (length < text.size() && is_digit(text[length])) ++length;
  }
  if (length < text.size() && text[length] == 'Z') ++length;
  return length;
}

std::string Utc(std::string_view timestamp) {
  std::string utc(timestamp);
  if (!utc.empty() && utc.back() != 'Z') utc += 'Z';
  return utc;
}

std::optional<std::string> TextMember(std::string_view object, std::string_view key) {
  const std::optional<std::string_view> value = FindAtPath(object, key);
  if (!value || value->size() < 2 || value->front() != '"') return std::nullopt;
  return DecodeJsonText(value->substr(1, value->size() - 2));
}

std::optional<ConsoleLine> ParseStructured(std::string_view line) {
  if (!line.starts_with('{')) return std::nullopt;
  const std::optional<std::string> timestamp = TextMember(line, "ts");
  std::optional<std::string> content = TextMember(line, "content");
  // A program may print JSON itself: only the client's form carries a time.
  if (!timestamp || !content || TimestampLength(*timestamp) != timestamp->size()) {
    return std::nullopt;
  }
  return ConsoleLine{.timestamp = Utc(*timestamp),
                     .level = TextMember(line, "level").value_or(""),
                     .label = TextMember(line, "label").value_or(""),
                     .text = *std::move(content)};
}

}  // namespace

ConsoleLine ParseConsoleLine(std::string_view line) {
  if (std::optional<ConsoleLine> structured = ParseStructured(line)) return *std::move(structured);
  ConsoleLine parsed;
  std::string_view rest = line;
  const bool is_error = rest.starts_with(kErrorPrefix);
  if (is_error) rest.remove_prefix(kErrorPrefix.size());
  const std::size_t length = TimestampLength(rest);
  if (length == 0 || (length < rest.size() && rest[length] != ' ')) {
    // No timestamp, so "ERROR " was printed by the program.
    parsed.text = std::string(line);
    return parsed;
  }
  parsed.timestamp = Utc(rest.substr(0, length));
  if (is_error) parsed.level = "error";
  if (length < rest.size()) parsed.text = std::string(rest.substr(length + 1));
  return parsed;
}

}  // namespace regatta::tracking
