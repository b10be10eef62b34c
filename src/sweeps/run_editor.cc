#include "run_editor.h"

#include <fmt/format.h>

#include <utility>

#include "regatta/base/rng.h"
#include "regatta/tracking/run_rules.h"

namespace regatta::sweeps {

template <typename Edit>
Result<void> SweepService::RunEditor::With(const std::string& name, Edit edit) {
  if (current_ != nullptr && current_->name == name) {
    edit(*current_);
    return Ok();
  }
  auto known = runs_.find(name);
  if (known == runs_.end()) {
    Result<std::optional<tracking::Run>> found = tables_.runs().FindByName(row_.project, name);
    if (!found) {
      return found.error();
    }
    if (!*found) {
      return Ok();  // deleted since
    }
    known = runs_.emplace(name, Edited{**std::move(found)}).first;
  }
  known->second.is_changed = edit(known->second.run) || known->second.is_changed;
  return Ok();
}

Result<void> SweepService::RunEditor::Create(const CreateRun& change, tracking::UserId user) {
  std::string display_name = change.display_name;
  if (display_name.empty()) {
    Result<std::optional<tracking::Project>> project = tables_.projects().Find(row_.project);
    if (!project) {
      return project.error();
    }
    if (!*project) {
      return NotFound(fmt::format("the project of sweep {} is gone", row_.name));
    }
    display_name = tracking::GeneratedRunName((*project)->next_run_number, EntropySeed());
    (*project)->next_run_number += 1;
    (*project)->updated_at = now_;
    if (Result<void> done = tables_.projects().Update(**project); !done) {
      return done;
    }
  }
  tracking::Run run{.project = row_.project,
                    .name = change.run_id,
                    .display_name = std::move(display_name),
                    .state = tracking::RunState::kPending,
                    .user = user,
                    .config_json = change.args_json,
                    .sweep_name = row_.name,
                    .agent_id = change.agent_id,
                    .created_at = now_,
                    .updated_at = now_,
                    .heartbeat_at = now_};
  if (Result<void> done = tables_.runs().Insert(run); !done) {
    return done;
  }
  runs_.emplace(change.run_id, Edited{std::move(run)});
  return Ok();
}

Result<void> SweepService::RunEditor::Assign(const AssignRun& change) {
  return With(change.run_id, [&](tracking::Run& run) {
    return std::exchange(run.agent_id, change.agent_id) != change.agent_id;
  });
}

Result<void> SweepService::RunEditor::SetState(const SetRunState& change) {
  return With(change.run_id, [&](tracking::Run& run) {
    const bool is_changed = run.state != change.state;
    run.state = change.state;
    if (change.state == tracking::RunState::kRunning && !run.stop_requested) {
      run.stop_reason.clear();  // what ended it once is over
    } else if (!change.why.empty() && (run.stop_reason.empty() || !run.stop_requested)) {
      run.stop_reason = change.why;
    }
    return is_changed;
  });
}

Result<void> SweepService::RunEditor::SetStop(const SetRunStop& change) {
  return With(change.run_id, [&](tracking::Run& run) {
    run.stop_requested = true;
    run.stop_reason = change.why;
    return true;
  });
}

Result<void> SweepService::RunEditor::Store() {
  for (auto& [name, edited] : runs_) {
    if (!edited.is_changed) {
      continue;
    }
    edited.run.updated_at = now_;
    if (Result<void> done = tables_.runs().Update(edited.run); !done) {
      return done;
    }
  }
  return Ok();
}

}  // namespace regatta::sweeps
