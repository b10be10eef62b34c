// How many runs an agent holds at once, and which GPUs each of them sees.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"

namespace regatta::agent {

// What `--slots` says: K runs at once, or M GPUs for each run.
struct SlotRequest {
  int slots = 1;
  int gpus_per_run = 0;  // 0: GPUs are not shared out
};

// "4" or "gpu:2". Errors: kInvalidArgument.
Result<SlotRequest> ParseSlots(std::string_view text);

struct SlotPlan {
  int slots = 1;
  // CUDA_VISIBLE_DEVICES of each slot; empty when GPUs are not shared out.
  std::vector<std::string> visible_devices;
};

// What is asked of the machine.
struct GpuProbe {
  FunctionRef<std::optional<std::string>(std::string_view)> environment;
  // The lines of `nvidia-smi -L`, or as many as there are /dev/nvidiaN; empty without either.
  FunctionRef<std::vector<std::string>()> list;
};

// Shares the GPUs out: those of CUDA_VISIBLE_DEVICES, else of NVIDIA_VISIBLE_DEVICES, else all.
// Errors: kFailedPrecondition when there are fewer GPUs than one run needs.
Result<SlotPlan> PlanSlots(const SlotRequest& request, const GpuProbe& probe);

// The machine's own list for GpuProbe.
std::vector<std::string> ListGpus();

}  // namespace regatta::agent
