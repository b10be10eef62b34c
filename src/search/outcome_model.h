// What is believed about all outcomes of a trial (objectives, constraints, cost, failure), and what
// a point promises in the light of it.
//
// Not thread-safe. Borrows space, options and encoder, which outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "effort.h"
#include "encoder.h"
#include "hypervolume.h"
#include "posterior.h"
#include "regatta/search/sampler.h"
#include "rung_model.h"
#include "surrogate.h"
#include "transfer.h"
#include "trial_book.h"

namespace regatta::search {

// How a proposal is chosen. With several objectives each of them uses the expected hypervolume
// improvement.
enum class Rule : std::uint8_t {
  kImprovement,      // log expected improvement of the reported best, averaged over the ensemble
  kConfidenceBound,  // mean - kConfidenceWidth σ (after Song et al. 2024, "The Vizier Gaussian
                     // process bandit algorithm")
  kExplore,          // the most uncertain point that may still be good (pure exploration, ibid.)
  kOneMember,        // log expected improvement of one member: what Thompson sampling is to draws
};

// A model is worth asking from this many results on.
inline constexpr std::size_t kModelMin = 4;
// σ of kConfidenceBound.
inline constexpr double kConfidenceWidth = 1.5;
// Added to the variance of the process of failures, whose labels are -1 and 1.
inline constexpr double kFailureVariance = 0.05;

class OutcomeModel {
 public:
  OutcomeModel(const SearchSpace& space, const SamplerOptions& options, const Encoder& encoder,
               std::size_t particles, bool warps, bool bends);
  // Members borrow each other.
  OutcomeModel(const OutcomeModel&) = delete;
  OutcomeModel& operator=(const OutcomeModel&) = delete;

  // Brings the model to the settled trials of `book`, whose coordinates are `units`. What results
  // of trials up to `forgotten` say of objectives is left out (restarts.h); of failures,
  // constraints and cost the model knows all. Requires: nothing is forgotten where trials have
  // curves.
  void Update(const TrialBook& book, std::span<const Unit> units, bool history_changed,
              std::optional<TrialId> forgotten = std::nullopt);
  // Gives the posteriors' memory back until the next Update.
  void Release();
  // Enough results, and a fit that worked.
  bool ready() const;

  // Open trials: each narrows the variance around itself and is believed to give what is predicted.
  void DropPending();
  void AddPending(std::span<const Unit> units);
  std::span<const Unit> pending() const { return pending_; }

  // Scores for `units`, higher is better. `chosen` picks by chance the members that a lower effort
  // asks.
  void Score(std::span<const Unit> units, Effort effort, Rule rule, std::size_t chosen,
             std::vector<double>& scores);

  // Whether ScoreSlopes can be asked for proposals by `rule`.
  bool HasSlopes(Rule rule) const;
  // Scores of kLook effort and their derivatives by the coordinates: slopes[i][d], of numbers that
  // are active; 0 for the rest. Requires: HasSlopes(rule).
  void ScoreSlopes(std::span<const Unit> units, Rule rule, std::size_t chosen,
                   std::vector<double>& scores, std::vector<Unit>& slopes);

  // The first objective of a trial, lower is better; infinite for what is no feasible result.
  double ValueOf(const Trial& trial) const;

  // How many results count.
  std::size_t results() const { return results_; }
  // Results (and imputed failures), and the best few of them, best first.
  std::span<const Unit> rows() const { return units_; }
  std::vector<Unit> Best(std::size_t count) const;
  // Length scales of a member of the first objective's ensemble.
  std::vector<double> Scales(std::size_t chosen) const;
  double noise_to_signal() const { return objectives_.front()->noise_to_signal(); }

  const Surrogate& objective(std::size_t k) const { return *objectives_[k]; }

  // What the ensemble expects of the first objective, in its own sign; at full length if trials
  // have one. Requires: ready().
  std::vector<double> ExpectedAtEnd(std::span<const Unit> units) const;

  // Fills in what is predicted for the first objective.
  void Explain(const Unit& unit, Explanation& why);

  // ln of the users' prior belief in a point, 0 without priors.
  double LogPriorBelief(const Unit& unit) const;

