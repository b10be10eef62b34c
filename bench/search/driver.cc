#include "driver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <ranges>
#include <utility>

#include "numbers.h"

namespace regatta::bench {

std::size_t Order::Count(const std::string& name) const {
  return static_cast<std::size_t>(std::max(Number(name), 0.0));
}

std::ranges::iota_view<std::uint64_t, std::uint64_t> Order::Seeds() const {
  const std::uint64_t first = Count("first");
  return {first, first + Count("seeds")};
}

std::vector<std::size_t> Order::Tasks(std::size_t count) const {
  const double parity = Number("parity");
  const std::size_t limit = Count("limit");
  std::vector<std::size_t> numbers;
  for (std::size_t number = 0; number < count && numbers.size() < limit; ++number) {
    if (parity < 0 || static_cast<double>(number % 2) == parity) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

Result<Order> ParseOrder(std::string method, std::span<const std::string> arguments,
                         Settings program, const Settings& conditions) {
  Order order{method, std::move(method), std::move(program), {}};
  order.program.insert(conditions.begin(), conditions.end());
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const auto value = equals == std::string::npos
                           ? std::nullopt
                           : ParseNumber<double>(std::string_view(argument).substr(equals + 1));
    if (!value || !std::isfinite(*value)) {
      return InvalidArgument(fmt::format("{}: expected NAME=NUMBER, such as seeds=5", argument));
    }
    const auto own = order.program.find(name);
    if (own == order.program.end()) {
      order.method_settings[name] = *value;
    } else {
      own->second = *value;
    }
    if (own == order.program.end() || conditions.contains(name)) {
      order.label += " " + argument;
    }
  }
  return order;
}

Error WithOwnSettings(const Order& order, Error refused) {
  if (!order.method_settings.empty()) {
    refused.message += fmt::format("; the measurement's settings are {}",
                                   fmt::join(std::views::keys(order.program), ", "));
  }
  return refused;
}

Result<void> ExpectNoMethodSettings(const Order& order) {
  if (order.method_settings.empty()) {
    return Ok();
  }
  return WithOwnSettings(order,
                         InvalidArgument(fmt::format("{} has no setting \"{}\"", order.method,
                                                     order.method_settings.begin()->first)));
}

Result<std::uint64_t> ParseWhole(std::string_view name, std::string_view text) {
  const auto number = ParseNumber<std::uint64_t>(text);
  if (!number) {
    return InvalidArgument(fmt::format("{}: expected a whole number and found \"{}\"", name, text));
  }
  return *number;
}

int ExitStatus(std::string_view program, const Result<void>& done) {
  if (!done) {
    fmt::print(stderr, "{}: {}\n", program, done.error().message);
    return 1;
  }
  return 0;
}

}  // namespace regatta::bench
