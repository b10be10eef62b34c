#include "regatta/sweeps/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "regatta/base/check.h"
#include "sweep_rules.h"

namespace regatta::sweeps {
namespace {

// The sweep's time moves in steps of at least this, so that busy sweeps do not write their row at
// every event.
constexpr Duration kClockGrain = std::chrono::seconds(1);

}  // namespace

Sweep::Sweep(SweepSettings settings, std::unique_ptr<PointSource> source,
             std::unique_ptr<search::EarlyStopper> stopper)
    : settings_(std::move(settings)), source_(std::move(source)), stopper_(std::move(stopper)) {
  Check(settings_.repeats >= 1, "a sweep repeats its points at least once");
  Check(source_ != nullptr, "a sweep has a source of points");
}

std::unique_ptr<Sweep> Sweep::Create(SweepSettings settings, std::unique_ptr<PointSource> source,
                                     std::unique_ptr<search::EarlyStopper> stopper) {
  return std::unique_ptr<Sweep>(
      new Sweep(std::move(settings), std::move(source), std::move(stopper)));
}

Result<std::unique_ptr<Sweep>> Sweep::Restore(SweepSettings settings,
                                              std::unique_ptr<PointSource> source,
                                              std::unique_ptr<search::EarlyStopper> stopper,
                                              SweepRecords records) {
  std::unique_ptr<Sweep> sweep = Create(std::move(settings), std::move(source), std::move(stopper));
  Result<void> loaded = sweep->Load(std::move(records));
  if (!loaded) {
    return loaded.error();
  }
  return sweep;
}

Result<void> Sweep::Load(SweepRecords records) {
  sweep_ = std::move(records.sweep);
  points_ = std::move(records.points);
  attempts_ = std::move(records.attempts);
  agents_ = std::move(records.agents);
  is_point_dirty_.resize(points_.size());
  is_attempt_dirty_.resize(attempts_.size());
  is_agent_dirty_.resize(agents_.size());
  point_attempts_.resize(points_.size());
  agent_attempts_.resize(agents_.size());
  history_.resize(attempts_.size());

  for (std::uint32_t i = 0; i < agents_.size(); ++i) {
    if (!agent_index_.emplace(agents_[i].id, i).second) {
      return Internal(
          fmt::format("sweep {}: two agents are called {}", settings_.name, agents_[i].id));
    }
    slots_max_ = std::max(slots_max_, agents_[i].slots);
    if (agents_[i].is_quarantined) {
      ++quarantined_hosts_[agents_[i].host];
    }
  }
  for (std::uint32_t i = 0; i < points_.size(); ++i) {
    if (points_[i].index != i || points_[i].group > i) {
      return Internal(fmt::format("sweep {}: point {} is not in its place", settings_.name, i));
    }
    IndexPoint(points_[i]);
  }
  for (std::uint32_t i = 0; i < attempts_.size(); ++i) {
    if (attempts_[i].serial != i || attempts_[i].point >= points_.size()) {
      return Internal(fmt::format("sweep {}: attempt {} has no point", settings_.name, i));
    }
    IndexAttempt(attempts_[i]);
  }
  for (const ValuesRecord& values : records.values) {
    if (values.attempt >= attempts_.size() || values.steps.size() != values.values.size() ||
        values.first != history_[values.attempt].size()) {
      return Internal(fmt::format("sweep {}: the values of attempt {} have a gap at {}",
                                  settings_.name, values.attempt, values.first));
    }
    for (std::size_t i = 0; i < values.values.size(); ++i) {
      history_[values.attempt].push_back({values.steps[i], values.values[i]});
    }
  }
  if (stopper_) {
    for (const AttemptRecord& attempt : attempts_) {
      std::int64_t valid = 0;
      std::int64_t invalid = 0;
      for (const MetricValue& value : history_[attempt.serial]) {
        const std::int64_t count = std::isfinite(value.value) ? ++valid : ++invalid;
        stopper_->Report(attempt.serial, settings_.counts_steps ? value.step : count, value.value);
      }
      if (attempt.state == AttemptState::kDeleted) {
        stopper_->Forget(attempt.serial);
      } else {
        TellStopperState(attempt);
      }
    }
  }
  // In the order in which they ended, which a sampler may depend on; then those that go on.
  std::map<std::uint64_t, std::uint32_t> ended;
  std::vector<std::uint32_t> groups;
  for (const PointRecord& point : points_) {
    if (point.index + 1 < points_.size() && points_[point.index + 1].group == point.group) {
      continue;
    }
    std::uint64_t order = 0;
    for (std::uint32_t i = point.group; i <= point.index; ++i) {
      order = std::max(order, points_[i].ended_order);
    }
    if (order > 0) {
      ended.emplace(order, point.group);
    } else {
      groups.push_back(point.group);
    }
  }
  for (const auto& [order, group] : ended) {
    Tell(group);
  }
  for (const std::uint32_t group : groups) {
    Tell(group);
  }
  PrepareNext();
  return Ok();
}

void Sweep::IndexPoint(const PointRecord& point) {
  counted_ += point.is_counted ? 1 : 0;
  active_ += point.state == PointState::kActive ? 1 : 0;
  if (point.state == PointState::kOpen) {
    queue_.insert({point.queue_rank, point.queue_order, point.index});
  }
  if (point.state != PointState::kDeleted) {
    CoverGrid(point);
  }
  if (!point.schedule_id.empty()) {
    schedule_index_.emplace(point.schedule_id, point.index);
  }
}

void Sweep::IndexAttempt(const AttemptRecord& attempt) {
  run_index_.emplace(attempt.run_id, attempt.serial);
  point_attempts_[attempt.point].push_back(attempt.serial);
  if (IsLeased(attempt.state)) {
    TrackLease(attempt);
  }
}

void Sweep::Begin(Timestamp now) {
  now_ = now;
  transition_ = {};
  if (!sweep_.clock_at) {
    EditSweep().clock_at = now;
    return;
  }
  const Duration step = now - *sweep_.clock_at;
  if (step >= kClockGrain) {
    EditSweep().time += std::min(step, settings_.timing.clock_step_max);
    sweep_.clock_at = now;
  } else if (step <= -kClockGrain) {
    EditSweep().clock_at = now;
  }
}

Transition Sweep::End() {
  TellChanged();
  if (std::exchange(sweep_dirty_, false)) {
    Emit(sweep_);
  }
  for (const std::uint32_t index : std::exchange(dirty_points_, {})) {
    is_point_dirty_[index] = false;
    Emit(points_[index]);
  }
  for (const std::uint32_t serial : std::exchange(dirty_attempts_, {})) {
    is_attempt_dirty_[serial] = false;
    Emit(attempts_[serial]);
  }
  for (const std::uint32_t index : std::exchange(dirty_agents_, {})) {
    is_agent_dirty_[index] = false;
    Emit(agents_[index]);
  }
  PrepareNext();
  return std::exchange(transition_, {});
}

Transition Sweep::EndAndFinish() {
  FinishIfDone();
  return End();
}

SweepRecord& Sweep::EditSweep() {
  sweep_dirty_ = true;
  return sweep_;
}

PointRecord& Sweep::EditPoint(std::uint32_t index) {
  if (!is_point_dirty_[index]) {
    is_point_dirty_[index] = true;
    dirty_points_.push_back(index);
  }
  changed_groups_.insert(points_[index].group);
  return points_[index];
}

AttemptRecord& Sweep::EditAttempt(std::uint32_t serial) {
  if (!is_attempt_dirty_[serial]) {
    is_attempt_dirty_[serial] = true;
    dirty_attempts_.push_back(serial);
  }
  changed_groups_.insert(points_[attempts_[serial].point].group);
  return attempts_[serial];
}

AgentRecord& Sweep::EditAgent(std::uint32_t index) {
  if (!is_agent_dirty_[index]) {
    is_agent_dirty_[index] = true;
    dirty_agents_.push_back(index);
  }
  return agents_[index];
}

Transition Sweep::Tick(Timestamp now) {
  Begin(now);
  while (!leases_.empty() && leases_.begin()->first <= sweep_.time) {
    Expire(leases_.begin()->second);
  }
  return EndAndFinish();
}

// --- queries -------------------------------------------------------------------------------------

const AttemptRecord* Sweep::FindRun(std::string_view run_id) const {
  const auto found = run_index_.find(run_id);
  return found == run_index_.end() ? nullptr : &attempts_[found->second];
}

const AgentRecord* Sweep::FindAgent(std::string_view agent_id) const {
  const auto found = agent_index_.find(agent_id);
  return found == agent_index_.end() ? nullptr : &agents_[found->second];
}

bool Sweep::ShouldStop(std::string_view run_id) const {
  const AttemptRecord* attempt = FindRun(run_id);
  if (attempt == nullptr) {
    return false;
  }
  return attempt->stop != StopCause::kNone || attempt->state == AttemptState::kDeleted ||
         (attempt->state == AttemptState::kLost &&
          points_[attempt->point].state == PointState::kFinished);
}

SweepCounts Sweep::Counts() const {
  SweepCounts counts;
  counts.counted = counted_;
  counts.gpu_hours = GpuSeconds() / 3600;
  for (const PointRecord& point : points_) {
    if (point.origin == PointOrigin::kPrior || point.state == PointState::kDeleted) {
      continue;
    }
    ++counts.points;
    counts.open += point.state == PointState::kOpen ? 1 : 0;
    counts.active += point.state == PointState::kActive ? 1 : 0;
    counts.finished += point.state == PointState::kFinished ? 1 : 0;
    counts.failed += point.state == PointState::kFailed ? 1 : 0;
    counts.killed += point.state == PointState::kKilled ? 1 : 0;
    if (point.state == PointState::kFailed && point.attempt) {
      const AttemptRecord& attempt = attempts_[*point.attempt];
      counts.failed_quickly += attempt.is_quick_failure ? 1 : 0;
    }
  }
  return counts;
}

std::optional<std::uint64_t> Sweep::ExpectedRuns() const {
  const std::optional<std::uint64_t> size = source_->grid_size();
  if (!size) {
    return std::nullopt;
  }
  const std::uint64_t runs = *size * static_cast<std::uint64_t>(settings_.repeats);
  return settings_.run_cap ? std::min(runs, static_cast<std::uint64_t>(*settings_.run_cap)) : runs;
}

bool Sweep::IsBetter(double left, double right) const {
  return settings_.metric && settings_.metric->goal == Goal::kMaximize ? left > right
                                                                       : left < right;
}

const AttemptRecord* Sweep::Best() const {
  const AttemptRecord* best = nullptr;
  for (const AttemptRecord& attempt : attempts_) {
    const PointRecord& point = points_[attempt.point];
    const bool counts = point.result == attempt.serial || attempt.state == AttemptState::kRunning;
    if (counts && attempt.best && (best == nullptr || IsBetter(*attempt.best, *best->best))) {
      best = &attempt;
    }
  }
  return best;
}

std::vector<std::pair<std::string, std::string>> Sweep::Scheduled() const {
  std::vector<std::pair<std::string, std::string>> scheduled;
  for (const PointRecord& point : points_) {
    if (!point.schedule_id.empty() && !point_attempts_[point.index].empty()) {
      scheduled.emplace_back(point.schedule_id,
                             attempts_[point_attempts_[point.index].front()].run_id);
    }
  }
  return scheduled;
}

SweepRecords Sweep::Records() const {
  SweepRecords records{sweep_, points_, attempts_, agents_, {}};
  for (std::uint32_t serial = 0; serial < history_.size(); ++serial) {
    if (history_[serial].empty()) {
      continue;
    }
    ValuesRecord values{serial, 0, {}, {}};
    for (const MetricValue& value : history_[serial]) {
      values.steps.push_back(value.step);
      values.values.push_back(value.value);
    }
    records.values.push_back(std::move(values));
  }
  return records;
}

double Sweep::GpuSeconds() const {
  const Duration active = gpus_active_ * sweep_.time - gpus_active_started_;
  return sweep_.gpu_seconds_ended + std::chrono::duration<double>(active).count();
}

}  // namespace regatta::sweeps
