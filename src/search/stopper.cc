#include "regatta/search/stopper.h"

#include <fmt/format.h>

#include "stoppers.h"

namespace regatta::search {

Result<std::unique_ptr<EarlyStopper>> MakeStopper(const StopperOptions& options) {
  if (options.type == "hyperband") {
    return MakeHyperband(options);
  }
  return InvalidArgument(
      fmt::format("early_terminate: type \"{}\" is unknown; there is hyperband", options.type));
}

}  // namespace regatta::search
