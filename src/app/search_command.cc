// `regatta search --stdio` and `regatta completion`.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "command_line.h"
#include "completion.h"
#include "search_stdio.h"

namespace regatta::app {
namespace {

// Answers every line until standard input ends. The answer is there before the next line is read.
int SearchOverStandardStreams() {
  SearchSession session;
  for (std::string line; std::getline(std::cin, line);) {
    const std::string answer = session.Answer(line) + "\n";
    const bool is_written = std::fwrite(answer.data(), 1, answer.size(), stdout) == answer.size() &&
                            std::fflush(stdout) == 0;
    if (!is_written) return kExitFailure;
  }
  return kExitOk;
}

}  // namespace

void AddSearchCommand(CLI::App& app, int& exit_code) {
  CLI::App* search =
      app.add_subcommand("search", "Ask and tell: the search engine for any program");
  auto uses_stdio = std::make_shared<bool>(false);
  search
      ->add_flag("--stdio", *uses_stdio,
                 "JSON Lines on standard input and output; docs/search-stdio.md")
      ->required();
  search->callback([uses_stdio, &exit_code] { exit_code = SearchOverStandardStreams(); });
}

void AddCompletionCommand(CLI::App& app, int& exit_code) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion =
      app.add_subcommand("completion", "Print a script that completes these words in a shell");
  completion->add_option("shell", *shell, "bash, zsh or fish")->required();
  completion->callback([shell, &app, &exit_code] {
    const Result<std::string> script = CompletionScript(app, *shell);
    if (!script) {
      fmt::print(stderr, "regatta completion: {}\n", script.error().message);
      exit_code = kExitUsage;
      return;
    }
    fmt::print("{}", *script);
  });
}

}  // namespace regatta::app
