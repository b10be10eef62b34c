#include "journaled_search.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "regatta/sweeps/problem.h"
#include "regatta/sweeps/search_options.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::app {

using search::Trial;
using search::TrialState;
using sweeps::Value;

Result<std::unique_ptr<JournaledSearch>> JournaledSearch::Create(const Value& config,
                                                                 std::optional<std::uint64_t> seed,
                                                                 bool is_resumable) {
  if (!config.is_map() && !config.is_string()) {
    return InvalidArgument("\"config\" is a sweep file as a JSON object or as its text");
  }
  const std::string text = config.is_string() ? config.as_string() : sweeps::ToJson(config);
  Result<sweeps::ParsedSweep> parsed = sweeps::ParseSweepConfig(text);
  if (!parsed) return parsed.error();
  const Result<sweeps::ParameterSpace> space = sweeps::ParameterSpace::Build(parsed->config);
  if (!space) return space.error();
  auto made = std::unique_ptr<JournaledSearch>(new JournaledSearch(*space));
  Result<search::SamplerOptions> options =
      sweeps::MakeSamplerOptions(parsed->config, *space, seed.value_or(0));
  if (!options) return options.error();
  if (seed) options->seed = *seed;
  made->options_ = *std::move(options);
  made->population_options_ = sweeps::MakePopulationOptions(parsed->config, made->options_);
  made->sampler_name_ = sweeps::SamplerName(parsed->config);
  auto sampler = search::MakeSampler(made->sampler_name_, space->search_space(), made->options_);
  if (!sampler) return sampler.error();
  made->sampler_ = *std::move(sampler);
  if (parsed->config.early_terminate) {
    search::StopperOptions stop = sweeps::MakeStopperOptions(parsed->config);
    stop.seed = made->options_.seed;
    auto stopper = search::MakeStopper(stop);
    if (!stopper) return stopper.error();
    made->stopper_ = *std::move(stopper);
    made->counts_values_ = parsed->config.early_terminate->resource.empty();
  }
  if (is_resumable) {
    if (!parsed->config.early_terminate ||
        parsed->config.early_terminate->type != sweeps::EarlyTerminateType::kAsha ||
        !made->options_.fidelity) {
      return InvalidArgument(
          "\"resumable\" needs one objective and early_terminate of type asha with max_iter");
    }
    auto promoter =
        search::Promoter::Create(*made->options_.fidelity, made->options_.objectives.front().goal);
    if (!promoter) return promoter.error();
    made->promoter_ = *std::move(promoter);
    made->stopper_.reset();  // who does not go on waits
  }
  if (parsed->config.metric) {
    made->metric_names_.push_back(parsed->config.metric->name);
  } else {
    for (const sweeps::MetricEntry& entry : parsed->config.metrics) {
      (entry.is_objective() ? made->metric_names_ : made->constraint_names_).push_back(entry.name);
    }
    if (made->metric_names_.empty()) made->metric_names_.emplace_back("value");
  }
  made->warnings_ = sweeps::WarningTexts(parsed->problems);
  made->state_.config = config;
  made->state_.seed = made->options_.seed;
  made->state_.is_resumable = is_resumable;
  return made;
}

Result<std::unique_ptr<JournaledSearch>> JournaledSearch::Restore(const SearchState& state) {
  Result<std::unique_ptr<JournaledSearch>> made =
      Create(state.config, state.seed, state.is_resumable);
  if (!made) return made.error();
  for (std::size_t i = 0; i < state.journal.size(); ++i) {
    if (Result<void> applied = (*made)->Apply(state.journal[i]); !applied) {
      return WithContext(fmt::format("state.log[{}]", i), applied.error());
    }
  }
  return made;
}

std::span<const search::Observation> JournaledSearch::ReportedSinceChange(
    const Trial& trial) const {
  const auto change = reported_before_change_.find(trial.id);
  const std::span<const search::Observation> all = trial.observations;
  return change == reported_before_change_.end() ? all : all.subspan(change->second);
}

