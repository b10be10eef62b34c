// Grid search: every point once, by number.
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "point_picker.h"
#include "regatta/search/grid.h"
#include "samplers.h"

namespace regatta::search {
namespace {

class GridSampler : public Sampler {
 public:
  GridSampler(Grid grid, const SearchSpace& space, const SamplerOptions& options)
      : space_(space),
        options_(options),
        grid_(std::move(grid)),
        order_(grid_.size(), options_.seed),
        picker_(space_, options_) {}

  // A trial covers its point in any state; only Forget frees it again.
  Result<void> Tell(const Trial& trial) override {
    if (trial.values.size() != space_.size() && !trial.grid_index) {
      return InvalidArgument("the trial's values do not fit the space");
    }
    std::optional<std::uint64_t> index =
        trial.grid_index ? trial.grid_index : grid_.IndexOf(trial.values);
    if (index && *index >= grid_.size()) {
      index.reset();
    }
    const auto known = index_of_trial_.find(trial.id);
    if (known != index_of_trial_.end()) {
      if (known->second == index) {
        return Ok();
      }
      Forget(trial.id);
    }
    index_of_trial_.emplace(trial.id, index);
    if (index) {
      ++taken_[*index];
    }
    return Ok();
  }

  void Forget(TrialId id) override {
    const auto known = index_of_trial_.find(id);
    if (known == index_of_trial_.end()) {
      return;
    }
    if (known->second) {
      const auto place = taken_.find(*known->second);
      if (--place->second == 0) {
        taken_.erase(place);
        cursor_ = 0;
      }
    }
    index_of_trial_.erase(known);
  }

  Result<std::vector<Suggestion>> Suggest(TrialId /*first_id*/, std::size_t count) override {
    std::vector<Suggestion> suggestions;
    std::unordered_set<std::uint64_t> batch;
    for (const Point& initial : options_.initial_points) {
      const auto index = grid_.IndexOf(initial);
      if (index && suggestions.size() < count && !taken_.contains(*index) &&
          picker_.IsAllowed(initial) && batch.insert(*index).second) {
        suggestions.push_back(Make(*index, "initial point"));
      }
    }
    std::uint64_t place = cursor_;
    bool contiguous = true;
    while (suggestions.size() < count && place < grid_.size()) {
      const std::uint64_t index = options_.shuffled ? order_(place) : place;
      ++place;
      if (taken_.contains(index)) {
        cursor_ = contiguous ? place : cursor_;
        continue;
      }
      if (options_.allowed && !options_.allowed(grid_.At(index))) {
        cursor_ = contiguous ? place : cursor_;
        continue;
      }
      contiguous = false;
      if (batch.insert(index).second) {
        suggestions.push_back(Make(index, "grid"));
      }
    }
    return suggestions;
  }

 private:
  Suggestion Make(std::uint64_t index, const char* rule) const {
    Suggestion suggestion;
    suggestion.values = grid_.At(index);
    suggestion.grid_index = index;
    suggestion.why.rule = rule;
    suggestion.why.trials_known = index_of_trial_.size();
    return suggestion;
  }

  const SearchSpace space_;
  const SamplerOptions options_;
  const Grid grid_;
  const Permutation order_;
  const PointPicker picker_;
  std::unordered_map<TrialId, std::optional<std::uint64_t>> index_of_trial_;
  std::unordered_map<std::uint64_t, int> taken_;
  std::uint64_t cursor_ = 0;  // every place before it is taken or not allowed
};

}  // namespace

Result<std::unique_ptr<Sampler>> MakeGridSampler(const SearchSpace& space,
                                                 const SamplerOptions& options) {
  if (Result<void> known = CheckSettings(options, {}); !known) {
    return known.error();
  }
  Result<Grid> grid = Grid::Create(space);
  if (!grid) {
    return grid.error();
  }
  return std::unique_ptr<Sampler>(std::make_unique<GridSampler>(std::move(*grid), space, options));
}

}  // namespace regatta::search
