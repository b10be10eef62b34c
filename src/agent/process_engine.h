// The processes of an agent: started, listened to, signalled as groups, reaped.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "spawn.h"

namespace regatta::agent {

// How a process ended: by an exit code or by a signal.
struct ProcessEnd {
  std::string name;
  std::optional<int> exit_code;
  std::optional<int> signal;
  Duration lasted{};
};

struct ProcessOutput {
  std::string_view name;
  bool is_error = false;
  std::string_view bytes;
};

struct EngineOptions {
  // What a process left running in its group may still take to end by itself, ...
  Duration linger = std::chrono::seconds(5);
  // ... and then from SIGTERM to SIGKILL.
  Duration kill_delay = std::chrono::seconds(30);
};

// Makes the calling process the reaper of all its descendants, so it works as PID 1 of a container
// and as an ordinary process alike: whatever a run leaves behind comes back here and is reaped.
//
// Belongs to one thread, which must live as long as the processes: they are killed when it ends.
// That thread's SIGCHLD is blocked from construction on, so construct it before other threads
// start. There is one engine in a process: it reaps every child. `clock` should be monotonic and
// outlives this.
class ProcessEngine {
 public:
  ProcessEngine(Clock& clock, EngineOptions options);
  ~ProcessEngine();  // kills what is left
  ProcessEngine(const ProcessEngine&) = delete;
  ProcessEngine& operator=(const ProcessEngine&) = delete;

  // Starts a process under a name that is not in use. Errors: those of Spawn.
  Result<void> Start(const std::string& name, const ProcessSpec& spec);

  // Sends `signal` to everything in the process's group. Nothing happens when it is gone.
  void Signal(const std::string& name, int signal);

  // Kills every descendant, also those that left their group.
  void KillAll();

  // Readable when Pump has something to do; watch it with poll.
  int fd() const { return epoll_.get(); }
  // When Pump should be called even if nothing is readable.
  std::optional<Timestamp> NextDeadline() const;

  // Passes output on as it comes and returns the processes that are over: the process has ended,
  // its output up to that moment has been passed on, and nothing is left in its group. Never
  // blocks.
  std::vector<ProcessEnd> Pump(FunctionRef<void(const ProcessOutput&)> on_output);

  // While paused, output stays in the pipes and the processes wait for room, as in a shell
  // pipeline.
  void PauseOutput(bool is_paused);

  // The number of names in use.
  std::size_t size() const { return processes_.size(); }
  // Whether any child is left, be it a process or what one left behind.
  bool HasChildren() const;

 private:
  struct Process;

  void Watch(int fd, std::uint64_t tag);
  void ReapAll(FunctionRef<void(const ProcessOutput&)> on_output);
  void NoteEnd(Process& process, int code, int status,
               FunctionRef<void(const ProcessOutput&)> on_output);
  void Drain(Process& process, bool is_error, FunctionRef<void(const ProcessOutput&)> on_output);
  bool IsOver(Process& process);

  Clock& clock_;
  const EngineOptions options_;
  FileDescriptor epoll_;
  FileDescriptor child_signal_;
  std::map<std::string, std::unique_ptr<Process>> processes_;
  std::uint64_t next_tag_ = 2;  // even: output, the odd number after it: errors
  bool is_paused_ = false;
};

}  // namespace regatta::agent
