#include "brakes.h"

#include <fmt/format.h>

namespace regatta::agent {

std::optional<std::string> FailureBrakes::Note(Timestamp now, std::optional<int> exit_code) {
  const int finished_before = finished_;
  ++finished_;
  if (!exit_code || *exit_code <= 0) {
    failed_in_a_row_ = 0;
    return std::nullopt;
  }
  ++failed_;
  ++failed_in_a_row_;
  const bool is_young = now - agent_start_ < options_.flapping_window;
  if (options_.has_flapping_brake && is_young && failed_ >= options_.flapping_failures_max) {
    return fmt::format(
        "{} runs failed within {} seconds of the start: see their output above; "
        "WANDB_AGENT_DISABLE_FLAPPING=true turns this brake off",
        failed_,
        std::chrono::duration_cast<std::chrono::seconds>(options_.flapping_window).count());
  }
  if (failed_ >= options_.initial_failures_max && failed_ >= finished_before) {
    return fmt::format(
        "{} runs failed and almost none succeeded: see their output above; "
        "WANDB_AGENT_MAX_INITIAL_FAILURES sets the number",
        failed_);
  }
  if (options_.consecutive_failures_max > 0 &&
      failed_in_a_row_ >= options_.consecutive_failures_max) {
    return fmt::format("{} runs failed in a row: see their output above", failed_in_a_row_);
  }
  return std::nullopt;
}

}  // namespace regatta::agent
