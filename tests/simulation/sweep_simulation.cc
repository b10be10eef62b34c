// sweep_simulation --seeds N --first-seed S [--drop-fencing]
//
// Runs N worlds and prints what happened in them. Exits 1 at the first broken rule, naming its
// seed; with --drop-fencing, exits 1 if no rule is broken in any of them.
#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "sweep_world.h"

int main(int argc, char** argv) {
  using regatta::simulation::SweepWorld;
  std::uint64_t seeds = 300;
  std::uint64_t first = 1;
  bool drops_fencing = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--drop-fencing") {
      drops_fencing = true;
    } else if (i + 1 < argc && name == "--seeds") {
      seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (i + 1 < argc && name == "--first-seed") {
      first = std::strtoull(argv[++i], nullptr, 10);
    } else {
      fmt::print(stderr, "usage: sweep_simulation [--seeds N] [--first-seed S] [--drop-fencing]\n");
      return 2;
    }
  }
  regatta::simulation::WorldReport sum;
  std::uint64_t caught = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const auto report = SweepWorld({seed, drops_fencing}).Run();
    if (!report.problem.empty()) {
      ++caught;
      if (!drops_fencing) {
        fmt::print("{}\nagain: sweep_simulation --seeds 1 --first-seed {}\n", report.problem, seed);
        return 1;
      }
      if (caught == 1) {
        fmt::print("{}\n", report.problem);
      }
    }
    sum += report;
  }
  fmt::print(
      "{} seeds: {} events, {} restarts, {} attempts lost, {} late results, {} superseded, {} "
      "preemptions, {} agents quarantined, {} sweeps ended at their cap\n",
      seeds, sum.events, sum.restarts, sum.lost, sum.late, sum.superseded, sum.preempted,
      sum.quarantined, sum.capped);
  if (drops_fencing) {
    fmt::print("without fencing, {} of {} seeds broke a rule\n", caught, seeds);
    return caught > 0 ? 0 : 1;
  }
  return 0;
}
