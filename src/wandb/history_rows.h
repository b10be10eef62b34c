// Rows of a run's history by step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "read_allowance.h"
#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/tracking/store.h"

namespace regatta::wandb {

// Steps, both ends included.
struct StepRange {
  std::int64_t first = std::numeric_limits<std::int64_t>::min();
  std::int64_t last = std::numeric_limits<std::int64_t>::max();

  friend auto operator<=>(const StepRange&, const StepRange&) = default;
};

// How many rows a chart gets where it names no number, and the largest number it may name.
inline constexpr std::int64_t kSamplesDefault = 500;
inline constexpr std::int64_t kSamplesMax = std::numeric_limits<std::int32_t>::max();

inline constexpr std::size_t kAllRows = std::numeric_limits<std::size_t>::max();

// Visits the rows whose `_step` lies in the range, by step. Rows of one step stay in the order of
// their lines. `take` gets a text that it may keep. Only the first `rows_max` are visited, of which
// twice as many are held at once.
// Errors: those of `allowance`, in which the visited rows count as held.
Result<void> ForEachStep(const tracking::Tables& tables, ReadAllowance& allowance,
                         tracking::RunId run, StepRange range, std::size_t rows_max,
                         FunctionRef<void(std::string)> take);

// The same as long as the lines have their steps in ascending order, and without holding any row:
// `see` gets a text that is gone afterwards, and ends the visit with false. False when a step came
// after a greater one: what was seen so far is not all of the rows before it.
Result<bool> ForEachStepInOrder(const tracking::Tables& tables, ReadAllowance& allowance,
                                tracking::RunId run, StepRange range,
                                FunctionRef<bool(std::string_view)> see);

}  // namespace regatta::wandb
