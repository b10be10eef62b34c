// The command line of one run of a sweep, made from the `command` list of its file.
//
//   command: [${env}, python3, ${program}, --seed=${envvar:SEED:-1}, ${args}]
//
// In this order: `${envvar:NAME}` and `${envvar:NAME:-default}` are replaced anywhere in an item;
// an item that is one macro as a whole becomes that macro's arguments; macros that yield one
// argument, and parameters as `${name}` or `${group.leaf}`, are replaced inside longer items.
// Nothing is quoted or split: the list is executed as it stands, without a shell. What was put in
// is never expanded a second time.
//
//   ${env}                    /usr/bin/env                ${args}                   --name=value
//   ${interpreter}            python                      ${args_no_equals}         --name value
//   ${program}                the sweep's program         ${args_no_hyphens}        name=value
//   ${args_json}              all parameters, as JSON     ${args_no_boolean_flags}  --name if true
//   ${args_json_file}         path of a file with those   ${args_append_hydra}      +name=value
//   ${args_dict}              the parameters' names       ${args_override_hydra}    ++name=value
//
// A file that works with the stock agent gives the same arguments here. Where that agent drops an
// item without a word or passes a misspelt name on, this is an error that names the item.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"

namespace regatta::command {

// What macros stand for, beside the parameters.
struct CommandContext {
  // Empty: the sweep names none, and ${program} is an error.
  std::string program;
  // What ${args_json_file} becomes. The file is the caller's to write, see CommandLine.
  std::string args_json_file;
  // More names for ${name}, e.g. "repeat". A parameter of the same name wins.
  std::map<std::string, std::string, std::less<>> variables;
  // Windows has no /usr/bin/env: ${env} becomes nothing.
  bool windows = false;
};

struct CommandLine {
  std::vector<std::string> arguments;
  // Whether ${args_json_file} stands in `arguments`, so that the file has to exist.
  bool uses_args_json_file = false;
  // Sentences about what was left as it stood and may surprise.
  std::vector<std::string> warnings;
};

// Looks up an environment variable; nullopt when it is not set.
using EnvironmentLookup = FunctionRef<std::optional<std::string>(std::string_view)>;

// `${env} ${interpreter} ${program} ${args}`, what a file without a `command` runs.
const std::vector<std::string>& DefaultCommand();

// The items of a file's `command` value as texts (5 is "5", true is "True"); the default command
// for null and for an empty list. Errors: kInvalidArgument when it is no list, or an item is itself
// a collection.
Result<std::vector<std::string>> CommandItems(const nlohmann::json& command);
Result<std::vector<std::string>> CommandItems(const nlohmann::ordered_json& command);

// The arguments of one run. `parameters` is an object from name to plain value, in the order in
// which the arguments shall come (json: byte order of the names). Empty `items` mean the default
// command.
//
// Errors: kInvalidArgument for an unknown macro, ${program} without a program, a list-valued macro
// inside a longer item that is nothing but macros, or a command that comes out empty;
// kFailedPrecondition for an environment variable that is not set and has no default.
Result<CommandLine> ExpandCommand(std::span<const std::string> items,
                                  const nlohmann::ordered_json& parameters,
                                  const CommandContext& context, EnvironmentLookup environment);
Result<CommandLine> ExpandCommand(std::span<const std::string> items,
                                  const nlohmann::json& parameters, const CommandContext& context,
                                  EnvironmentLookup environment);

}  // namespace regatta::command
