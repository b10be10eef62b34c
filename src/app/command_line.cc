#include "command_line.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "regatta/sweeps/problem.h"
#include "terminal.h"

namespace regatta::app {
namespace {

constexpr const char* kFooter =
    "Exit codes:\n"
    "  0 done, 1 failed, 2 wrong call or a faulty sweep file, 4 not found, 5 not logged in or not\n"
    "  allowed, 75 the server cannot be reached (try again later)\n"
    "\n"
    "Start with:  regatta serve, then  regatta login, then  regatta sweep create sweep.yaml";

// What was wrong with the call, in two lines that say where to look.
std::string FailureText(const CLI::App* app, const CLI::Error& error) {
  const CLI::App* command = app;
  std::string path = "regatta";
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    path += " " + command->get_name();
  }
  const std::vector<std::string> unknown = app->remaining(true);
  const bool is_unknown_command = !unknown.empty() && !unknown.front().starts_with('-') &&
                                  command->get_require_subcommand_min() > 0;
  std::string text =
      is_unknown_command
          ? fmt::format("{}: there is no command \"{}\"\n", path, PrintableLine(unknown.front()))
          : fmt::format("{}: {}\n", path, PrintableLine(error.what()));
  std::vector<std::string> names;
  for (const CLI::App* known : command->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(known->get_name());
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  if (!unknown.empty()) {
    const std::string_view nearest = sweeps::NearestWord(unknown.front(), candidates);
    if (!nearest.empty()) text += fmt::format("did you mean `{} {}`?\n", path, nearest);
  }
  return text + fmt::format("`{} --help` lists what it takes\n", path);
}

}  // namespace

int RunCommandLine(int argument_count, char** arguments) {
  CLI::App app(
      "Regatta records experiments, searches hyperparameters and runs the search. It speaks the "
      "W&B wire: point WANDB_BASE_URL at it.",
      "regatta");
  app.set_version_flag("--version", "regatta " REGATTA_VERSION);
  app.require_subcommand(1);
  app.failure_message(FailureText);
  app.footer(kFooter);
  int exit_code = kExitOk;
  AddServeCommand(app, exit_code);
  AddLoginCommands(app, exit_code);
  AddRunCommands(app, exit_code);
  AddSweepCommands(app, exit_code);
  app.add_subcommand("agent",
                     "Run the points of a sweep on this machine (see `regatta agent --help`)");
  AddSearchCommand(app, exit_code);
  AddDataCommands(app, exit_code);
  AddAccountCommands(app, exit_code);
  AddSchemaCommand(app, exit_code);
  AddCompletionCommand(app, exit_code);
  if (argument_count <= 1) {
    fmt::print(stderr, "{}", app.help());
    return kExitUsage;
  }
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return exit_code;
}

}  // namespace regatta::app
