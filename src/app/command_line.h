// The words after `regatta`: one function adds each group of commands.
#pragma once

#include <CLI/CLI.hpp>

namespace regatta::app {

// Exit codes that scripts can use. 1 is any failure without a code of its own. `regatta --help`
// lists them.
enum ExitCode {
  kExitOk = 0,
  kExitFailure = 1,
  kExitUsage = 2,
  kExitNotFound = 4,
  kExitUnauthenticated = 5,
  kExitUnavailable = 75,
};

// Each callback stores its exit code in `exit_code`, which outlives the parse.
void AddServeCommand(CLI::App& app, int& exit_code);
void AddDataCommands(CLI::App& app, int& exit_code);       // fsck, backup, restore
void AddSchemaCommand(CLI::App& app, int& exit_code);      // schema
void AddAccountCommands(CLI::App& app, int& exit_code);    // user, key
void AddLoginCommands(CLI::App& app, int& exit_code);      // login, status
void AddRunCommands(CLI::App& app, int& exit_code);        // run ...
void AddSweepCommands(CLI::App& app, int& exit_code);      // sweep ..., watch
void AddSearchCommand(CLI::App& app, int& exit_code);      // search --stdio
void AddCompletionCommand(CLI::App& app, int& exit_code);  // completion

// Parses and runs. `arguments` are main's.
int RunCommandLine(int argument_count, char** arguments);

}  // namespace regatta::app
