// Test-side points: a grid of the numbers 0 ... size-1, or an endless search for them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "regatta/sweeps/point_source.h"

namespace regatta::sweeps {

class NumberSource : public PointSource {
 public:
  struct Options {
    std::uint64_t grid_size = 0;  // 0: an endless search
    std::uint64_t search_size = ~std::uint64_t{0};
    std::uint32_t initial_points = 0;   // grid numbers size-1, size-2, ...
    std::uint32_t initial_refused = 0;  // the first ones of them, which the constraints refuse
    std::string search_error;
    ExpectedEnds expected;
  };

  explicit NumberSource(Options options) : options_(std::move(options)) {}

  static std::string Args(std::uint64_t number) {
    return fmt::format("{{\"x\":{{\"value\":{}}}}}", number);
  }

  ExpectedEnds Expected() override { return options_.expected; }

  std::optional<std::uint64_t> grid_size() const override {
    return options_.grid_size > 0 ? std::optional(options_.grid_size) : std::nullopt;
  }
  std::optional<std::uint64_t> NextGridPoint(std::uint64_t from, std::uint64_t work_max,
                                             std::uint64_t* next) const override {
    *next = from;
    if (from < options_.grid_size && work_max > 0) {
      return from;
    }
    return std::nullopt;
  }
  ProposedPoint GridPoint(std::uint64_t number) const override {
    return {Args(number), number, "grid"};
  }
  std::optional<std::uint64_t> FindGridPoint(std::string_view args_json) const override {
    for (std::uint64_t number = 0; number < std::min<std::uint64_t>(options_.grid_size, 100);
         ++number) {
      if (Args(number) == args_json) {
        return number;
      }
    }
    return std::nullopt;
  }
  std::uint32_t initial_points() const override { return options_.initial_points; }
  std::optional<ProposedPoint> InitialPoint(std::uint32_t index) const override {
    if (index < options_.initial_refused) {
      return std::nullopt;
    }
    return GridPoint(options_.grid_size - 1 - index);
  }
  Result<std::optional<ProposedPoint>> Propose(std::uint32_t, std::uint64_t number) override {
    if (!options_.search_error.empty()) {
      return FailedPrecondition(options_.search_error);
    }
    if (number >= options_.search_size) {
      return std::optional<ProposedPoint>();
    }
    return std::optional(ProposedPoint{Args(number), std::nullopt, "search"});
  }
  void Tell(const TrialView& trial) override { told.emplace_back(trial.group, trial.state); }

  std::vector<std::pair<std::uint32_t, TrialView::State>> told;

 private:
  Options options_;
};

}  // namespace regatta::sweeps
