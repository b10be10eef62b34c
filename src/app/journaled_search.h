// One search of `regatta search --stdio`: what it is made of, its trials, and how they change.
//
// Every change of a trial is a JournalEntry that Apply carries out, whether it comes from a request
// or from a state; so a search that is restored from its state stands exactly where it stood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "population_log.h"
#include "regatta/base/result.h"
#include "regatta/search/pbt.h"
#include "regatta/search/promotion.h"
#include "regatta/search/sampler.h"
#include "regatta/search/stopper.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/value.h"
#include "search_journal.h"

namespace regatta::app {

// Pure: a function of config, seed and entries, in order. Not thread-safe.
class JournaledSearch {
 public:
  // `config` is a sweep file as a mapping or as its text; without `seed` the file's counts, else 0.
  // `is_resumable`: trials pause at rungs and go on later. Errors: kInvalidArgument as the sweep
  // language says, and where the search cannot pause.
  static Result<std::unique_ptr<JournaledSearch>> Create(const sweeps::Value& config,
                                                         std::optional<std::uint64_t> seed,
                                                         bool is_resumable);
  // Errors: as Create, and for an entry that does not fit, naming it: "state.log[3]".
  static Result<std::unique_ptr<JournaledSearch>> Restore(const SearchState& state);

  const sweeps::ParameterSpace& space() const { return space_; }
  const std::string& sampler_name() const { return sampler_name_; }
  const search::SamplerOptions& options() const { return options_; }
  // Of the objectives and of the outcome constraints, in the order of a trial's values.
  const std::vector<std::string>& metric_names() const { return metric_names_; }
  const std::vector<std::string>& constraint_names() const { return constraint_names_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  // By id. Apply makes references to them void.
  const std::vector<search::Trial>& trials() const { return trials_; }
  // All that Restore needs.
  const SearchState& state() const { return state_; }

  // The trial as the sampler hears of it: with its curve at rungs if the search stops trials early,
  // and as ended there while it pauses.
  search::Trial AsTold(search::Trial trial) const;

  // Carries out one change and keeps it in the journal. Errors: the entry does not fit the trials
  // there are, or its point the space; nothing has changed then.
  Result<void> Apply(JournalEntry entry);

  // Points for the next trials; they are not trials until Apply. Errors: as Sampler::Suggest.
  Result<std::vector<search::Suggestion>> Suggest(std::size_t count) {
    return sampler_->Suggest(trials_.size(), count);
  }
  // Whether the trial should end now, by `early_terminate`.
  search::StopDecision Decide(search::TrialId id) const;
  // Which trials wait and go on; null: nothing pauses.
  const search::Promoter* promoter() const { return promoter_ ? &*promoter_ : nullptr; }

  // Whether the trial belongs to the population that is running. Errors: kFailedPrecondition,
  // saying why it does not.
  Result<void> CheckMember(const search::Trial& trial) const;
  // How members of the population exploit and explore.
  const search::PbtOptions& population_options() const { return population_options_; }
  // What they did so far, if they explore by a bandit.
  const PopulationLog& population() const { return population_; }
  // Whether the trial has gone on with other parameters.
  bool HasExploited(search::TrialId id) const { return reported_before_change_.contains(id); }
  // The values that belong to the trial's present parameters. Borrows `trial`.
  std::span<const search::Observation> ReportedSinceChange(const search::Trial& trial) const;

 private:
  explicit JournaledSearch(sweeps::ParameterSpace space) : space_(std::move(space)) {}

  Result<void> CheckPoint(const search::Point& point) const;
  Result<search::Trial> Changed(const JournalEntry& entry) const;
  void TellStopper(const JournalEntry& entry, const search::Trial& trial);
  bool EndedShort(const search::Trial& trial) const;
  Result<void> CheckStep(const JournalEntry& entry, const search::Trial& trial) const;
  void TellPopulation(const JournalEntry& entry);
  void TellPromoter(const JournalEntry& entry, const search::Trial& trial);

  // Constant after Create.
  sweeps::ParameterSpace space_;
  std::string sampler_name_;
  search::SamplerOptions options_;
  search::PbtOptions population_options_;
  std::vector<std::string> metric_names_;
  std::vector<std::string> constraint_names_;
  std::vector<std::string> warnings_;
  bool counts_values_ = true;  // stopping counts values, not steps

  std::unique_ptr<search::Sampler> sampler_;
  std::unique_ptr<search::EarlyStopper> stopper_;  // null: nothing is stopped early
  std::optional<search::Promoter> promoter_;       // absent: nothing pauses
  std::vector<search::Trial> trials_;
  // Of trials that go on with other parameters: how many values they had reported before.
  std::map<search::TrialId, std::size_t> reported_before_change_;
  PopulationLog population_;
  SearchState state_;
};

}  // namespace regatta::app
