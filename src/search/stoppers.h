// The early stoppers' constructors; each lives in a file of its own and has one line in stopper.cc.
#pragma once

#include <memory>

#include "regatta/search/stopper.h"

namespace regatta::search {

Result<std::unique_ptr<EarlyStopper>> MakeHyperband(const StopperOptions& options);
Result<std::unique_ptr<EarlyStopper>> MakeAsha(const StopperOptions& options);
Result<std::unique_ptr<EarlyStopper>> MakeModel(const StopperOptions& options);
Result<std::unique_ptr<EarlyStopper>> MakeMedian(const StopperOptions& options);
Result<std::unique_ptr<EarlyStopper>> MakeCurve(const StopperOptions& options);

// `rule`, with options.audit of the trials that it would stop left running.
std::unique_ptr<EarlyStopper> WithAudits(std::unique_ptr<EarlyStopper> rule,
                                         const StopperOptions& options);

}  // namespace regatta::search
