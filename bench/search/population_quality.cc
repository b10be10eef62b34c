// Measures population based training on the suite "population".
//
//   search_population METHOD [seeds=5] [first=0] [parity=0|1|-1] [members=8] [limit=N]
//                    [share=0.2] [resample=0.25] [step=0.1]
//     METHOD: constant (everybody keeps what it drew), perturb or pb2. One line a run:
//     population,number,task,seed,method,family,missing share after each interval
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "driver.h"
#include "population.h"
#include "regatta/base/result.h"

namespace regatta::bench {
namespace {

Result<void> Run(const std::vector<std::string>& arguments) {
  PopulationMethod method;
  search::PbtOptions& options = method.options;
  const auto order = ParseOrder(
      arguments[0], std::span(arguments).subspan(1),
      {{"seeds", 5}, {"first", 0}, {"parity", 0}, {"limit", 1e9}, {"members", 8}},
      {{"share", options.share}, {"resample", options.resample}, {"step", options.step}});
  if (!order) {
    return order.error();
  }
  if (Result<void> known = ExpectNoMethodSettings(*order); !known) {
    return known;
  }
  if (order->method != "constant" && order->method != "perturb" && order->method != "pb2") {
    return InvalidArgument(
        fmt::format("there is no method {}: choose from constant, perturb and pb2", order->method));
  }
  method.exploits = order->method != "constant";
  if (order->method == "pb2") options.explore = search::Explore::kPb2;
  options.share = order->Number("share");
  options.resample = order->Number("resample");
  options.step = order->Number("step");
  return ForEachRun(*order, PopulationTaskCount(), MakePopulationTask,
                    [&](const PopulationTask& task, std::size_t number, std::uint64_t seed) {
                      const std::vector<double> missing =
                          TrainPopulation(task, method, seed, order->Count("members"));
                      fmt::print("population,{},{},{},{},{},{:.5g}\n", number, task.name, seed,
                                 order->label, task.name.substr(0, task.name.find('-')),
                                 fmt::join(missing, " "));
                      std::fflush(stdout);
                      return Ok();
                    });
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    fmt::print(stderr, "search_population METHOD [name=value ...]; see population_quality.cc\n");
    return 2;
  }
  return regatta::bench::ExitStatus("search_population", regatta::bench::Run(arguments));
}
