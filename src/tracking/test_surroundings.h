// What tests put around a run.
#pragma once

#include "regatta/tracking/run_surroundings.h"

namespace regatta::tracking {

class TestSurroundings : public RunSurroundings {
 public:
  std::string_view EntityName() const override { return "team"; }
  std::string_view ProjectName() const override { return "demo"; }
  std::string UserName(UserId user) const override { return user == UserId{1} ? "ann" : ""; }
  // Ten lines for each run before.
  std::int64_t HistoryLineCount(RunId run) const override { return 10 * ToInt(run); }
};

}  // namespace regatta::tracking
