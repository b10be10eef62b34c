// Completion of the program's words in a shell, made from the commands themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::app {

// A script for "bash", "zsh" or "fish". Errors: kInvalidArgument for another shell.
Result<std::string> CompletionScript(const CLI::App& app, std::string_view shell);

}  // namespace regatta::app
