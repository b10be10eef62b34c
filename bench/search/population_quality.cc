// Measures population based training on the suite "population".
//
//   search_population METHOD [seeds=5] [first=0] [parity=0|1|-1] [members=8] [limit=N]
//                    [share=0.2] [resample=0.25] [step=0.1]
//     METHOD: constant (everybody keeps what it drew), perturb or pb2. One line a run:
//     population,number,task,seed,method,family,missing share after each interval
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "population.h"

namespace regatta::bench {
namespace {

int Run(const std::vector<std::string>& arguments) {
  std::map<std::string, double> own = {
      {"seeds", 5}, {"first", 0}, {"parity", 0}, {"members", 8}, {"limit", 1e9}};
  PopulationMethod method;
  std::string label = arguments[0];
  method.exploits = label != "constant";
  if (label == "pb2") method.options.explore = search::Explore::kPb2;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const double value = std::stod(arguments[i].substr(equals + 1));
    if (own.contains(name)) {
      own[name] = value;
      continue;
    }
    label += " " + arguments[i];
    if (name == "share") {
      method.options.share = value;
    } else if (name == "resample") {
      method.options.resample = value;
    } else if (name == "step") {
      method.options.step = value;
    } else {
      fmt::print(stderr, "there is no setting {}: choose from share, resample and step\n", name);
      return 2;
    }
  }
  std::size_t done = 0;
  for (std::size_t number = 0; number < PopulationTaskCount(); ++number) {
    const auto parity = static_cast<int>(own["parity"]);
    if ((parity >= 0 && static_cast<int>(number % 2) != parity) ||
        done >= static_cast<std::size_t>(own["limit"])) {
      continue;
    }
    ++done;
    const PopulationTask task = MakePopulationTask(number);
    const auto first = static_cast<std::uint64_t>(own["first"]);
    for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(own["seeds"]);
         ++seed) {
      const std::vector<double> missing =
          TrainPopulation(task, method, seed, static_cast<std::size_t>(own["members"]));
      fmt::print("population,{},{},{},{},{},{:.5g}\n", number, task.name, seed, label,
                 task.name.substr(0, task.name.find('-')), fmt::join(missing, " "));
      std::fflush(stdout);
    }
  }
  return 0;
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    fmt::print(stderr, "search_population METHOD [name=value ...]; see population_quality.cc\n");
    return 2;
  }
  return regatta::bench::Run(arguments);
}