// Whether the point of a state is one that this space could have made.
Result<void> JournaledSearch::CheckPoint(const search::Point& point) const {
  const search::SearchSpace& space = space_.search_space();
  if (point.size() != space.size()) {
    return InvalidArgument(
        fmt::format("the point has {} values for {} parameters", point.size(), space.size()));
  }
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (!point[i]) continue;
    const search::Distribution& distribution = space[i].distribution;
    const auto* category = std::get_if<search::CategoryIndex>(&*point[i]);
    const bool is_sound = distribution.is_categorical()
                              ? category != nullptr && category->index >= 0 &&
                                    category->index < distribution.spec().categories
                              : category == nullptr && std::isfinite(search::AsNumber(*point[i]));
    if (!is_sound) {
      return InvalidArgument(fmt::format("the point has no value of \"{}\"", space[i].name));
    }
  }
  return Ok();
}

Result<void> JournaledSearch::CheckMember(const Trial& trial) const {
  if (stopper_ != nullptr || promoter_) {
    return FailedPrecondition(
        "a trial that exploits has no curve of one setting, which `early_terminate` compares: "
        "open the search without it");
  }
  if (trial.state == TrialState::kPending) {
    return FailedPrecondition(
        fmt::format("trial {} has reported nothing: `report` its value first", trial.id));
  }
  if (trial.state != TrialState::kRunning) {
    return FailedPrecondition(
        fmt::format("trial {} has ended: `exploit` is for running trials", trial.id));
  }
  return Ok();
}

// Whether the step of a population is one that it could have made.
Result<void> JournaledSearch::CheckStep(const JournalEntry& entry, const Trial& trial) const {
  if (!entry.interval) return Ok();
  if (entry.parent &&
      (*entry.parent >= trials_.size() || trials_[*entry.parent].observations.empty())) {
    return InvalidArgument(
        fmt::format("the parent {} of trial {} has reported nothing", *entry.parent, trial.id));
  }
  if (!entry.parent && entry.point != trial.values) {
    return InvalidArgument(
        fmt::format("trial {} changes its parameters without a parent", trial.id));
  }
  return Ok();
}

// The trial as it will be. Errors: the entry does not fit what is there.
Result<Trial> JournaledSearch::Changed(const JournalEntry& entry) const {
  using Kind = JournalEntry::Kind;
  const bool is_new = entry.kind == Kind::kAsked || entry.kind == Kind::kAdded;
  if (is_new ? entry.id != trials_.size() : entry.id >= trials_.size()) {
    return InvalidArgument(fmt::format("trial {} is out of order", entry.id));
  }
  if (is_new || entry.kind == Kind::kExploited) {
    if (Result<void> checked = CheckPoint(entry.point); !checked) return checked.error();
  }
  Trial trial = is_new ? Trial{.id = entry.id, .values = entry.point} : trials_[entry.id];
  if (entry.kind == Kind::kAsked) trial.grid_index = entry.grid_index;
  if (entry.kind == Kind::kAdded || entry.kind == Kind::kTold) {
    const bool is_finished = entry.state == TrialState::kFinished;
    if (entry.kind == Kind::kTold && entry.state == TrialState::kPending) {
      return InvalidArgument("what was told is how a trial ended: it cannot be pending");
    }
    if (entry.objectives.size() != (is_finished ? metric_names_.size() : 0) ||
        entry.constraints.size() > constraint_names_.size()) {
      return InvalidArgument("the number of values is not the number of metrics");
    }
    trial.state = entry.state;
    trial.objectives = entry.objectives;
    trial.constraints = entry.constraints;
    trial.cost = entry.cost;
  }
  if (entry.kind == Kind::kReported) {
    if (trial.state != TrialState::kPending && trial.state != TrialState::kRunning) {
      return FailedPrecondition(
          fmt::format("trial {} has ended: report its steps before `tell`", entry.id));
    }
    if (!trial.observations.empty() && entry.step <= trial.observations.back().step) {
      return InvalidArgument(fmt::format("step {} of trial {} does not come after step {}",
                                         entry.step, entry.id, trial.observations.back().step));
    }
    trial.state = TrialState::kRunning;
    trial.observations.push_back({entry.step, entry.value});
  }
  if (entry.kind == Kind::kExploited) {
    if (Result<void> checked = CheckMember(trial); !checked) return checked.error();
    if (Result<void> checked = CheckStep(entry, trial); !checked) return checked.error();
    // From here on it is a trial of its new parameters: what it is told counts for them.
    trial.values = entry.point;
  }
  if (entry.kind == Kind::kResumed && (!promoter_ || !promoter_->IsPaused(entry.id))) {
    return FailedPrecondition(fmt::format("trial {} does not wait", entry.id));
  }
  return trial;
}

