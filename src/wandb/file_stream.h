// POST /files/{entity}/{project}/{run}/file_stream: what a run logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "regatta/base/result.h"
#include "regatta/tracking/run_rules.h"

namespace regatta::wandb {

// The body of one request, read once. `body` needs kStreamPadding bytes of capacity behind its end,
// which the function reserves. History rows are checked to be JSON objects (bare NaN allowed) and
// scanned for their steps. Errors: kInvalidArgument naming the file and line; nothing is stored of
// such a request.
Result<tracking::StreamRequest> ParseFileStream(std::string& body);

}  // namespace regatta::wandb