 private:
  void BuildHistory(const TrialBook& book, std::span<const Unit> units);
  // What is seen of constraints, cost and failures is no longer what was.
  void InvalidateSides();
  void UpdateSide(const TrialBook& book, std::span<const Unit> units, bool history_changed);
  void UpdateFailures(const TrialBook& book, std::span<const Unit> units, bool history_changed);
  void ScoreSingle(const Rows& points, const std::vector<std::size_t>& members, Rule rule,
                   Effort effort, std::vector<double>& scores);
  void ScoreMany(const Rows& points, const std::vector<std::size_t>& members, Effort effort,
                 std::vector<double>& scores);
  // As exactly as the effort asks for: candidates are sifted by rough variances.
  void PredictFor(Effort effort, const Posterior& member, const Rows& points, double* mean,
                  double* variance);
  void AddCost(const Rows& points, Rule rule, std::vector<double>& scores);
  void AddFeasibility(const Rows& points, std::vector<double>& scores);
  std::vector<std::size_t> Members(Effort effort, Rule rule, std::size_t chosen) const;
  void MixEarlier(const Rows& points, const std::vector<std::size_t>& members,
                  std::vector<Posterior::Slopes>& at) const;
  // Add the objectives' part of the scores, and its slopes by column, column by column.
  void AddSlopesOfOne(const Rows& points, const std::vector<std::size_t>& members, Rule rule,
                      std::vector<double>& scores, std::vector<double>& by_column);
  void AddSlopesOfMany(const Rows& points, const std::vector<std::size_t>& members,
                       std::vector<double>& scores, std::vector<double>& by_column);
  // What can still be won beyond the front that a member sees, for 2 or 3 objectives.
  ExpectedHypervolumeImprovement VolumeBeyond(std::size_t member) const;
  void AddSideSlopes(const Rows& points, Rule rule, std::vector<double>& scores,
                     std::vector<double>& by_column);
  void AddPriorSlopes(std::span<const Unit> units, std::vector<double>& scores,
                      std::vector<Unit>& slopes) const;
  // Power of the cost that an improvement is divided by, after as many trials as there are; 0 for
  // rules that score none, and where nothing is feasible yet.
  double CostWeight(Rule rule) const;
  // Weight of the priors, after as many results as there are.
  double PriorWeight() const;
  // The coordinate that the prior of dimension d, which has one, points at.
  double PriorPlace(std::size_t d) const;
  // The points as the surrogates see them: at the end of their curves, if they have any.
  std::vector<Unit> Seen(std::span<const Unit> units) const;
  Rows SeenRows(std::span<const Unit> units) const;
  double ExploreLimit() const;
  void PlaceEarlier();

  const SearchSpace* space_;
  const SamplerOptions* options_;
  const Encoder* encoder_;
  std::unique_ptr<RungModel> rungs_;  // null: trials have no curves
  double seen_end_ = 0;               // where the rows of constraints, cost and failures lie
  std::vector<std::unique_ptr<Surrogate>> objectives_;
  std::vector<std::unique_ptr<Surrogate>> constraints_;
  std::unique_ptr<Surrogate> cost_;
  std::unique_ptr<Surrogate> failures_;
  bool has_failure_model_ = false;
  bool has_constraint_model_ = false;
  bool has_cost_model_ = false;
  bool any_feasible_ = true;
  bool has_priors_ = false;

  std::optional<TrialId> forgotten_;
  std::vector<Unit> units_;
  std::vector<std::vector<double>> y_;  // per objective, lower is better
  std::vector<bool> feasible_;          // per row
  std::size_t results_ = 0;             // rows that are results; the rest are imputed failures
  std::size_t all_results_ = 0;         // the forgotten ones, too
  std::vector<Unit> failed_units_;
  std::size_t settled_ = 0;  // trials that have ended

  std::vector<Unit> pending_;
  // Per member, single objective: the lowest result, and what is believed to lie behind it.
  std::vector<double> bests_;
  std::vector<double> believed_;
  // Per member, several objectives: what no other result dominates, and how far all results reach
  // in each objective.
  std::vector<std::vector<Outcome>> fronts_;
  std::vector<Outcome> ranges_;
  // What earlier searches say; null without any. Predictions of a member mix with theirs around the
  // mean and spread of the results as that member sees them.
  std::unique_ptr<EarlierKnowledge> earlier_;
  struct Place {
    double mean = 0;
    double spread = 1;
  };
  std::vector<Place> places_;  // per member
  Posterior::Scratch scratch_;
};

}  // namespace regatta::search
