// Random and quasi-random search: no model, any space, never slow.
#include <utility>

#include "book_sampler.h"
#include "samplers.h"
#include "sobol.h"

namespace regatta::search {
namespace {

class RandomSampler : public BookSampler {
 public:
  RandomSampler(const SearchSpace& space, const SamplerOptions& options, bool quasi)
      : BookSampler(space, options), quasi_(quasi), sobol_(space_.size(), options_.seed) {}

  Result<std::vector<Suggestion>> Suggest(TrialId first_id, std::size_t count) override {
    return InTurn(first_id, count,
                  [this](TrialId id, const Batch& batch) { return One(id, batch); });
  }

 private:
  Result<std::optional<Suggestion>> One(TrialId id, const Batch& batch) {
    if (std::optional<Suggestion> initial = NextInitial(batch)) {
      return initial;
    }
    Suggestion suggestion = Blank(batch);
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
      return std::optional(std::move(suggestion));
    }
    // Random search never ends by itself: a space that is used up is drawn from again.
    const TrialBook nothing(space_, options_.objectives.size());
    Result<std::optional<Point>> again = picker_.Pick(nothing, {}, rng, draw);
    if (!again) {
      return again.error();
    }
    suggestion.values = std::move(again->value());
    suggestion.why.note = "every point of the space has been tried, so this one is a repeat";
    return std::optional(std::move(suggestion));
  }

  const bool quasi_;
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
