// regatta-agent: `regatta agent` as one small static binary for any Linux image.
#include <string>
#include <vector>

#include "regatta/agent/agent.h"

int main(int argument_count, char** arguments) {
  const std::vector<std::string> given(arguments + (argument_count > 0 ? 1 : 0),
                                       arguments + argument_count);
  return regatta::agent::AgentMain(given);
}
