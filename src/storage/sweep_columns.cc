#include "sweep_columns.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace regatta::storage {

std::string Joined(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const std::uint32_t number : numbers) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", number);
  }
  return text;
}

std::vector<std::uint32_t> Split(std::string_view text) {
  std::vector<std::uint32_t> numbers;
  bool is_inside = false;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      is_inside = false;
      continue;
    }
    if (!is_inside) numbers.push_back(0);
    is_inside = true;
    numbers.back() = numbers.back() * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return numbers;
}

std::string PackedOutcomes(const std::vector<std::optional<double>>& outcomes) {
  std::vector<double> numbers;
  numbers.reserve(outcomes.size());
  for (const std::optional<double> outcome : outcomes) {
    numbers.push_back(outcome.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return Packed(numbers);
}

std::vector<std::optional<double>> OutcomesOf(std::string_view bytes) {
  std::vector<std::optional<double>> outcomes;
  for (const double number : Unpacked<double>(bytes)) {
    outcomes.push_back(std::isnan(number) ? std::nullopt : std::optional(number));
  }
  return outcomes;
}

}  // namespace regatta::storage
