#include "regatta/search/stopper.h"

#include <fmt/format.h>

#include "stoppers.h"

namespace regatta::search {
namespace {

struct Entry {
  std::string_view type;
  Result<std::unique_ptr<EarlyStopper>> (*make)(const StopperOptions&);
};

constexpr Entry kStoppers[] = {
    {"hyperband", &MakeHyperband}, {"asha", &MakeAsha},   {"model", &MakeModel},
    {"median", &MakeMedian},       {"curve", &MakeCurve},
};

}  // namespace

Result<std::unique_ptr<EarlyStopper>> MakeStopper(const StopperOptions& options) {
  if (!(options.audit >= 0 && options.audit < 1)) {
    return InvalidArgument(
        fmt::format("early_terminate: audit {} must be at least 0 and below 1", options.audit));
  }
  std::string types;
  for (const Entry& entry : kStoppers) {
    if (entry.type == options.type) {
      Result<std::unique_ptr<EarlyStopper>> rule = entry.make(options);
      return rule && options.audit > 0 ? WithAudits(*std::move(rule), options) : std::move(rule);
    }
    types += types.empty() ? "" : ", ";
    types += entry.type;
  }
  return InvalidArgument(
      fmt::format("early_terminate: type \"{}\" is unknown; there are {}", options.type, types));
}

}  // namespace regatta::search
