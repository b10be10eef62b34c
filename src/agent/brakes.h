// When an agent must stop because its machine, or the program, is broken.
#pragma once

#include <optional>
#include <string>

#include "regatta/base/clock.h"

namespace regatta::agent {

struct BrakeOptions {
  bool has_flapping_brake = true;
  int flapping_failures_max = 3;
  Duration flapping_window = std::chrono::seconds(60);
  int initial_failures_max = 5;
  int consecutive_failures_max = 0;  // 0: no such brake
};

// Counts how runs end. The stock agent's rules: only exit codes above 0 are failures, death by a
// signal is another way to end. Pure.
class FailureBrakes {
 public:
  FailureBrakes(Timestamp agent_start, BrakeOptions options)
      : agent_start_(agent_start), options_(options) {}

  // Notes that a run ended with this code (nullopt: by a signal). Returns why the agent must stop,
  // as a sentence, when it must.
  std::optional<std::string> Note(Timestamp now, std::optional<int> exit_code);

 private:
  Timestamp agent_start_;
  BrakeOptions options_;
  int finished_ = 0;
  int failed_ = 0;
  int failed_in_a_row_ = 0;
};

}  // namespace regatta::agent
