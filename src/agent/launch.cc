#include "launch.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

#include "regatta/command/command.h"
#include "regatta/command/parameter_file.h"
#include "regatta/command/python_text.h"

namespace regatta::agent {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

Variables OwnVariables(const std::vector<std::string>& environment) {
  Variables variables;
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=', 1);
    if (equals != entry.npos) {
      variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return variables;
}

Variables RunVariables(const LaunchSettings& settings, const Command& command, int slot,
                       const std::filesystem::path& parameter_file) {
  Variables variables = OwnVariables(settings.environment);
  // The address of the agent's own service process, if it was itself started by a run.
  variables.erase("WANDB_SERVICE");
  for (const auto& [name, value] : command.environment) {
    variables[name] = value;
  }
  variables["WANDB_SWEEP_ID"] = settings.path.sweep;
  variables["WANDB_RUN_ID"] = command.run_id;
  variables["WANDB_SWEEP_PARAM_PATH"] = parameter_file.string();
  variables["WANDB_DIR"] = settings.directory.string();
  variables["WANDB_BASE_URL"] = settings.base_url;
  variables["REGATTA_SLOT"] = std::to_string(slot);
  if (!settings.path.entity.empty()) {
    variables["WANDB_ENTITY"] = settings.path.entity;
  }
  if (!settings.path.project.empty()) {
    variables["WANDB_PROJECT"] = settings.path.project;
  }
  if (!settings.api_key.empty()) {
    variables["WANDB_API_KEY"] = settings.api_key;
  }
  if (!settings.visible_devices.empty()) {
    variables["CUDA_VISIBLE_DEVICES"] = settings.visible_devices.at(static_cast<std::size_t>(slot));
  }
  return variables;
}

Result<void> WriteFile(const std::filesystem::path& file, std::string_view text) {
  std::error_code failure;
  std::filesystem::create_directories(file.parent_path(), failure);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) {
    return FailedPrecondition(
        fmt::format("cannot write \"{}\" ({}): give a folder that can be written to with --dir",
                    file.string(), std::strerror(errno)));
  }
  return Ok();
}

}  // namespace

Result<Launch> PrepareLaunch(const LaunchSettings& settings, const Command& command, int slot) {
  const Result<nlohmann::ordered_json> parameters = command::PlainParameters(command.args);
  if (!parameters) {
    return parameters.error();
  }
  const std::filesystem::path folder =
      settings.directory / "wandb" / ("sweep-" + settings.path.sweep);
  const std::filesystem::path yaml = folder / ("config-" + command.run_id + ".yaml");
  const std::filesystem::path json = folder / ("config-" + command.run_id + ".json");

  const Variables variables = RunVariables(settings, command, slot, yaml);
  command::CommandContext context{
      .program = command.program, .args_json_file = json.string(), .variables = {}};
  if (const auto repeat = variables.find("REGATTA_REPEAT"); repeat != variables.end()) {
    context.variables["repeat"] = repeat->second;
  }
  const auto lookup = [&](std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  Result<command::CommandLine> line =
      command::ExpandCommand(settings.command_items, *parameters, context, lookup);
  if (!line) {
    return std::move(line).error();
  }
  if (Result<void> written = WriteFile(yaml, command::ParameterFile(*parameters)); !written) {
    return std::move(written).error();
  }
  if (line->uses_args_json_file) {
    if (Result<void> written = WriteFile(json, command::PythonJson(*parameters)); !written) {
      return std::move(written).error();
    }
  }

  Launch launch{.process = {.arguments = std::move(line->arguments), .environment = {}},
                .warnings = std::move(line->warnings)};
  for (const auto& [name, value] : variables) {
    launch.process.environment.push_back(name + "=" + value);
  }
  return launch;
}

}  // namespace regatta::agent
