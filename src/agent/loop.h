// The agent at work: the core's decisions carried out, and everything that happens told to the
// core.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call_queue.h"
#include "console.h"
#include "core.h"
#include "launch.h"
#include "options.h"
#include "output_pump.h"
#include "process_engine.h"
#include "regatta/base/clock.h"

namespace regatta::agent {

struct LoopContext {
  AgentTransport& transport;
  Clock& steady_clock;
  Clock& wall_clock;
  AgentOptions options;
  SlotPlan slots;
  LaunchSettings launch;  // path and command_items are filled in from the server
  std::string host;
  int output_fd = 1;
};

// One agent from registration to its end. It waits in poll for signals, processes and replies, and
// does nothing in between. Belongs to the thread that makes it, before any other thread is started:
// from then on that thread's signals are read here. `transport` and the clocks outlive it.
class AgentLoop {
 public:
  explicit AgentLoop(LoopContext context);
  ~AgentLoop();
  AgentLoop(const AgentLoop&) = delete;
  AgentLoop& operator=(const AgentLoop&) = delete;

  // Returns the exit code, after every run has ended.
  int Run();

 private:
  struct RunOutput {
    LineCutter output;
    LineCutter errors;
    Console console;
  };
  // What a call was made for.
  struct Purpose {
    enum class Kind { kHeartbeat, kMark, kFindRun, kReportRun } kind = Kind::kHeartbeat;
    EndedRun run;
  };

  // Starting up.
  std::optional<int> Register();
  Result<ServerReply> Ask(const std::string& body);
  std::optional<int> AwaitSignal(Timestamp until);
  int Refuse(const Error& error);

  // Working.
  int Work();
  void Perform();
  void Do(const StartRun& action);
  void Do(const SignalRun& action);
  void Do(const KillEverything& action);
  void Do(const SendHeartbeat& action);
  void Do(const MarkPreempting& action);
  void Do(const SettleRun& action);
  void Do(const Finish& action);
  void Send(std::string path, std::string body, Purpose purpose);
  void HandleAnswer(const CallAnswer& answer);
  void HandleRunFound(const Result<ServerReply>& reply, const EndedRun& run);
  void HandleOutput(const ProcessOutput& output);
  void HandleEnd(const ProcessEnd& end);
  void PumpProcesses();
  std::optional<int> ReadSignal();
  void Wait(std::optional<Timestamp> until);
  void WaitForOrphans();
  void EmitLine(std::string_view run_id, bool is_error, std::string_view line);
  void EmitEvent(const nlohmann::ordered_json& event);

  LoopContext context_;
  FileDescriptor signals_;
  ProcessEngine engine_;
  CallQueue queue_;
  OutputPump output_;
  std::optional<AgentCore> core_;
  std::string agent_id_;
  std::map<std::uint64_t, Purpose> open_calls_;
  std::uint64_t next_call_id_ = 1;
  std::map<std::string, RunOutput, std::less<>> outputs_;
  int exit_code_ = 0;
  bool is_output_paused_ = false;
};

}  // namespace regatta::agent
