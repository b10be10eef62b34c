// Points: how they come into being, wait, are counted and are told to the search.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "regatta/base/check.h"
#include "regatta/base/rng.h"
#include "regatta/sweeps/sweep.h"
#include "sweep_rules.h"

namespace regatta::sweeps {
namespace {

// Grid numbers looked at in one event: enough to cross any gap that a sound sweep has, few enough
// to keep a heartbeat short. A longer gap is crossed by several heartbeats.
constexpr std::uint64_t kGridWorkMax = 200'000;
// Points that a search should have at hand: as many as the largest agent takes in one heartbeat,
// within these.
constexpr std::uint32_t kReadyMin = 3;
constexpr std::uint32_t kReadyMax = 16;

}  // namespace

std::uint32_t Sweep::AddPoint(PointOrigin origin, ProposedPoint proposed) {
  const auto index = static_cast<std::uint32_t>(points_.size());
  PointRecord point;
  point.index = index;
  point.group = index;
  point.origin = origin;
  point.grid_index = proposed.grid_index;
  point.args_json = std::move(proposed.args_json);
  point.why = std::move(proposed.why);
  point.state = PointState::kKilled;  // in no queue yet; the caller moves it on at once
  points_.push_back(std::move(point));
  is_point_dirty_.push_back(false);
  point_attempts_.emplace_back();
  EditPoint(index);
  CoverGrid(points_[index]);
  return index;
}

void Sweep::AddRepeats(std::uint32_t first) {
  for (std::int64_t repeat = 1; repeat < settings_.repeats; ++repeat) {
    if (settings_.run_cap && counted_ >= static_cast<std::uint64_t>(*settings_.run_cap)) {
      return;
    }
    const std::uint32_t index =
        AddPoint(points_[first].origin,
                 {points_[first].args_json, points_[first].grid_index, points_[first].why});
    PointRecord& point = points_[index];
    point.group = first;
    point.repeat = static_cast<std::uint32_t>(repeat);
    Count(point);
    OpenPoint(point, kRankRepeat, "");
  }
}

void Sweep::Count(PointRecord& point) {
  if (!point.is_counted) {
    point.is_counted = true;
    ++counted_;
  }
}

void Sweep::Uncount(PointRecord& point) {
  if (point.is_counted) {
    point.is_counted = false;
    --counted_;
  }
}

void Sweep::MovePoint(PointRecord& point, PointState state, std::string why) {
  EditPoint(point.index);
  if (point.state == PointState::kOpen) {
    queue_.erase({point.queue_rank, point.queue_order, point.index});
  }
  active_ -= point.state == PointState::kActive ? 1 : 0;
  active_ += state == PointState::kActive ? 1 : 0;
  point.state = state;
  point.result.reset();
  point.ended_order = IsClosed(state) ? EditSweep().queue_next++ : 0;
  point.ended_why = std::move(why);
}

void Sweep::OpenPoint(PointRecord& point, std::uint8_t rank, std::string why) {
  MovePoint(point, PointState::kOpen, std::move(why));
  point.queue_rank = rank;
  point.queue_order = EditSweep().queue_next++;
  queue_.insert({point.queue_rank, point.queue_order, point.index});
}

void Sweep::CoverGrid(const PointRecord& point) {
  if (point.grid_index) {
    ++grid_covered_[*point.grid_index];
  }
}

void Sweep::UncoverGrid(PointRecord& point) {
  const auto covered = grid_covered_.find(point.grid_index.value_or(0));
  if (!point.grid_index || covered == grid_covered_.end()) {
    return;
  }
  if (--covered->second == 0) {
    grid_covered_.erase(covered);
  }
}

void Sweep::Tell(std::uint32_t group) {
  TrialView trial;
  trial.group = group;
  trial.first = &points_[group];
  std::size_t open = 0;
  std::size_t running = 0;
  std::size_t finished = 0;
  std::size_t failed = 0;
  std::size_t lost = 0;
  for (std::size_t i = group; i < points_.size() && points_[i].group == group; ++i) {
    const PointRecord& point = points_[i];
    const std::optional<std::uint32_t> serial = point.result ? point.result : point.attempt;
    if (point.state == PointState::kDeleted) {
      continue;
    }
    const AttemptRecord* attempt = serial ? &attempts_[*serial] : nullptr;
    if (attempt != nullptr) {
      trial.attempts.push_back(attempt);
      trial.history = &history_[*serial];
    }
    open += IsClosed(point.state) ? 0 : 1;
    running += attempt != nullptr && (attempt->state == AttemptState::kRunning ||
                                      attempt->state == AttemptState::kPreempting)
                   ? 1
                   : 0;
    finished += point.state == PointState::kFinished ? 1 : 0;
    failed += point.state == PointState::kFailed || point.state == PointState::kKilled ? 1 : 0;
    lost += attempt != nullptr && IsClosed(point.state) && attempt->state == AttemptState::kLost &&
                    attempt->cause == FailureCause::kLost
                ? 1
                : 0;
  }
  using State = TrialView::State;
  if (open > 0) {
    trial.state = running > 0 ? State::kRunning : State::kPending;
  } else if (finished > 0) {
    trial.state = State::kFinished;
  } else if (failed > lost) {
    trial.state = State::kFailed;
  } else {
    trial.state = lost > 0 ? State::kLost : State::kGone;
  }
  source_->Tell(trial);
}

void Sweep::TellChanged() {
  for (const std::uint32_t group : std::exchange(changed_groups_, {})) {
    Tell(group);
  }
}

// --- what there is to hand out -------------------------------------------------------------------

bool Sweep::CanIssue(std::string* why) const {
  const BudgetConfig& budget = settings_.budget;
  if (sweep_.is_target_reached) {
    *why = fmt::format("The target {} of {} is reached.", *settings_.metric->target,
                       settings_.metric->name);
    return false;
  }
  if (budget.runs && sweep_.attempts_issued >= static_cast<std::uint64_t>(*budget.runs)) {
    *why = fmt::format("The budget of {} runs is used up.", *budget.runs);
    return false;
  }
  if (budget.hours && sweep_.started &&
      std::chrono::duration<double>(sweep_.time - *sweep_.started).count() >=
          *budget.hours * 3600) {
    *why = fmt::format("The budget of {} hours is used up.", *budget.hours);
    return false;
  }
  if (budget.gpu_hours && GpuSeconds() >= *budget.gpu_hours * 3600) {
    *why = fmt::format("The budget of {} GPU hours is used up.", *budget.gpu_hours);
    return false;
  }
  return true;
}

bool Sweep::CanCreate(std::string* why) const {
  if (settings_.run_cap && counted_ >= static_cast<std::uint64_t>(*settings_.run_cap)) {
    *why = fmt::format("run_cap of {} is reached.", *settings_.run_cap);
    return false;
  }
  return true;
}

std::optional<std::uint32_t> Sweep::NextPoint() {
  std::string why;
  if (!CanIssue(&why)) {
    return std::nullopt;
  }
  if (!queue_.empty()) {
    const QueueEntry first = *queue_.begin();
    if (points_[first.point].is_counted) {
      return first.point;
    }
    if (CanCreate(&why)) {
      Count(EditPoint(first.point));
      return first.point;
    }
    return std::nullopt;
  }
  return CanCreate(&why) ? NextNewPoint() : std::nullopt;
}

std::optional<std::uint32_t> Sweep::NextNewPoint() {
  if (settings_.is_search_external || sweep_.is_controller_done) {
    return std::nullopt;
  }
  std::optional<ProposedPoint> proposed;
  PointOrigin origin = PointOrigin::kInitial;
  while (!proposed && sweep_.initial_next < source_->initial_points()) {
    proposed = source_->InitialPoint(EditSweep().initial_next++);
    if (proposed && proposed->grid_index && grid_covered_.contains(*proposed->grid_index)) {
      proposed.reset();
    }
  }
  if (!proposed && source_->grid_size()) {
    origin = PointOrigin::kGrid;
    proposed = NextGridPoint();
  } else if (!proposed && !sweep_.is_source_exhausted) {
    origin = PointOrigin::kSearch;
    TellChanged();
    Result<std::optional<ProposedPoint>> answer =
        source_->Propose(static_cast<std::uint32_t>(points_.size()), sweep_.search_next);
    if (!answer && answer.error().code == ErrorCode::kUnavailable) {
      return std::nullopt;  // the agent asks again
    }
    if (!answer) {
      SetState(SweepState::kFailed, "The search cannot go on: " + answer.error().message);
      return std::nullopt;
    }
    proposed = *std::move(answer);
    ++EditSweep().search_next;
    sweep_.is_source_exhausted = !proposed;
  }
  if (!proposed) {
    return std::nullopt;
  }
  const std::uint32_t index = AddPoint(origin, *std::move(proposed));
  Count(points_[index]);
  AddRepeats(index);
  return index;
}

void Sweep::PrepareNext() {
  std::string why;
  const bool is_wanted =
      (sweep_.state == SweepState::kPending || sweep_.state == SweepState::kRunning) &&
      !settings_.is_search_external && !sweep_.is_controller_done && !sweep_.is_source_exhausted &&
      CanIssue(&why) && CanCreate(&why);
  source_->Prepare(static_cast<std::uint32_t>(points_.size()),
                   static_cast<std::uint32_t>(settings_.repeats),
                   is_wanted ? std::clamp(slots_max_, kReadyMin, kReadyMax) : 0);
}

void Sweep::SkipGrid() {
  const std::uint64_t size = source_->grid_size().value_or(0);
  std::uint64_t next = sweep_.grid_next;
  const std::uint64_t end = next + std::min(size - next, kGridWorkMax);
  while (next < end) {
    if (!source_->NextGridPoint(next, end - next, &next) || !grid_covered_.contains(next)) {
      break;
    }
    ++next;
  }
  if (next != sweep_.grid_next) {
    EditSweep().grid_next = next;
  }
}

std::optional<ProposedPoint> Sweep::NextGridPoint() {
  SkipGrid();
  const std::uint64_t number = sweep_.grid_next;
  std::uint64_t same = 0;
  if (number >= *source_->grid_size() || !source_->NextGridPoint(number, 1, &same)) {
    return std::nullopt;
  }
  ++EditSweep().grid_next;
  ProposedPoint proposed = source_->GridPoint(number);
  proposed.grid_index = number;
  return proposed;
}

bool Sweep::IsSourceDone() const {
  if (settings_.is_search_external || sweep_.is_controller_done) {
    return sweep_.is_controller_done;
  }
  if (sweep_.initial_next < source_->initial_points()) {
    return false;
  }
  const std::optional<std::uint64_t> size = source_->grid_size();
  return size ? sweep_.grid_next >= *size : sweep_.is_source_exhausted;
}

void Sweep::FinishIfDone(bool is_agent_asking) {
  const bool can_finish = sweep_.state == SweepState::kRunning ||
                          (sweep_.state == SweepState::kPending && is_agent_asking);
  if (!can_finish || active_ > 0) {
    return;
  }
  std::string why;
  const bool is_waiting = !queue_.empty() && points_[queue_.begin()->point].is_counted;
  if (!CanIssue(&why) || (!is_waiting && !CanCreate(&why))) {
    SetState(SweepState::kFinished, why);
    return;
  }
  if (!queue_.empty()) {
    return;
  }
  if (source_->grid_size() && !settings_.is_search_external) {
    SkipGrid();
  }
  if (IsSourceDone()) {
    SetState(SweepState::kFinished, "Every point of the search is done.");
  }
}

void Sweep::SetState(SweepState state, std::string why) {
  EditSweep().state = state;
  sweep_.why = std::move(why);
}

}  // namespace regatta::sweeps
