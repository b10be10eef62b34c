#include "driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

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
                         Settings program) {
  Order order{method, std::move(method), std::move(program), {}};
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string text = equals == std::string::npos ? "" : argument.substr(equals + 1);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) {
      return InvalidArgument(fmt::format("{}: expected NAME=NUMBER, such as seeds=5", argument));
    }
    if (const auto own = order.program.find(name); own != order.program.end()) {
      own->second = value;
    } else {
      order.method_settings[name] = value;
      order.label += " " + argument;
    }
  }
  return order;
}

double Take(Settings& settings, const std::string& name, double usual) {
  const auto taken = settings.extract(name);
  return taken.empty() ? usual : taken.mapped();
}

int ExitStatus(std::string_view program, const Result<void>& done) {
  if (!done) {
    fmt::print(stderr, "{}: {}\n", program, done.error().message);
    return 1;
  }
  return 0;
}

}  // namespace regatta::bench
