// Measures samplers on tasks with several objectives, a constraint or costs.
//
//   search_pareto pareto METHOD [seeds=5] [first=0] [trials=100] [parity=0|1|-1] [limit=N]
//                        [NAME=VALUE ...]
//     one line a run: pareto,task,seed,method,regret@25,regret@50,regret@last, where the regret is
//     the share of the true front's volume that is missing
//   search_pareto constrained METHOD ...
//     constrained,task,seed,method,regret@50,regret@last,first, where the regret is that of the
//     best feasible trial in units of (median - best) of feasible random points, and `first` the
//     number of trials until one was feasible
//   search_pareto costs METHOD [aware=1] [planned=1] ...
//     costs,task,seed,method,regret@half,regret@last,cost@half,cost@last, where the cost is that of
//     all trials so far; aware=0 tells the sampler no cost, planned=0 not how many trials there are
//   search_pareto serve NUMBER
//     lets another program ask for the values of a Pareto task: answers one line of coordinates
//     with one line of objectives, and "end" with the regrets at 25, 50 and the last trial. A line
//     that is none is answered by "error line 3: " and what is wrong with it, and does not count.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "driver.h"
#include "hypervolume.h"
#include "numbers.h"
#include "pareto.h"
#include "regatta/base/result.h"
#include "regatta/search/sampler.h"

namespace regatta::bench {
namespace {

using search::Trial;
using search::TrialId;
using search::TrialState;

class VolumeRegret {
 public:
  explicit VolumeRegret(const ParetoTask& task) : task_(task) {}

  void Add(const std::vector<double>& values) {
    front_.push_back(values);
    front_ = search::Front(front_);
    regrets_.push_back(
        std::max(0.0, 1 - search::Hypervolume(front_, task_.reference) / task_.best_volume));
  }
  double After(std::size_t trials) const {
    return regrets_.empty() ? 1 : regrets_[std::min(trials, regrets_.size()) - 1];
  }
  std::size_t size() const { return regrets_.size(); }

