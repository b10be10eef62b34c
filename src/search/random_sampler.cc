// Random and quasi-random search: no model, any space, never slow.
#include <utility>

#include "point_picker.h"
#include "samplers.h"
#include "sobol.h"
#include "trial_book.h"

namespace regatta::search {
namespace {

class RandomSampler : public Sampler {
 public:
  RandomSampler(const SearchSpace& space, const SamplerOptions& options, bool quasi)
      : space_(space),
        options_(options),
        quasi_(quasi),
        picker_(space_, options_),
        book_(space_, options_.objectives.size()),
        sobol_(space_.size(), options_.seed) {}

  Result<void> Tell(const Trial& trial) override {
    Result<TrialBook::Change> change = book_.Tell(trial);
    return change ? Ok() : Result<void>(change.error());
  }

  void Forget(TrialId id) override { book_.Forget(id); }

  Result<std::vector<Suggestion>> Suggest(TrialId first_id, std::size_t count) override {
    std::vector<Suggestion> suggestions;
    Batch batch;
    for (std::size_t n = 0; n < count; ++n) {
      Result<Suggestion> suggestion = One(first_id + n, batch);
      if (!suggestion) {
        return suggestion.error();
      }
      batch.insert(space_.Key(suggestion->values));
      suggestions.push_back(std::move(*suggestion));
    }
    return suggestions;
  }

 private:
  Result<Suggestion> One(TrialId id, const Batch& batch) {
    Suggestion suggestion;
    suggestion.why.trials_known = book_.settled().size();
    suggestion.why.trials_pending = book_.open().size() + batch.size();
    if (std::optional<Point> initial = picker_.NextInitial(book_, batch)) {
      suggestion.why.rule = "initial point";
      suggestion.values = std::move(*initial);
      return suggestion;
    }
    suggestion.why.rule = quasi_ ? "sobol" : "random";
    Rng rng = StreamOf(options_.seed, Stream::kPoint, id);
    const auto draw = [&](std::size_t attempt, std::vector<double>& u) {
      if (quasi_ && attempt == 0) {
        sobol_.At(id, u);
        return;
      }
      for (double& coordinate : u) {
        coordinate = rng.UniformOpen();
      }
    };
    Result<std::optional<Point>> point = picker_.Pick(book_, batch, rng, draw);
    if (!point) {
      return point.error();
    }
    if (*point) {
      suggestion.values = std::move(**point);
      return suggestion;
    }
    // Random search never ends by itself: a space that is used up is drawn from again.
    const TrialBook nothing(space_, options_.objectives.size());
    Result<std::optional<Point>> again = picker_.Pick(nothing, {}, rng, draw);
    if (!again) {
      return again.error();
    }
    suggestion.values = std::move(again->value());
    suggestion.why.note = "every point of the space has been tried, so this one is a repeat";
    return suggestion;
  }

  const SearchSpace space_;
  const SamplerOptions options_;
  const bool quasi_;
  const PointPicker picker_;
  TrialBook book_;
  const Sobol sobol_;
};

}  // namespace

Result<std::unique_ptr<Sampler>> MakeRandomSampler(const SearchSpace& space,
                                                   const SamplerOptions& options) {
  if (Result<void> known = CheckSettings(options, {}); !known) {
    return known.error();
  }
  return std::unique_ptr<Sampler>(std::make_unique<RandomSampler>(space, options, false));
}

Result<std::unique_ptr<Sampler>> MakeSobolSampler(const SearchSpace& space,
                                                  const SamplerOptions& options) {
  if (Result<void> known = CheckSettings(options, {}); !known) {
    return known.error();
  }
  return std::unique_ptr<Sampler>(std::make_unique<RandomSampler>(space, options, true));
}

}  // namespace regatta::search
