// The opaque ids of the wire: base64 of "Type:...". Two clients decode them, so their shape is
// fixed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::wandb {

// base64("<type>:<number>").
std::string EncodeId(std::string_view type, std::int64_t number);
// The number of an id of that type. Errors: kNotFound for anything else: ids are opaque to clients,
// so a foreign one is simply not here.
Result<std::int64_t> DecodeId(std::string_view type, std::string_view id);

// base64("Run:v1:<run>:<project>:<entity>").
std::string EncodeRunId(std::string_view run, std::string_view project, std::string_view entity);
struct RunPath {
  std::string run;
  std::string project;
  std::string entity;
};
Result<RunPath> DecodeRunId(std::string_view id);

}  // namespace regatta::wandb
