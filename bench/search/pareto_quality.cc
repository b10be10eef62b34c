// Measures samplers on tasks with several objectives, a constraint or costs.
//
//   search_pareto pareto METHOD [seeds=5] [trials=100] [first=0] [limit=N] [NAME=VALUE ...]
//     one line a run: pareto,task,seed,method,regret@25,regret@50,regret@last, where the regret is
//     the share of the true front's volume that is missing
//   search_pareto constrained METHOD ...
//     constrained,task,seed,method,regret@50,regret@last,first, where the regret is that of the
//     best feasible trial in units of (median - best) of feasible random points, and `first` the
//     number of trials until one was feasible
//   search_pareto costs METHOD [aware=1] [planned=1] ...
//     costs,task,seed,method,regret@half,regret@last,cost@half,cost@last, where the cost is that of
//     all trials so far; aware=0 tells the sampler no cost, planned=0 not how many trials there are
//   search_pareto serve NUMBER SEED
//     lets another program ask for the values of a Pareto task: answers one line of coordinates
//     with one line of objectives, and "end" with the regrets at 25, 50 and the last trial.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "hypervolume.h"
#include "pareto.h"
#include "regatta/search/sampler.h"

namespace regatta::bench {
namespace {

using search::Trial;
using search::TrialId;
using search::TrialState;

struct Request {
  std::string method;
  std::string label;
  std::map<std::string, double> own = {{"seeds", 5},   {"trials", 100}, {"first", 0},
                                       {"limit", 1e9}, {"aware", 1},    {"planned", 1}};
  std::map<std::string, double> settings;
};

Request Parse(const std::vector<std::string>& arguments) {
  Request request;
  request.method = arguments[1];
  request.label = request.method;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const double value = std::stod(arguments[i].substr(equals + 1));
    if (request.own.contains(name)) {
      request.own[name] = value;
    } else {
      request.settings[name] = value;
      request.label += " " + arguments[i];
    }
  }
  return request;
}

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

int RunPareto(const Request& request) {
  const auto trials = static_cast<std::size_t>(request.own.at("trials"));
  const auto count =
      std::min<std::size_t>(ParetoTaskCount(), static_cast<std::size_t>(request.own.at("limit")));
  for (std::size_t number = 0; number < count; ++number) {
    const ParetoTask task = MakeParetoTask(number);
    const auto first = static_cast<std::uint64_t>(request.own.at("first"));
    for (std::uint64_t seed = first;
         seed < first + static_cast<std::uint64_t>(request.own.at("seeds")); ++seed) {
      search::SamplerOptions options;
      options.seed = seed;
      options.settings = request.settings;
      options.objectives.assign(task.reference.size(), {});
      auto sampler = search::MakeSampler(request.method, task.space, options);
      if (!sampler) {
        fmt::print(stderr, "{}\n", sampler.error().message);
        return 1;
      }
      VolumeRegret regret(task);
      for (TrialId id = 0; id < trials; ++id) {
        Trial trial;
        trial.id = id;
        trial.values = (*sampler)->Suggest(id, 1)->at(0).values;
        trial.state = TrialState::kFinished;
        trial.objectives = task.values(trial.values);
        regret.Add(trial.objectives);
        (void)(*sampler)->Tell(trial);
      }
      fmt::print("pareto,{},{},{},{:.6g},{:.6g},{:.6g}\n", task.name, seed, request.label,
                 regret.After(25), regret.After(50), regret.After(trials));
      std::fflush(stdout);
    }
  }
  return 0;
}

int RunConstrained(const Request& request) {
  const auto trials = static_cast<std::size_t>(request.own.at("trials"));
  const auto count = std::min<std::size_t>(ConstrainedTaskCount(),
                                           static_cast<std::size_t>(request.own.at("limit")));
  for (std::size_t number = 0; number < count; ++number) {
    const ConstrainedTask task = MakeConstrainedTask(number);
    const auto first = static_cast<std::uint64_t>(request.own.at("first"));
    for (std::uint64_t seed = first;
         seed < first + static_cast<std::uint64_t>(request.own.at("seeds")); ++seed) {
      search::SamplerOptions options;
      options.seed = seed;
      options.settings = request.settings;
      options.constraints = {{std::nullopt, 0.0}};
      auto sampler = search::MakeSampler(request.method, task.space, options);
      if (!sampler) {
        fmt::print(stderr, "{}\n", sampler.error().message);
        return 1;
      }
      double best = 1e300;
      std::size_t first_feasible = trials + 1;
      std::vector<double> regrets;
      for (TrialId id = 0; id < trials; ++id) {
        auto suggestions = (*sampler)->Suggest(id, 1);
        if (!suggestions || suggestions->empty()) {
          break;
        }
        Trial trial;
        trial.id = id;
        trial.values = (*suggestions)[0].values;
        const double value = task.value(trial.values);
        trial.state = std::isfinite(value) ? TrialState::kFinished : TrialState::kFailed;
        trial.objectives = {value};
        trial.constraints = {task.constraint(trial.values)};
        if (std::isfinite(value) && trial.constraints[0] <= 0) {
          first_feasible = std::min<std::size_t>(first_feasible, id + 1);
          best = std::min(best, value);
        }
        regrets.push_back(
            best > 1e299 ? 10 : std::max(0.0, (best - task.best) / (task.reference - task.best)));
        (void)(*sampler)->Tell(trial);
      }
      fmt::print("constrained,{},{},{},{:.6g},{:.6g},{}\n", task.name, seed, request.label,
                 regrets.at(std::min<std::size_t>(50, regrets.size()) - 1), regrets.back(),
                 first_feasible);
      std::fflush(stdout);
    }
  }
  return 0;
}

int RunCosts(const Request& request) {
  const auto trials = static_cast<std::size_t>(request.own.at("trials"));
  const auto count =
      std::min<std::size_t>(CostTaskCount(), static_cast<std::size_t>(request.own.at("limit")));
  const auto first = static_cast<std::uint64_t>(request.own.at("first"));
  const auto end = first + static_cast<std::uint64_t>(request.own.at("seeds"));
  for (std::size_t number = 0; number < count; ++number) {
    const CostTask task = MakeCostTask(number);
    for (std::uint64_t seed = first; seed < end; ++seed) {
      search::SamplerOptions options;
      options.seed = seed;
      options.settings = request.settings;
      options.cost_aware = request.own.at("aware") != 0;
      if (request.own.at("planned") != 0) {
        options.trials_planned = trials;
      }
      auto sampler = search::MakeSampler(request.method, task.space, options);
      if (!sampler) {
        fmt::print(stderr, "{}\n", sampler.error().message);
        return 1;
      }
      double best = task.reference;
      double cost = 0;
      std::vector<double> regrets;
      std::vector<double> costs;
      for (TrialId id = 0; id < trials; ++id) {
        auto suggestions = (*sampler)->Suggest(id, 1);
        if (!suggestions || suggestions->empty()) {
          break;
        }
        Trial trial;
        trial.id = id;
        trial.values = (*suggestions)[0].values;
        const double value = task.value(trial.values);
        trial.state = std::isfinite(value) ? TrialState::kFinished : TrialState::kFailed;
        trial.objectives = {value};
        trial.cost = task.cost(trial.values);
        best = std::min(best, value);
        cost += *trial.cost;
        regrets.push_back(std::max(0.0, (best - task.best) / (task.reference - task.best)));
        costs.push_back(cost);
        (void)(*sampler)->Tell(trial);
      }
      const std::size_t half = regrets.size() / 2 - 1;
      fmt::print("costs,{},{},{} aware={} planned={},{:.6g},{:.6g},{:.6g},{:.6g}\n", task.name,
                 seed, request.label, request.own.at("aware"), request.own.at("planned"),
                 regrets.at(half), regrets.back(), costs.at(half), costs.back());
      std::fflush(stdout);
    }
  }
  return 0;
}

int Serve(const std::vector<std::string>& arguments) {
  const ParetoTask task = MakeParetoTask(std::stoul(arguments[1]));
  fmt::print("{} {} {}\n", task.name, task.space.size(), task.reference.size());
  std::fflush(stdout);
  VolumeRegret regret(task);
  std::string line;
  while (std::getline(std::cin, line) && line != "end") {
    std::istringstream words(line);
    search::Point point;
    double x = 0;
    while (words >> x) {
      point.emplace_back(x);
    }
    if (point.size() != task.space.size()) {
      fmt::print("error: {} coordinates are needed\n", task.space.size());
    } else {
      const std::vector<double> values = task.values(point);
      regret.Add(values);
      for (const double value : values) {
        fmt::print("{} ", value);
      }
      fmt::print("\n");
    }
    std::fflush(stdout);
  }
  fmt::print("{:.6g} {:.6g} {:.6g}\n", regret.After(25), regret.After(50),
             regret.After(regret.size()));
  return 0;
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() >= 2 && arguments[0] == "pareto") {
    return regatta::bench::RunPareto(regatta::bench::Parse(arguments));
  }
  if (arguments.size() >= 2 && arguments[0] == "constrained") {
    return regatta::bench::RunConstrained(regatta::bench::Parse(arguments));
  }
  if (arguments.size() == 3 && arguments[0] == "serve") {
    return regatta::bench::Serve(arguments);
  }
  if (arguments.size() >= 2 && arguments[0] == "costs") {
    return regatta::bench::RunCosts(regatta::bench::Parse(arguments));
  }
  fmt::print(
      stderr,
      "search_pareto pareto|constrained|costs METHOD [name=value ...] | serve NUMBER SEED; see the "
      "head of pareto_quality.cc\n");
  return 2;
}
