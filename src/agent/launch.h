// What a run is started with: its command line, its environment, its parameter files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "regatta/base/result.h"
#include "spawn.h"
#include "wire.h"

namespace regatta::agent {

// The same for all runs of an agent.
struct LaunchSettings {
  SweepPath path;
  std::vector<std::string> command_items;
  std::filesystem::path directory;  // absolute
  std::string base_url;
  std::string api_key;                       // empty: the environment's own, or none
  std::vector<std::string> visible_devices;  // by slot; empty when GPUs are not shared out
  std::vector<std::string> environment;      // the agent's own
};

struct Launch {
  ProcessSpec process;
  std::vector<std::string> warnings;
};

// Writes `<directory>/wandb/sweep-<sweep>/config-<run>.yaml` (and .json when the command asks for
// it) and puts the command line and the environment together: the agent's own, the run's
// WANDB_SWEEP_ID, WANDB_RUN_ID, WANDB_SWEEP_PARAM_PATH, WANDB_DIR, WANDB_ENTITY and WANDB_PROJECT,
// what the command brings, and the slot's REGATTA_SLOT and CUDA_VISIBLE_DEVICES.
//
// Errors: those of ExpandCommand; kFailedPrecondition when the files cannot be written.
Result<Launch> PrepareLaunch(const LaunchSettings& settings, const Command& command, int slot);

}  // namespace regatta::agent
