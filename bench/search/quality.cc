// Measures samplers on sets of tasks.
//
//   search_quality run SET METHOD [seeds=5] [first=0] [trials=100] [batch=1] [workers=1]
//   [spread=0.7] [NAME=VALUE ...]
//     runs METHOD, with its own settings NAME=VALUE, on all tasks of the set and prints one line a
//     run: suite,number,task,seed,method,kind,regret after each trial (space-separated). All tasks
//     of a seed come before the next seed, so what a run that was stopped has printed is balanced
//     over the tasks; two processes may share the seeds (first=0 seeds=15, first=15 seeds=15).
//     With batch=Q trials come in rounds of Q; with workers=W, W of them are always open and take
//     log-normal times of that spread, so that they end in another order than they began.
//   search_quality list SET
//     prints suite,number of each task of the set.
//   search_quality serve SUITE NUMBER SEED
//     lets another program ask for values: prints the space, then answers one line of values with
//     one observation ("crash" for a failed run), and "end" with the regrets after each trial.
//
// SET is claim, s1, s2, s3 or lists, or a half of one (s1-even is for tuning, s1-odd held out), or
// several joined by +. The suite s3 reads its tables from the folder in $REGATTA_SEARCH_TABLES (see
// tables.py). Regret is defined in simulate.h.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/sampler.h"
#include "simulate.h"
#include "tasks.h"

namespace regatta::bench {
namespace {

using search::Point;

// What `run` was asked for.
struct Order {
  std::string set;
  std::string method;
  std::string label;
  std::uint64_t first = 0;
  std::uint64_t seeds = 5;
  Schedule schedule;
  std::map<std::string, double> settings;
};

Result<Order> ParseOrder(const std::vector<std::string>& arguments) {
  Order order;
  order.set = arguments[1];
  order.method = arguments[2];
  order.label = order.method;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const std::string text = equals == std::string::npos ? "" : arguments[i].substr(equals + 1);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) {
      return InvalidArgument(
          fmt::format("{}: expected NAME=NUMBER, such as seeds=5", arguments[i]));
    }
    const auto count = static_cast<std::size_t>(std::max(value, 0.0));
    if (name == "first") {
      order.first = count;
    } else if (name == "seeds") {
      order.seeds = count;
    } else if (name == "trials") {
      order.schedule.trials = count;
    } else {
      // The rest is part of what is measured, and so of its name.
      order.label += " " + arguments[i];
      if (name == "batch") {
        order.schedule.batch = count;
      } else if (name == "workers") {
        order.schedule.workers = count;
      } else if (name == "spread") {
        order.schedule.spread = value;
      } else {
        order.settings[name] = value;
      }
    }
  }
  return order;
}

Result<void> RunOne(const Order& order, const TaskId& id, const Task& task, std::uint64_t seed) {
  search::SamplerOptions options;
  options.seed = seed;
  options.settings = order.settings;
  auto sampler = search::MakeSampler(order.method, task.space, options);
  if (!sampler) {
    return sampler.error();
  }
  Session session(task, seed);
  if (auto ended = Simulate(**sampler, order.schedule, seed, session); !ended) {
    return WithContext(task.name, ended.error());
  }
  fmt::print("{},{},{},{},{},{},{:.6g}\n", id.suite, id.number, task.name, seed, order.label,
             TaskKind(task), fmt::join(session.regrets(), " "));
  std::fflush(stdout);
  return Ok();
}

Result<void> Run(const std::vector<std::string>& arguments) {
  const auto order = ParseOrder(arguments);
  if (!order) {
    return order.error();
  }
  const auto ids = TaskSet(order->set);
  if (!ids) {
    return ids.error();
  }
  std::vector<Task> tasks;
  for (const TaskId& id : *ids) {
    auto task = MakeTask(id.suite, id.number);
    if (!task) {
      return task.error();
    }
    tasks.push_back(std::move(*task));
  }
  for (std::uint64_t seed = order->first; seed < order->first + order->seeds; ++seed) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (auto done = RunOne(*order, (*ids)[i], tasks[i], seed); !done) {
        return done.error();
      }
    }
  }
  return Ok();
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

Result<void> Serve(const std::vector<std::string>& arguments) {
  const auto made = MakeTask(arguments[1], std::stoul(arguments[2]));
  if (!made) {
    return made.error();
  }
  const Task& task = *made;
  Session session(task, std::stoull(arguments[3]));
  fmt::print("{},{}\n", task.name, TaskKind(task));
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
  fmt::print("{:.6g}\n", fmt::join(session.regrets(), " "));
  return Ok();
}

// One line a task of a set: suite, number.
Result<void> List(const std::string& set) {
  const auto tasks = TaskSet(set);
  if (!tasks) {
    return tasks.error();
  }
  for (const auto& [suite, number] : *tasks) {
    fmt::print("{},{}\n", suite, number);
  }
  return Ok();
}

int Main(const std::vector<std::string>& arguments) {
  const std::string verb = arguments.empty() ? "" : arguments[0];
  Result<void> done;
  if (verb == "run" && arguments.size() >= 3) {
    done = Run(arguments);
  } else if (verb == "list" && arguments.size() == 2) {
    done = List(arguments[1]);
  } else if (verb == "serve" && arguments.size() == 4) {
    done = Serve(arguments);
  } else {
    fmt::print(stderr,
               "search_quality run SET METHOD [NAME=VALUE ...] | list SET | serve SUITE NUMBER "
               "SEED; see the head of quality.cc\n");
    return 2;
  }
  if (!done) {
    fmt::print(stderr, "search_quality: {}\n", done.error().message);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) { return regatta::bench::Main({argv + 1, argv + argc}); }
