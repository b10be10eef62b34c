// What the measuring programs have in common: METHOD [NAME=NUMBER ...] on their command lines, and
// the tasks and seeds that they walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"

namespace regatta::bench {

using Settings = std::map<std::string, double>;

// What a measuring program was asked for.
struct Order {
  std::string method;
  // The method and the arguments that change it, as they were written: the name of what is
  // measured.
  std::string label;
  Settings program;  // of the measurement, such as how many trials: every one has a value
  Settings method_settings;

  // A setting of the program; as a whole number of at least 0 for Count.
  double Number(const std::string& name) const { return program.at(name); }
  std::size_t Count(const std::string& name) const;

  // first, first + 1, ...: `seeds` of them.
  std::ranges::iota_view<std::uint64_t, std::uint64_t> Seeds() const;
  // Of the task numbers below `count`, the first `limit` that are even or odd as `parity` says;
  // either where that is below 0.
  std::vector<std::size_t> Tasks(std::size_t count) const;
};

// `program` names the settings of the measurement and their usual values; `conditions` those of it
// that change what is measured, so that an order's label names them. All other NAME=NUMBER
// arguments are the method's. Errors: kInvalidArgument for an argument that is no NAME=NUMBER.
Result<Order> ParseOrder(std::string method, std::span<const std::string> arguments,
                         Settings program, const Settings& conditions = {});

// What a method answered to the settings of an order, with those that the program itself knows:
// nobody else knows both.
Error WithOwnSettings(const Order& order, Error refused);

// For a method that has no settings. Errors: kInvalidArgument if the order has any for it; the
// message names the first and those that the program knows.
Result<void> ExpectNoMethodSettings(const Order& order);

// A whole number of at least 0 from a command line. Errors: kInvalidArgument for anything else; the
// message calls it `name`.
Result<std::uint64_t> ParseWhole(std::string_view name, std::string_view text);

// Calls run(make(number), number, seed) -> Result<void> for the seeds of each task in turn. Stops
// at the first error.
template <typename Make, typename Run>
Result<void> ForEachRun(const Order& order, std::size_t count, const Make& make, const Run& run) {
  for (const std::size_t number : order.Tasks(count)) {
    const auto task = make(number);
    for (const std::uint64_t seed : order.Seeds()) {
      if (Result<void> done = run(task, number, seed); !done) {
        return done;
      }
    }
  }
  return Ok();
}

// The exit status of a program; prints the error if there is one.
int ExitStatus(std::string_view program, const Result<void>& done);

}  // namespace regatta::bench
