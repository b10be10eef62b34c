#include "command_line.h"

namespace regatta::app {

int RunCommandLine(int argument_count, char** arguments) {
  CLI::App app(
      "Regatta records experiments, searches hyperparameters and runs the search. It speaks the "
      "W&B "
      "wire: point WANDB_BASE_URL at it.");
  app.set_version_flag("--version", "regatta " REGATTA_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int exit_code = kExitOk;
  AddServeCommand(app, exit_code);
  AddDataCommands(app, exit_code);
  AddAccountCommands(app, exit_code);
  AddSchemaCommand(app, exit_code);
  app.add_subcommand("agent",
                     "Run the points of a sweep on this machine (see `regatta agent --help`)");
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return exit_code;
}

}  // namespace regatta::app
