// `regatta sweep insights`: what the results of a sweep say about its parameters.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "terminal.h"

namespace regatta::app {

// Adds the command below `sweep`; `exit_code` outlives the parse.
void AddInsightCommand(CLI::App& sweep, int& exit_code);

// The answer of the server (docs/http-api.md) for people.
std::string InsightText(const nlohmann::json& insights, const Terminal& terminal);

}  // namespace regatta::app