Trial JournaledSearch::AsTold(Trial trial) const {
  if (!options_.fidelity) {
    trial.observations.clear();
    return trial;
  }
  const bool is_open = trial.state == TrialState::kPending || trial.state == TrialState::kRunning;
  const bool is_maximized = options_.objectives.front().goal == search::Goal::kMaximize;
  const bool is_paused = is_open && promoter_ && promoter_->IsPaused(trial.id);
  trial.observations =
      search::AtRungs(*options_.fidelity, is_maximized,
                      counts_values_ ? search::Counted(trial.observations) : trial.observations,
                      !is_open || is_paused);
  if (is_paused && !trial.observations.empty()) {
    trial.state = TrialState::kFinished;
    trial.objectives = {trial.observations.back().value};
  }
  return trial;
}

void JournaledSearch::TellStopper(const JournalEntry& entry, const Trial& trial) {
  if (promoter_) TellPromoter(entry, trial);
  if (stopper_ == nullptr) return;
  if (entry.kind == JournalEntry::Kind::kReported) {
    const auto values = static_cast<std::int64_t>(trial.observations.size());
    stopper_->Report(trial.id, counts_values_ ? values : entry.step, entry.value);
  } else if (entry.kind == JournalEntry::Kind::kTold) {
    stopper_->SetRunning(trial.id, false);
    if (EndedShort(trial)) stopper_->MarkStopped(trial.id);
  }
}

// The journal keeps a stopped trial as a finished one; short of the full length it was stopped.
bool JournaledSearch::EndedShort(const Trial& trial) const {
  if (trial.state != search::TrialState::kFinished || trial.observations.empty() ||
      !options_.fidelity || !options_.fidelity->max) {
    return false;
  }
  const std::int64_t reached = counts_values_ ? static_cast<std::int64_t>(trial.observations.size())
                                              : trial.observations.back().step;
  return reached < *options_.fidelity->max;
}

void JournaledSearch::TellPromoter(const JournalEntry& entry, const Trial& trial) {
  using Kind = JournalEntry::Kind;
  if (entry.kind == Kind::kReported) {
    const auto values = static_cast<std::int64_t>(trial.observations.size());
    promoter_->Report(trial.id, counts_values_ ? values : entry.step, entry.value);
  } else if (entry.kind == Kind::kTold) {
    promoter_->End(trial.id);
  } else if (entry.kind == Kind::kResumed) {
    promoter_->Resume(trial.id);
  }
}

// Called while the trial is as it was.
void JournaledSearch::TellPopulation(const JournalEntry& entry) {
  using Kind = JournalEntry::Kind;
  if (entry.kind == Kind::kTold) population_.End(entry.id, entry.state == TrialState::kFailed);
  if (entry.kind != Kind::kExploited || !entry.interval) return;
  const double loaded = trials_[entry.parent.value_or(entry.id)].observations.back().value;
  population_.Add(trials_[entry.id], {*entry.interval, entry.parent, entry.point, entry.why},
                  loaded);
}

Result<void> JournaledSearch::Apply(JournalEntry entry) {
  Result<Trial> trial = Changed(entry);
  if (!trial) return trial.error();
  // Only a point that came with the request can be refused.
  const bool is_new = entry.id == trials_.size();
  if (is_new) {
    if (Result<void> told = sampler_->Tell(AsTold(*trial)); !told) return told;
  }
  TellStopper(entry, *trial);
  if (!is_new) {
    // What the sampler hears depends on whether the trial pauses now.
    if (Result<void> told = sampler_->Tell(AsTold(*trial)); !told) return told;
  }
  TellPopulation(entry);
  if (entry.kind == JournalEntry::Kind::kExploited && (entry.parent || !entry.interval)) {
    reported_before_change_[entry.id] = trial->observations.size();
  }
  if (entry.id == trials_.size()) {
    trials_.push_back(*std::move(trial));
  } else {
    trials_[entry.id] = *std::move(trial);
  }
  state_.journal.push_back(std::move(entry));
  return Ok();
}

search::StopDecision JournaledSearch::Decide(search::TrialId id) const {
  if (stopper_ == nullptr) return {};
  if (stopper_->wants_expectations()) {
    // Only a stop can be taken back by what the model expects; what it expected earlier, which
    // nobody knows after a restart, does not count.
    stopper_->Expect({});
    if (stopper_->Decide(id).stop) stopper_->Expect(sampler_->ExpectedEnds());
  }
  return stopper_->Decide(id);
}

}  // namespace regatta::app
