// The logging front: one line per event on standard error, for people and for log collectors.
//
// Never pass a secret: keys, tokens and passwords are not logged at any level. Thread-safe.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace regatta {

// kInfo: what the program does; kWarning: what went wrong and is made up for; kError: what did not
// work.
enum class LogLevel { kInfo, kWarning, kError };

// By its name on command lines and in lines of the log: info, warning, error.
std::optional<LogLevel> ParseLogLevel(std::string_view name);

// Lines below `level` are dropped from now on. Starts at kInfo.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);

// Writes "<time> <level> <component>: <message>" on one line: control characters, and bytes that
// are no UTF-8, are written as \x0a.
void LogLine(LogLevel level, std::string_view component, std::string_view message);

template <typename... Args>
void Log(LogLevel level, std::string_view component, fmt::format_string<Args...> format,
         Args&&... args) {
  if (LogEnabled(level)) {
    LogLine(level, component, fmt::format(format, std::forward<Args>(args)...));
  }
}

}  // namespace regatta
