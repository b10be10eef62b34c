// Measures samplers on sets of tasks.
//
//   search_quality run SET METHOD [seeds=5] [first=0] [trials=100] [batch=1] [workers=1]
//   [spread=0.7] [NAME=VALUE ...]
//     runs METHOD, with its own settings NAME=VALUE, on all tasks of the set and prints one line a
//     run: suite,number,task,seed,method,kind,regret after each trial (space-separated). All tasks
//     of a seed come before the next seed, so what a run that was stopped has printed is balanced
//     over the tasks; two processes may share the seeds (first=0 seeds=15, first=15 seeds=15).
//     With batch=Q trials come in rounds of Q; with workers=W, W of them are always open and take
//     log-normal times of that spread, so that they end in another order than they began. A setting
//     that is neither of these nor the method's is refused; a set names its own half of the tasks.
//   search_quality list SET
//     prints suite,number of each task of the set.
//   search_quality serve SUITE NUMBER SEED
//     lets another program ask for values, until "end"; see dialogue.h.
//
// SET is claim, s1, s2, s3 or lists, or a half of one (s1-even is for tuning, s1-odd held out), or
// several joined by +. The suite s3 reads its tables from the folder in $REGATTA_SEARCH_TABLES (see
// tables.py). Regret is defined in simulate.h.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dialogue.h"
#include "driver.h"
#include "regatta/base/result.h"
#include "regatta/search/sampler.h"
#include "simulate.h"
#include "tasks.h"

namespace regatta::bench {
namespace {

Result<void> RunOne(const Order& order, const Schedule& schedule, const TaskId& id,
                    const Task& task, std::uint64_t seed) {
  search::SamplerOptions options;
  options.seed = seed;
  options.settings = order.method_settings;
  auto sampler = search::MakeSampler(order.method, task.space, options);
  if (!sampler) {
    return WithOwnSettings(order, sampler.error());
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

Result<Schedule> ScheduleOf(const Order& order) {
  Schedule schedule;
  schedule.trials = order.Count("trials");
  schedule.batch = order.Count("batch");
  schedule.workers = order.Count("workers");
  if (schedule.workers > 1 && schedule.batch > 1) {
    return InvalidArgument("choose from batch and workers: workers ask for one trial each");
  }
  if (schedule.workers <= 1 && order.Number("spread") != schedule.spread) {
    return InvalidArgument("spread is of the trials' durations, which only workers=2 or more have");
  }
  schedule.spread = order.Number("spread");
  return schedule;
}

Result<void> Run(const std::string& set, const std::string& method,
                 std::span<const std::string> arguments) {
  const auto order = ParseOrder(method, arguments, {{"seeds", 5}, {"first", 0}, {"trials", 100}},
                                {{"batch", 1}, {"workers", 1}, {"spread", Schedule().spread}});
  if (!order) {
    return order.error();
  }
  const auto schedule = ScheduleOf(*order);
  if (!schedule) {
    return schedule.error();
  }
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
      if (auto done = RunOne(*order, *schedule, (*ids)[i], tasks[i], seed); !done) {
        return done.error();
      }
    }
  }
  return Ok();
}

Result<void> Serve(const std::vector<std::string>& arguments) {
  const auto number = ParseWhole("NUMBER", arguments[2]);
  const auto seed = ParseWhole("SEED", arguments[3]);
  if (!number || !seed) {
    return number ? seed.error() : number.error();
  }
  const auto task = MakeTask(arguments[1], *number);
  if (!task) {
    return task.error();
  }
  Converse(*task, *seed, std::cin, std::cout);
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
