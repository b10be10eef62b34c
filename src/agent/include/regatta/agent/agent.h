// The native agent as a program: registers with a sweep and runs its points on this machine.
#pragma once

#include <span>
#include <string>

namespace regatta::agent {

// `regatta agent ARGUMENTS...`, without the words before the arguments; "--help" lists them
// together with the exit codes. Returns the exit code when the agent has ended and every run with
// it.
//
// Call it from the main thread, before any other thread is started and at most once: it reads the
// process's signals, becomes the reaper of its descendants and reaps every child.
int AgentMain(std::span<const std::string> arguments);

}  // namespace regatta::agent
