// Grid search: every point once, by number.
#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "point_picker.h"
#include "regatta/search/grid.h"
#include "samplers.h"
#include "trial_book.h"

namespace regatta::search {
namespace {

// An answer does not wait for more points that constraints exclude.
constexpr std::uint64_t kExcludedMax = 2'000'000;

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
    const std::size_t objectives = options_.objectives.size();
    const bool is_settled = HasResult(trial, objectives) || IsFailure(trial, objectives);
    const auto known = told_.find(trial.id);
    if (known != told_.end()) {
      if (known->second.index == index) {
        settled_ += is_settled ? 1 : 0;
        settled_ -= known->second.is_settled ? 1 : 0;
        known->second.is_settled = is_settled;
        return Ok();
      }
      Forget(trial.id);
    }
    told_.emplace(trial.id, Told{index, is_settled});
    settled_ += is_settled ? 1 : 0;
    if (index) {
      ++taken_[*index];
    }
    return Ok();
  }

  void Forget(TrialId id) override {
    const auto known = told_.find(id);
    if (known == told_.end()) {
      return;
    }
    if (known->second.index) {
      const auto place = taken_.find(*known->second.index);
      if (--place->second == 0) {
        taken_.erase(place);
        cursor_ = 0;
      }
    }
    settled_ -= known->second.is_settled ? 1 : 0;
    told_.erase(known);
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
    std::uint64_t excluded = 0;  // one after the other
    bool contiguous = true;
    while (suggestions.size() < count && place < grid_.size()) {
      const std::uint64_t index = options_.shuffled ? order_(place) : place;
      ++place;
      if (taken_.contains(index)) {
        cursor_ = contiguous ? place : cursor_;
        excluded = 0;
        continue;
      }
      if (options_.allowed && !options_.allowed(grid_.At(index))) {
        if (++excluded == kExcludedMax) {
          if (suggestions.empty()) {
            return NothingAllowed();
          }
          break;
        }
        continue;
      }
      contiguous = false;
      excluded = 0;
      if (batch.insert(index).second) {
        suggestions.push_back(Make(index, "grid"));
      }
    }
    return suggestions;
  }

 private:
  struct Told {
    std::optional<std::uint64_t> index;  // absent: no point of the grid
    bool is_settled = false;
  };

  // The cursor stands before them, so that a search that is rebuilt gives up at the same place.
  Error NothingAllowed() const {
    return FailedPrecondition(fmt::format(
        "the constraints exclude {} points of the grid one after the other, of {}: take "
        "the values that they exclude out of the lists, or use another method",
        kExcludedMax, grid_.size()));
  }

  Suggestion Make(std::uint64_t index, const char* rule) const {
    Suggestion suggestion;
    suggestion.values = grid_.At(index);
    suggestion.grid_index = index;
    suggestion.why.rule = rule;
    suggestion.why.trials_known = settled_;
    return suggestion;
  }

  const SearchSpace space_;
  const SamplerOptions options_;
  const Grid grid_;
  const Permutation order_;
  const PointPicker picker_;
  std::unordered_map<TrialId, Told> told_;
  std::size_t settled_ = 0;  // of them
  std::unordered_map<std::uint64_t, int> taken_;
  std::uint64_t cursor_ =
      0;  // every place before it is taken or not allowed; 0 or after a taken one
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
