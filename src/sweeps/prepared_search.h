// A sampler whose next suggestions are made ahead of time, on another thread.
//
// What the owner tells is queued, which costs next to nothing. Work in the background hands the
// queue to the sampler in its order, refreshes the model, and makes the next few suggestions, each
// resting on all that was told and on the suggestions before it as pending trials. A suggestion
// carries the version of the knowledge that it rests on; what is told afterwards makes it an older
// one. So an answer of Take is the very point that the sampler would have proposed at that moment,
// to the last bit, and which answers came in time changes nothing that comes later.
//
// The owner calls from one thread; readiness() is for all.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/sampler.h"
#include "regatta/sweeps/background.h"

namespace regatta::sweeps {

// A search that can give memory back.
class Coolable {
 public:
  virtual ~Coolable() = default;
  virtual void Cool() = 0;
};

// The searches used last. A posterior takes megabytes, and can be had again for some milliseconds:
// only so many keep theirs. Thread-safe.
class WarmSearches {
 public:
  explicit WarmSearches(std::size_t count_max) : count_max_(count_max) {}

  // `search` has just been used; the one unused for longest may be cooled for it.
  void Used(const std::shared_ptr<Coolable>& search);

 private:
  const std::size_t count_max_;
  std::mutex mutex_;
  std::list<std::weak_ptr<Coolable>> used_;  // newest first; guarded by mutex_
};

class PreparedSearch {
 public:
  // `follows_ends`: Expected is wanted. Requires: `background.post` is not empty.
  PreparedSearch(std::unique_ptr<search::Sampler> sampler, Background background,
                 bool follows_ends = false);
  // Does not wait: work under way ends by itself, and its result is dropped.
  ~PreparedSearch();
  PreparedSearch(const PreparedSearch&) = delete;
  PreparedSearch& operator=(const PreparedSearch&) = delete;

  void Tell(search::Trial trial);
  void Forget(search::TrialId id);

  // The next suggestions will be asked for the trials next, next + stride, ...; `count` of them are
  // kept at hand. 0: none will be asked for, and nothing is computed.
  void Prepare(search::TrialId next, search::TrialId stride, std::size_t count);

  // What the sampler proposes for `id` now that it knows all that was told: a suggestion, nothing
  // if the space is used up, or its error. kUnavailable: not known yet. A suggestion is given once,
  // and has to be told as a pending trial next.
  Result<std::optional<search::Suggestion>> Take(search::TrialId id);
  // A suggestion that rests on less than what was told, if one is left. Given once.
  std::optional<search::Suggestion> TakeOlder();

  // What the sampler expects of trials (Sampler::ExpectedEnds), as of the last work done in the
  // background; a new object after each. Null: none yet, or not followed.
  std::shared_ptr<const std::vector<search::ExpectedEnd>> Expected() const;

  std::shared_ptr<Readiness> readiness() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace regatta::sweeps
