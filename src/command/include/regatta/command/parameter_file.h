// The parameters of a run as its command carries them, and the file in which wandb.init reads them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "regatta/base/result.h"

namespace regatta::command {

// From a run command's `args`, {"lr": {"value": 0.1}}, to plain values, {"lr": 0.1}, in the same
// order. The tracker's own key `_wandb`, which a resumed run may carry, is left out. Errors:
// kInvalidArgument, naming the parameter, when one has no `value`.
Result<nlohmann::ordered_json> PlainParameters(const nlohmann::ordered_json& args);

// The text of the file that WANDB_SWEEP_PARAM_PATH names: `wandb_version: 1`, an empty line, then
// `name:` and below it `value: ...` for every parameter, in YAML 1.1 that PyYAML reads back as the
// same values. `parameters` is an object of plain values.
std::string ParameterFile(const nlohmann::ordered_json& parameters);

}  // namespace regatta::command
