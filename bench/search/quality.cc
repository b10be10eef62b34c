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
#include <iostream>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "driver.h"
#include "regatta/base/result.h"
#include "regatta/search/sampler.h"
#include "simulate.h"
#include "tasks.h"

namespace regatta::bench {
namespace {

using search::Point;

Result<void> RunOne(const Order& order, const Schedule& schedule, const TaskId& id,
                    const Task& task, std::uint64_t seed) {
  search::SamplerOptions options;
  options.seed = seed;
  options.settings = order.method_settings;
  auto sampler = search::MakeSampler(order.method, task.space, options);
  if (!sampler) {
    return sampler.error();
  }
  Session session(task, seed);
  if (auto ended = Simulate(**sampler, schedule, seed, session); !ended) {
    return WithContext(task.name, ended.error());
  }
  fmt::print("{},{},{},{},{},{},{:.6g}\n", id.suite, id.number, task.name, seed, order.label,
             TaskKind(task), fmt::join(session.regrets(), " "));
  std::fflush(stdout);
  return Ok();
}

Result<void> Run(const std::string& set, const std::string& method,
                 std::span<const std::string> arguments) {
  auto order = ParseOrder(method, arguments, {{"seeds", 5}, {"first", 0}, {"trials", 100}});
  if (!order) {
    return order.error();
  }
  // The others are part of what is measured, and so of its name.
  Schedule schedule;
  const auto take_count = [&order](const char* name) {
    return static_cast<std::size_t>(std::max(Take(order->method_settings, name, 1), 0.0));
  };
  schedule.trials = order->Count("trials");
  schedule.batch = take_count("batch");
  schedule.workers = take_count("workers");
  schedule.spread = Take(order->method_settings, "spread", schedule.spread);
  const auto ids = TaskSet(set);
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
  for (const std::uint64_t seed : order->Seeds()) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (auto done = RunOne(*order, schedule, (*ids)[i], tasks[i], seed); !done) {
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
    done = Run(arguments[1], arguments[2], std::span(arguments).subspan(3));
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
  return ExitStatus("search_quality", done);
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) { return regatta::bench::Main({argv + 1, argv + argc}); }
