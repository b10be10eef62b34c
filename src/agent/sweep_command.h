// The `command` of a sweep's file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"

namespace regatta::agent {

// The items of the `command` list in the YAML text of a sweep; the default command when there is
// none. Errors: kInvalidArgument when the text cannot be read or the command is no list.
Result<std::vector<std::string>> CommandItemsOfSweep(const std::string& config_yaml);

}  // namespace regatta::agent
