// Helpers of this module's tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/search_space.h"

namespace regatta::search {

// The value, or the end of the test program with the error's message.
template <typename T>
T Must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
  }
  return std::move(result).value();
}

inline Parameter Named(std::string name, Result<Distribution> distribution,
                       std::vector<Condition> conditions = {}) {
  return Parameter{std::move(name), Must(std::move(distribution)), std::move(conditions), {}};
}

inline SearchSpace Space(std::vector<Parameter> parameters) {
  return Must(SearchSpace::Create(std::move(parameters)));
}

}  // namespace regatta::search
