// What a distribution is written with: its values or numbers.
#pragma once

#include "parameter_place.h"
#include "parameter_shape.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

// Reads the keys of `shape` into `parameter`.
void ReadFields(ParameterPlace& place, const Shape& shape, ParameterConfig& parameter);

}  // namespace regatta::sweeps
