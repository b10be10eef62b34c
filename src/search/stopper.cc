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
    {"hyperband", &MakeHyperband},
    {"asha", &MakeAsha},
    {"median", &MakeMedian},
    {"curve", &MakeCurve},
};

}  // namespace

Result<std::unique_ptr<EarlyStopper>> MakeStopper(const StopperOptions& options) {
  std::string types;
  for (const Entry& entry : kStoppers) {
    if (entry.type == options.type) {
      return entry.make(options);
    }
    types += types.empty() ? "" : ", ";
    types += entry.type;
  }
  return InvalidArgument(
      fmt::format("early_terminate: type \"{}\" is unknown; there are {}", options.type, types));
}

}  // namespace regatta::search
