// The distributions that a parameter can name, and what each is written with.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "parameter_place.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

// What a distribution is written with.
enum class Fields : std::uint8_t { kValue, kValues, kProbabilities, kBounds, kNormal, kBeta };

struct Shape {
  ParameterKind kind;
  std::string_view name;
  Fields fields;
  bool has_q;
};

// Requires: a leaf's kind.
const Shape& ShapeOf(ParameterKind kind);

// The keys that a parameter of this shape may have, for its values.
std::vector<std::string_view> KeysOf(const Shape& shape);

// The distribution that is written, or the one that the keys stand for; null after an error.
const Shape* ChooseShape(ParameterPlace& place);

}  // namespace regatta::sweeps
