#include "regatta/base/clock.h"

#include <fmt/format.h>

#include <charconv>

namespace regatta {
namespace {

class MachineClock : public Clock {
 public:
  Timestamp Now() override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};

bool ReadDigits(std::string_view& text, std::size_t count, int& value) {
  if (text.size() < count) return false;
  const char* begin = text.data();
  const char* end = begin + count;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end || text.front() == '-') return false;
  text.remove_prefix(count);
  return true;
}

bool Skip(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Clock& SystemClock() {
  static MachineClock clock;
  return clock;
}

std::string FormatTime(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:06}", clock.subseconds().count());
  text += 'Z';
  return text;
}

Result<Timestamp> ParseTime(std::string_view text) {
  const Error error =
      InvalidArgument(fmt::format("\"{}\" is not an ISO 8601 time in UTC, such as "
                                  "2026-01-02T03:04:05Z",
                                  text.substr(0, 64)));
  std::string_view rest = text;
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!ReadDigits(rest, 4, year) || !Skip(rest, '-') || !ReadDigits(rest, 2, month) ||
      !Skip(rest, '-') || !ReadDigits(rest, 2, day)) {
    return error;
  }
  if (!rest.empty()) {
    if (!Skip(rest, 'T') && !Skip(rest, ' ')) return error;
    if (!ReadDigits(rest, 2, hour) || !Skip(rest, ':') || !ReadDigits(rest, 2, minute) ||
        !Skip(rest, ':') || !ReadDigits(rest, 2, second)) {
      return error;
    }
  }
  std::int64_t micros = 0;
  if (Skip(rest, '.')) {
    std::int64_t unit = 100'000;
    bool any = false;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      micros += (rest.front() - '0') * unit;
      unit /= 10;
      any = true;
      rest.remove_prefix(1);
    }
    if (!any) return error;
  }
  if (!rest.empty() && rest != "Z" && rest != "+00:00") return error;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return error;
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) + Duration(micros);
}

}  // namespace regatta
