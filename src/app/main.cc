#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command_line.h"
#include "regatta/agent/agent.h"

int main(int argument_count, char** arguments) {
  // The agent parses its own words: it is the same program as regatta-agent.
  if (argument_count > 1 && std::string_view(arguments[1]) == "agent") {
    const std::vector<std::string> rest(arguments + 2, arguments + argument_count);
    return regatta::agent::AgentMain(rest);
  }
  return regatta::app::RunCommandLine(argument_count, arguments);
}
