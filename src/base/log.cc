#include "regatta/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "regatta/base/utf8.h"

namespace regatta {
namespace {

std::atomic<LogLevel> lowest_level = LogLevel::kInfo;

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("regatta",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Of Unicode: C0, DEL and C1. They end lines, or speak to terminals.
bool IsControl(char32_t character) {
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

// The text with its control characters, and bytes that are no UTF-8, as \x1b; nothing if it has
// none.
std::optional<std::string> Escaped(std::string_view text) {
  std::optional<std::string> escaped;
  std::size_t at = 0;
  while (at < text.size()) {
    const Utf8Step step = ReadUtf8(text, at);
    if (step.is_valid && !IsControl(step.character)) {
      if (escaped) escaped->append(text, at, step.length);
    } else {
      if (!escaped) escaped.emplace(text, 0, at);
      escaped->append(fmt::format("\\x{:02x}", static_cast<std::uint32_t>(step.character)));
    }
    at += step.length;
  }
  return escaped;
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return std::nullopt;
}

void SetLogLevel(LogLevel level) { lowest_level = level; }

bool LogEnabled(LogLevel level) { return level >= lowest_level.load(); }

void LogLine(LogLevel level, std::string_view component, std::string_view message) {
  if (!LogEnabled(level)) return;
  if (const std::optional<std::string> escaped = Escaped(message)) {
    Logger().log(ToSpdlog(level), "{}: {}", component, *escaped);
  } else {
    Logger().log(ToSpdlog(level), "{}: {}", component, message);
  }
}

}  // namespace regatta
