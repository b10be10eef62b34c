// The runs that one transition changes: read once, written once.
#pragma once

#include <map>
#include <string>

#include "regatta/sweeps/sweep_service.h"
#include "regatta/tracking/run.h"

namespace regatta::sweeps {

class SweepService::RunEditor {
 public:
  // `current`, which may be null, is changed in place and stored by somebody else.
  RunEditor(tracking::Tables& tables, const SweepRow& row, tracking::Run* current, Timestamp now)
      : tables_(tables), row_(row), current_(current), now_(now) {}

  Result<void> Create(const CreateRun& change, tracking::UserId user);
  Result<void> Assign(const AssignRun& change);
  Result<void> SetState(const SetRunState& change);
  Result<void> SetStop(const SetRunStop& change);
  // Writes what was changed.
  Result<void> Store();

 private:
  struct Edited {
    tracking::Run run;
    bool is_changed = false;
  };
  // Calls `edit` with the run, if it is still there; `edit` answers whether it changed it.
  template <typename Edit>
  Result<void> With(const std::string& name, Edit edit);

  tracking::Tables& tables_;
  const SweepRow& row_;
  tracking::Run* const current_;
  const Timestamp now_;
  std::map<std::string, Edited> runs_;
};

}  // namespace regatta::sweeps
