// What the samplers share that learn from a TrialBook: all but the grid.
//
// They hear of trials through the book and derive a state from its settled trials, in their order,
// when Refresh or Suggest need it. As long as trials only settle, the state grows at its end; when
// the past itself changes, they begin again from nothing, so that the state is always what a fresh
// sampler would have that was told the same.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "point_picker.h"
#include "regatta/base/function_ref.h"
#include "regatta/search/sampler.h"
#include "trial_book.h"

namespace regatta::search {

// The setting called `name`, or `fallback` if the caller gave none.
double SettingOr(const SamplerOptions& options, std::string_view name, double fallback);

// Not thread-safe. Copies what it is made of.
class BookSampler : public Sampler {
 public:
  Result<void> Tell(const Trial& trial) override;
  void Forget(TrialId id) override;

 protected:
  BookSampler(const SearchSpace& space, const SamplerOptions& options);

  // Whether a settled trial has changed or vanished since the last call: what was derived from the
  // settled trials is void then. True once for any number of such changes.
  bool TakeRewritten();

  // A suggestion without values yet, that knows how many trials it rests on.
  Suggestion Blank(const Batch& batch) const;

  // The first of the caller's initial points that was not handed out yet.
  std::optional<Suggestion> NextInitial(const Batch& batch) const;

  // Calls `propose` for the trials first_id, first_id + 1, ... with what it proposed before, until
  // there are `count` suggestions, it has none (the space is used up) or it fails.
  Result<std::vector<Suggestion>> InTurn(
      TrialId first_id, std::size_t count,
      FunctionRef<Result<std::optional<Suggestion>>(TrialId, const Batch&)> propose) const;

  const SearchSpace space_;
  const SamplerOptions options_;
  const PointPicker picker_;  // borrows space_ and options_
  TrialBook book_;            // borrows space_

 private:
  bool rewritten_ = false;
};

}  // namespace regatta::search
