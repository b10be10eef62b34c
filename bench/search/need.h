// Results that cannot be errors unless a task is written wrongly.
#pragma once

#include <utility>

#include "regatta/base/check.h"
#include "regatta/base/result.h"

namespace regatta::bench {

// The value; ends the program with the error's message where there is none.
template <typename T>
T Need(Result<T> result) {
  Check(result.has_value(), result ? "" : result.error().message);
  return std::move(*result);
}

}  // namespace regatta::bench
