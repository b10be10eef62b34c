// Measures samplers on the suites.
//
//   search_quality run SUITE METHOD [seeds=5] [trials=100] [parity=0|1|-1] [workers=1] [limit=N]
//   [NAME=VALUE ...]
//     runs METHOD on the even (0), odd (1) or all (-1) tasks and prints one line a run:
//     suite,task,seed,method,regret@25,regret@50,regret@last
//   search_quality serve SUITE NUMBER SEED
//     lets another program ask for values: prints the space, then answers one line of values with
//     one observation ("crash" for a failed run), and "end" with the regrets after each trial.
// The suite s3 reads its tables from the folder in $REGATTA_SEARCH_TABLES (see tables.py).
// Regret: (true value of the trial that looks best - optimum) / (median of random points -
// optimum).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "tasks.h"

namespace regatta::bench {
namespace {

using search::Point;
using search::Trial;
using search::TrialId;
using search::TrialState;

// One optimisation of a task, seen from the objective's side.
class Session {
 public:
  Session(const Task& task, std::uint64_t seed) : task_(task), rng_(seed, 99) {}

  // What a sampler would be told; infinite for a crash.
  double Observe(const Point& point) {
    const double truth = task_.value(point);
    const double seen = task_.Observe(point, rng_);
    if (std::isfinite(truth) && seen < best_seen_) {
      best_seen_ = seen;
      best_true_ = truth;
    }
    regrets_.push_back(std::isfinite(best_true_) ? std::max(0.0, (best_true_ - task_.best) /
                                                                     (task_.reference - task_.best))
                                                 : 10.0);
    return seen;
  }

  double RegretAfter(std::size_t trials) const {
    return regrets_.empty() ? 10.0 : regrets_[std::min(trials, regrets_.size()) - 1];
  }
  const std::vector<double>& regrets() const { return regrets_; }

 private:
  const Task& task_;
  Rng rng_;
  double best_seen_ = std::numeric_limits<double>::infinity();
  double best_true_ = std::numeric_limits<double>::infinity();
  std::vector<double> regrets_;
};

// `workers` trials are always open; each step the oldest one ends and a new one starts.
int RunOne(const Task& task, const std::string& method, std::uint64_t seed, std::size_t trials,
           std::size_t workers, const std::map<std::string, double>& settings, Session& session) {
  search::SamplerOptions options;
  options.seed = seed;
  options.settings = settings;
  auto sampler = search::MakeSampler(method, task.space, options);
  if (!sampler) {
    fmt::print(stderr, "{}\n", sampler.error().message);
    return 1;
  }
  std::vector<Trial> open;
  TrialId next = 0;
  std::size_t ended = 0;
  while (ended < trials) {
    while (open.size() < workers && next < trials) {
      auto suggestions = (*sampler)->Suggest(next, 1);
      if (!suggestions || suggestions->empty()) {
        trials = next;
        break;
      }
      Trial trial;
      trial.id = next++;
      trial.values = (*suggestions)[0].values;
      trial.state = TrialState::kRunning;
      (void)(*sampler)->Tell(trial);
      open.push_back(trial);
    }
    if (open.empty()) {
      break;
    }
    Trial trial = open.front();
    open.erase(open.begin());
    const double seen = session.Observe(trial.values);
    trial.state = std::isfinite(seen) ? TrialState::kFinished : TrialState::kFailed;
    trial.objectives = {seen};
    (void)(*sampler)->Tell(trial);
    ++ended;
  }
  return 0;
}

int Run(const std::vector<std::string>& arguments) {
  const std::string& suite = arguments[1];
  const std::string& method = arguments[2];
  std::map<std::string, double> own = {{"seeds", 5},   {"trials", 100}, {"parity", 0},
                                       {"workers", 1}, {"limit", 1e9},  {"first", 0}};
  std::map<std::string, double> settings;
  std::string label = method;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const double value = std::stod(arguments[i].substr(equals + 1));
    if (own.contains(name)) {
      own[name] = value;
    } else {
      settings[name] = value;
      label += " " + arguments[i];
    }
  }
  const auto trials = static_cast<std::size_t>(own["trials"]);
  std::size_t done = 0;
  for (std::size_t number = 0; number < TaskCount(suite); ++number) {
    const auto parity = static_cast<int>(own["parity"]);
    if ((parity >= 0 && static_cast<int>(number % 2) != parity) ||
        done >= static_cast<std::size_t>(own["limit"])) {
      continue;
    }
    ++done;
    const auto task = MakeTask(suite, number);
    if (!task) {
      fmt::print(stderr, "{}\n", task.error().message);
      return 1;
    }
    const auto first = static_cast<std::uint64_t>(own["first"]);
    for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(own["seeds"]);
         ++seed) {
      Session session(*task, seed);
      if (RunOne(*task, method, seed, trials, static_cast<std::size_t>(own["workers"]), settings,
                 session) != 0) {
        return 1;
      }
      fmt::print("{},{},{},{},{:.6g},{:.6g},{:.6g}\n", suite, task->name, seed, label,
                 session.RegretAfter(25), session.RegretAfter(50), session.RegretAfter(trials));
      std::fflush(stdout);
    }
  }
  return 0;
}

