#include "slots.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <cstdio>

namespace regatta::agent {
namespace {

constexpr int kSlotsMax = 1024;

std::optional<int> ParseCount(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole && value >= 1 && value <= kSlotsMax ? std::optional<int>(value) : std::nullopt;
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (const std::string_view part = text.substr(0, comma); !part.empty()) {
      parts.emplace_back(part);
    }
    text = comma == text.npos ? "" : text.substr(comma + 1);
  }
  return parts;
}

// The names of the GPUs that this process may hand on.
std::vector<std::string> Devices(const GpuProbe& probe) {
  if (const auto cuda = probe.environment("CUDA_VISIBLE_DEVICES")) {
    return SplitList(*cuda);
  }
  // A container runtime names here what it mounted; inside the container they count from 0.
  const std::string mounted = probe.environment("NVIDIA_VISIBLE_DEVICES").value_or("all");
  std::size_t count = 0;
  if (mounted == "none" || mounted == "void" || mounted.empty()) {
    count = 0;
  } else if (mounted == "all") {
    count = probe.list().size();
  } else {
    count = SplitList(mounted).size();
  }
  std::vector<std::string> devices;
  for (std::size_t i = 0; i < count; ++i) {
    devices.push_back(std::to_string(i));
  }
  return devices;
}

}  // namespace

Result<SlotRequest> ParseSlots(std::string_view text) {
  constexpr std::string_view kGpu = "gpu:";
  const bool is_gpu = text.starts_with(kGpu);
  const std::optional<int> count = ParseCount(is_gpu ? text.substr(kGpu.size()) : text);
  if (!count) {
    return InvalidArgument(fmt::format(
        "--slots \"{}\": write a number of runs from 1 to {}, or gpu:M for M GPUs to each run",
        text, kSlotsMax));
  }
  return is_gpu ? SlotRequest{.slots = 1, .gpus_per_run = *count}
                : SlotRequest{.slots = *count, .gpus_per_run = 0};
}

Result<SlotPlan> PlanSlots(const SlotRequest& request, const GpuProbe& probe) {
  SlotPlan plan{.slots = request.slots, .visible_devices = {}};
  if (request.gpus_per_run == 0) {
    return plan;
  }
  const std::vector<std::string> devices = Devices(probe);
  const auto each = static_cast<std::size_t>(request.gpus_per_run);
  if (devices.size() < each) {
    return FailedPrecondition(fmt::format(
        "--slots gpu:{}: this machine shows {} GPUs: ask for fewer, or check nvidia-smi -L "
        "and CUDA_VISIBLE_DEVICES",
        request.gpus_per_run, devices.size()));
  }
  for (std::size_t first = 0; first + each <= devices.size(); first += each) {
    plan.visible_devices.push_back(fmt::format(
        "{}", fmt::join(devices.begin() + static_cast<std::ptrdiff_t>(first),
                        devices.begin() + static_cast<std::ptrdiff_t>(first + each), ",")));
  }
  plan.slots = static_cast<int>(plan.visible_devices.size());
  return plan;
}

std::vector<std::string> ListGpus() {
  std::vector<std::string> lines;
  if (std::FILE* list = ::popen("nvidia-smi -L 2>/dev/null", "re")) {
    std::array<char, 512> line{};
    while (std::fgets(line.data(), line.size(), list) != nullptr) {
      if (const std::string_view text = line.data(); text.starts_with("GPU ")) {
        lines.emplace_back(text);
      }
    }
    ::pclose(list);
  }
  struct stat status{};
  while (lines.empty() || lines.back().starts_with("/dev/")) {
    const std::string device = fmt::format("/dev/nvidia{}", lines.size());
    if (::stat(device.c_str(), &status) != 0) {
      break;
    }
    lines.push_back(device);
  }
  return lines;
}

}  // namespace regatta::agent
