// Measures multi-fidelity searches on suite S5.
//
//   search_curves METHOD [seeds=5] [first=0] [parity=0|1|-1] [workers=8] [full=32] [limit=N]
//                 [eta=3] [NAME=VALUE ...]
//     METHOD: "one-epoch", or SAMPLER, SAMPLER+STOPPER, SAMPLER+STOPPER+curves (the sampler is told
//     of observations), e.g. tpe+asha+curves. Other NAME=VALUE are settings of the sampler.
//     Trains until as many epochs are consumed as `full` full trainings take. One line a run:
//     task,seed,method,workers,trials,stopped,wrongly stopped,regret after 2^(k/4) full trainings
//     for k = 0, 1, ...
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "curves.h"
#include "driver.h"
#include "regatta/base/result.h"

namespace regatta::bench {
namespace {

constexpr std::string_view kOneEpoch = "one-epoch";

CurveMethod ParseMethod(const std::string& name) {
  CurveMethod method;
  std::vector<std::string> parts(1);
  for (const char c : name) {
    if (c == '+') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  method.sampler = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i] == "curves") {
      method.knows_length = true;
    } else {
      method.stopper = parts[i];
    }
  }
  return method;
}

Result<void> RunOne(const CurveTask& task, const Order& order, const CurveMethod& method,
                    std::uint64_t seed) {
  const std::size_t workers = order.Count("workers");
  const auto length = static_cast<double>(task.epochs);
  const auto budget = static_cast<std::size_t>(static_cast<double>(order.Count("full")) * length);
  const bool is_rule = method.sampler == kOneEpoch;
  CurveResult result;
  if (!is_rule) {
    auto simulated = SimulateCurves(task, method, seed, workers, budget);
    if (!simulated) {
      return WithOwnSettings(order, simulated.error());
    }
    result = *std::move(simulated);
  }
  fmt::print("{},{},{},{},{},{},{}", task.name, seed, order.label, workers, result.trials,
             result.stopped, result.wrongly_stopped);
  for (int k = 0;; ++k) {
    const auto epochs = static_cast<std::size_t>(std::nearbyint(length * std::pow(2, k / 4.0)));
    if (epochs > budget) {
      break;
    }
    const double regret = is_rule ? OneEpochRule(task, seed, epochs)
                          : result.regrets.empty()
                              ? 10.0
                              : result.regrets[std::min(epochs, result.regrets.size()) - 1];
    fmt::print(",{:.5g}", regret);
  }
  fmt::print("\n");
  std::fflush(stdout);
  return Ok();
}

Result<void> Run(const std::vector<std::string>& arguments) {
  const auto order = ParseOrder(
      arguments[0], std::span(arguments).subspan(1),
      {{"seeds", 5}, {"first", 0}, {"parity", 0}, {"limit", 1e9}, {"workers", 8}, {"full", 32}},
      {{"eta", 3}});
  if (!order) {
    return order.error();
  }
  CurveMethod method = ParseMethod(order->method);
  method.settings = order->method_settings;
  method.eta = order->Number("eta");
  if (method.sampler == kOneEpoch) {
    if (Result<void> known = ExpectNoMethodSettings(*order); !known) {
      return known;
    }
  }
  return ForEachRun(*order, CurveTaskCount(), MakeCurveTask,
                    [&](const CurveTask& task, std::size_t /*number*/, std::uint64_t seed) {
                      return RunOne(task, *order, method, seed);
                    });
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    fmt::print(stderr, "search_curves METHOD [name=value ...]; see the head of curve_quality.cc\n");
    return 2;
  }
  return regatta::bench::ExitStatus("search_curves", regatta::bench::Run(arguments));
}