// One line a parameter: name, kind and what it needs, and "when PARENT ITEM" for conditional ones.
void PrintSpace(const search::SearchSpace& space) {
  fmt::print("{}\n", space.size());
  for (std::size_t i = 0; i < space.size(); ++i) {
    const auto& spec = space[i].distribution.spec();
    fmt::print("{} {}", space[i].name, search::DistributionName(spec.kind));
    if (space[i].distribution.is_categorical()) {
      fmt::print(" {}", spec.categories);
      for (const double level : spec.levels) {
        fmt::print(" {}", level);
      }
    } else if (spec.kind == search::DistributionKind::kIntUniform) {
      fmt::print(" {} {}", spec.int_min, spec.int_max);
    } else {
      fmt::print(" {} {}", spec.min, spec.max);
    }
    for (const auto& condition : space[i].conditions) {
      fmt::print(" when {} {}", condition.parent, condition.categories.at(0));
    }
    fmt::print("\n");
  }
  std::fflush(stdout);
}

int Serve(const std::vector<std::string>& arguments) {
  const auto made = MakeTask(arguments[1], std::stoul(arguments[2]));
  if (!made) {
    fmt::print(stderr, "{}\n", made.error().message);
    return 1;
  }
  const Task& task = *made;
  Session session(task, std::stoull(arguments[3]));
  fmt::print("{}\n", task.name);
  PrintSpace(task.space);
  std::string line;
  while (std::getline(std::cin, line) && line != "end") {
    std::istringstream words(line);
    Point point(task.space.size());
    std::string word;
    for (std::size_t i = 0; i < point.size() && words >> word; ++i) {
      if (word == "-") {
        continue;
      }
      const auto& distribution = task.space[i].distribution;
      if (distribution.is_categorical()) {
        point[i] = search::CategoryIndex{std::stoll(word)};
      } else if (distribution.is_integer()) {
        point[i] = static_cast<std::int64_t>(std::stoll(word));
      } else {
        point[i] = std::stod(word);
      }
    }
    const auto clean = task.space.Normalize(point);
    if (!clean) {
      fmt::print("error {}\n", clean.error().message);
    } else {
      const double seen = session.Observe(*clean);
      fmt::print("{}\n", std::isfinite(seen) ? fmt::format("{}", seen) : "crash");
    }
    std::fflush(stdout);
  }
  for (const double regret : session.regrets()) {
    fmt::print("{:.6g} ", regret);
  }
  fmt::print("\n");
  return 0;
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() >= 3 && arguments[0] == "run") {
    return regatta::bench::Run(arguments);
  }
  if (arguments.size() == 4 && arguments[0] == "serve") {
    return regatta::bench::Serve(arguments);
  }
  fmt::print(stderr,
             "search_quality run SUITE METHOD [name=value ...] | serve SUITE NUMBER SEED; see the "
             "head of quality.cc\n");
  return 2;
}
