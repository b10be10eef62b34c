// Small files that only their owner may read.
#pragma once

#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::app {

// Writes `content` to `path` with mode 0600, complete and synced or not at all.
Result<void> WriteSecretFile(const std::string& path, std::string_view content);

// The content without a newline at its end. Errors: kNotFound.
Result<std::string> ReadSecretFile(const std::string& path);

}  // namespace regatta::app