 private:
  const ParetoTask& task_;
  std::vector<search::Outcome> front_;
  std::vector<double> regrets_;
};

// Runs the order's trials on a space: `finish` fills in what came out of each. Ends early where the
// space is used up.
Result<void> RunTrials(const Order& order, const search::SearchSpace& space,
                       search::SamplerOptions options, std::uint64_t seed,
                       const std::function<void(Trial&)>& finish) {
  options.seed = seed;
  options.settings = order.method_settings;
  auto sampler = search::MakeSampler(order.method, space, options);
  if (!sampler) {
    return WithOwnSettings(order, sampler.error());
  }
  for (TrialId id = 0; id < order.Count("trials"); ++id) {
    auto suggestions = (*sampler)->Suggest(id, 1);
    if (!suggestions) {
      return suggestions.error();
    }
    if (suggestions->empty()) {
      break;
    }
    Trial trial;
    trial.id = id;
    trial.values = std::move(suggestions->front().values);
    finish(trial);
    if (Result<void> told = (*sampler)->Tell(trial); !told) {
      return told;
    }
  }
  return Ok();
}

// One objective, which is not finite where the configuration is to blame.
void SetObjective(Trial& trial, double value) {
  trial.state = std::isfinite(value) ? TrialState::kFinished : TrialState::kFailed;
  trial.objectives = {value};
}

Result<void> RunPareto(const Order& order) {
  return ForEachRun(
      order, ParetoTaskCount(), MakeParetoTask,
      [&order](const ParetoTask& task, std::size_t /*number*/, std::uint64_t seed) -> Result<void> {
        search::SamplerOptions options;
        options.objectives.assign(task.reference.size(), {});
        VolumeRegret regret(task);
        auto done = RunTrials(order, task.space, options, seed, [&](Trial& trial) {
          trial.state = TrialState::kFinished;
          trial.objectives = task.values(trial.values);
          regret.Add(trial.objectives);
        });
        if (!done) {
          return done;
        }
        fmt::print("pareto,{},{},{},{:.6g},{:.6g},{:.6g}\n", task.name, seed, order.label,
                   regret.After(25), regret.After(50), regret.After(order.Count("trials")));
        std::fflush(stdout);
        return Ok();
      });
}

Result<void> RunConstrained(const Order& order) {
  return ForEachRun(
      order, ConstrainedTaskCount(), MakeConstrainedTask,
      [&order](const ConstrainedTask& task, std::size_t /*number*/,
               std::uint64_t seed) -> Result<void> {
        search::SamplerOptions options;
        options.constraints = {{std::nullopt, 0.0}};
        double best = 1e300;
        std::size_t first_feasible = order.Count("trials") + 1;
        std::vector<double> regrets;
        auto done = RunTrials(order, task.space, options, seed, [&](Trial& trial) {
          const double value = task.value(trial.values);
          SetObjective(trial, value);
          trial.constraints = {task.constraint(trial.values)};
          if (std::isfinite(value) && trial.constraints[0] <= 0) {
            first_feasible = std::min<std::size_t>(first_feasible, trial.id + 1);
            best = std::min(best, value);
          }
          regrets.push_back(
              best > 1e299 ? 10 : std::max(0.0, (best - task.best) / (task.reference - task.best)));
        });
        if (!done) {
          return done;
        }
        fmt::print("constrained,{},{},{},{:.6g},{:.6g},{}\n", task.name, seed, order.label,
                   regrets.at(std::min<std::size_t>(50, regrets.size()) - 1), regrets.back(),
                   first_feasible);
        std::fflush(stdout);
        return Ok();
      });
}

Result<void> RunCosts(const Order& order) {
  return ForEachRun(
      order, CostTaskCount(), MakeCostTask,
      [&order](const CostTask& task, std::size_t /*number*/, std::uint64_t seed) -> Result<void> {
        search::SamplerOptions options;
        options.cost_aware = order.Number("aware") != 0;
        if (order.Number("planned") != 0) {
          options.trials_planned = order.Count("trials");
        }
        double best = task.reference;
        double cost = 0;
        std::vector<double> regrets;
        std::vector<double> costs;
        auto done = RunTrials(order, task.space, options, seed, [&](Trial& trial) {
          const double value = task.value(trial.values);
          SetObjective(trial, value);
          trial.cost = task.cost(trial.values);
          best = std::min(best, value);
          cost += *trial.cost;
          regrets.push_back(std::max(0.0, (best - task.best) / (task.reference - task.best)));
          costs.push_back(cost);
        });
        if (!done) {
          return done;
        }
        const std::size_t half = regrets.size() / 2 - 1;
        fmt::print("costs,{},{},{} aware={} planned={},{:.6g},{:.6g},{:.6g},{:.6g}\n", task.name,
                   seed, order.label, order.Number("aware"), order.Number("planned"),
                   regrets.at(half), regrets.back(), costs.at(half), costs.back());
        std::fflush(stdout);
        return Ok();
      });
}

Result<std::vector<double>> ParseCoordinates(const std::string& line, std::size_t count) {
  std::istringstream words(line);
  std::vector<double> coordinates;
  for (std::string word; words >> word;) {
    const auto x = ParseNumber<double>(word);
    if (!x || !std::isfinite(*x)) {
      return InvalidArgument(fmt::format("expected a number and found \"{}\"", word));
    }
    coordinates.push_back(*x);
  }
  if (coordinates.size() != count) {
    return InvalidArgument(
        fmt::format("found {} numbers for {} coordinates", coordinates.size(), count));
  }
  return coordinates;
}

Result<void> Serve(const std::string& text) {
  const auto chosen = ParseWhole("NUMBER", text);
  if (!chosen) {
    return chosen.error();
  }
  if (*chosen >= ParetoTaskCount()) {
    return InvalidArgument(
        fmt::format("there is no Pareto task {}; there are {}", *chosen, ParetoTaskCount()));
  }
  const ParetoTask task = MakeParetoTask(*chosen);
  fmt::print("{} {} {}\n", task.name, task.space.size(), task.reference.size());
  std::fflush(stdout);
  VolumeRegret regret(task);
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line) && line != "end"; ++number) {
    const auto coordinates = ParseCoordinates(line, task.space.size());
    if (!coordinates) {
      fmt::print("error line {}: {}\n", number, coordinates.error().message);
    } else {
      const std::vector<double> values = task.values({coordinates->begin(), coordinates->end()});
      regret.Add(values);
      fmt::print("{}\n", fmt::join(values, " "));
    }
    std::fflush(stdout);
  }
  fmt::print("{:.6g} {:.6g} {:.6g}\n", regret.After(25), regret.After(50),
             regret.After(regret.size()));
  return Ok();
}

int Main(const std::vector<std::string>& arguments) {
  const std::string verb = arguments.empty() ? "" : arguments[0];
  if (verb == "serve" && arguments.size() == 2) {
    return ExitStatus("search_pareto", Serve(arguments[1]));
  }
  const auto run = verb == "pareto"        ? RunPareto
                   : verb == "constrained" ? RunConstrained
                   : verb == "costs"       ? RunCosts
                                           : nullptr;
  if (run == nullptr || arguments.size() < 2) {
    fmt::print(stderr,
               "search_pareto pareto|constrained|costs METHOD [name=value ...] | serve NUMBER; "
               "see the head of pareto_quality.cc\n");
    return 2;
  }
  Settings program = {{"seeds", 5}, {"first", 0}, {"parity", -1}, {"limit", 1e9}, {"trials", 100}};
  if (verb == "costs") {
    program.insert({{"aware", 1}, {"planned", 1}});
  }
  const auto order = ParseOrder(arguments[1], std::span(arguments).subspan(2), std::move(program));
  if (order && order->Count("trials") < 2) {
    return ExitStatus("search_pareto",
                      InvalidArgument("trials is below 2: half of them is reported, too"));
  }
  return ExitStatus("search_pareto", order ? run(*order) : order.error());
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) { return regatta::bench::Main({argv + 1, argv + argc}); }
