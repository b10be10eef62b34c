// Between Value and the JSON library's type.
#pragma once

#include <nlohmann/json.hpp>

#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

nlohmann::ordered_json ToLibraryJson(const Value& value);

}  // namespace regatta::sweeps
