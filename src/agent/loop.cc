#include "loop.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "regatta/base/check.h"
#include "regatta/base/log.h"

namespace regatta::agent {
namespace {

constexpr std::size_t kLastLines = 20;
constexpr std::size_t kLastLineBytes = 500;
// For the processes that runs leave behind on purpose, such as an uploader at its last rows.
constexpr Duration kOrphanTimeout = std::chrono::seconds(5);
// And after the last moment of an agent that a signal ends.
constexpr Duration kOrphanTimeoutHurried = std::chrono::milliseconds(500);

FileDescriptor ListenForSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1}) {
    sigaddset(&set, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  FileDescriptor fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  Check(fd.is_open(), "no file descriptors are left for the agent");
  return fd;
}

// Waits until one of `fds` is readable or `wait` has passed; nullopt waits for ever.
void Poll(std::span<pollfd> fds, std::optional<Duration> wait) {
  timespec time{};
  if (wait) {
    const auto micros = std::max<std::int64_t>(wait->count(), 0);
    time.tv_sec = micros / 1'000'000;
    time.tv_nsec = micros % 1'000'000 * 1000;
  }
  ::ppoll(fds.data(), fds.size(), wait ? &time : nullptr, nullptr);
}

pollfd Readable(int fd) { return {.fd = fd, .events = POLLIN, .revents = 0}; }

int ExitCodeOf(const EndedRun& run) { return run.exit_code.value_or(128 + run.signal.value_or(0)); }

std::string DescribeEnd(const EndedRun& run) {
  return run.exit_code ? fmt::format("exit code {}", *run.exit_code)
                       : fmt::format("signal {}", run.signal.value_or(0));
}

}  // namespace

AgentLoop::AgentLoop(LoopContext context)
    : context_(std::move(context)),
      signals_(ListenForSignals()),
      engine_(context_.steady_clock, EngineOptions{.kill_delay = context_.options.core.kill_delay}),
      queue_(context_.transport),
      output_(context_.output_fd) {}

AgentLoop::~AgentLoop() = default;

int AgentLoop::Run() {
  if (const std::optional<int> early = Register()) {
    return *early;
  }
  const int exit_code = Work();
  WaitForOrphans();
  return exit_code;
}

// ---- Starting up

int AgentLoop::Refuse(const Error& error) {
  Log(LogLevel::kError, "agent", "{}", error.message);
  switch (error.code) {
    case ErrorCode::kUnauthenticated:
      Log(LogLevel::kError, "agent",
          "set WANDB_API_KEY, or REGATTA_API_KEY_FILE to a file that holds the key");
      return kExitCredentials;
    case ErrorCode::kNotFound:
      return kExitNoSweep;
    case ErrorCode::kUnavailable:
      return kExitUnreachable;
    default:
      return kExitError;
  }
}

std::optional<int> AgentLoop::AwaitSignal(Timestamp until) {
  while (true) {
    if (const std::optional<int> signal = ReadSignal()) {
      return signal;
    }
    const Timestamp now = context_.steady_clock.Now();
    if (now >= until) {
      return std::nullopt;
    }
    std::array<pollfd, 1> fds = {Readable(signals_.get())};
    Poll(fds, until - now);
  }
}

// Posts `body` until an answer comes, for at most the time of a lease. A signal ends the waiting
// with exit_code_ set.
Result<ServerReply> AgentLoop::Ask(const std::string& body) {
  const Timestamp give_up = context_.steady_clock.Now() + context_.options.core.lease;
  Duration pause = std::chrono::seconds(1);
  while (true) {
    queue_.Send({.id = 0, .path = "/graphql", .body = body});
    std::vector<CallAnswer> answers;
    while (answers.empty()) {
      std::array<pollfd, 2> fds = {Readable(signals_.get()), Readable(queue_.fd())};
      Poll(fds, std::nullopt);
      if (const std::optional<int> signal = ReadSignal()) {
        exit_code_ = 128 + *signal;
        return Unavailable(fmt::format("ended by signal {}", *signal));
      }
      answers = queue_.Take();
    }
    Result<ServerReply> reply = std::move(answers.front().reply);
    const bool is_busy = reply && (reply->status >= 500 || reply->status == 429);
    const bool is_worth_waiting =
        is_busy || (!reply && reply.error().code == ErrorCode::kUnavailable);
    if (!is_worth_waiting || context_.steady_clock.Now() + pause >= give_up) {
      return reply;
    }
    Log(LogLevel::kWarning, "agent", "the server does not answer yet ({}); trying again",
        reply ? fmt::format("status {}", reply->status) : reply.error().message);
    if (const std::optional<int> signal = AwaitSignal(context_.steady_clock.Now() + pause)) {
      exit_code_ = 128 + *signal;
      return Unavailable(fmt::format("ended by signal {}", *signal));
    }
    pause = std::min<Duration>(pause * 2, std::chrono::seconds(10));
  }
}

// The exit code when there is nothing to work for; nullopt when the agent is registered.
std::optional<int> AgentLoop::Register() {
  SweepPath& path = context_.launch.path;
  const auto complete = [&](const SweepInfo& info) {
    Log(LogLevel::kInfo, "agent", "sweep {} is {} already: nothing to do", info.path.sweep,
        info.state);
    return kExitDone;
  };
  SweepPath asked = context_.options.path;
  const auto sweep = [&]() -> Result<SweepInfo> {
    if (asked.project.empty()) {
      const Result<ServerReply> reply = Ask(FindSweepQuery(asked));
      Result<SweepPath> found = reply ? ReadFindSweepReply(*reply, asked) : reply.error();
      if (!found) {
        return std::move(found).error();
      }
      asked = *std::move(found);
    }
    const Result<ServerReply> reply = Ask(SweepQuery(asked));
    return reply ? ReadSweepReply(*reply, asked) : reply.error();
  };

  Result<SweepInfo> info = sweep();
  if (!info) {
    const int refused = Refuse(info.error());
    return exit_code_ != 0 ? exit_code_ : refused;
  }
  if (info->is_complete()) {
    return complete(*info);
  }
  path = info->path;
  context_.launch.command_items = info->command_items;

  const Result<ServerReply> reply = Ask(CreateAgentMutation(path, context_.host));
  Result<std::string> agent_id = reply ? ReadCreateAgentReply(*reply) : reply.error();
  if (!agent_id) {
    if (exit_code_ != 0) {
      return exit_code_;
    }
    // The sweep may have been completed in between.
    info = sweep();
    return info && info->is_complete() ? complete(*info) : Refuse(agent_id.error());
  }
  agent_id_ = *std::move(agent_id);
  Log(LogLevel::kInfo, "agent", "agent {} works on sweep {}/{}/{} with {} slots", agent_id_,
      path.entity, path.project, path.sweep, context_.slots.slots);
  EmitEvent({{"event", "agent_started"}, {"agent", agent_id_}, {"sweep", path.sweep}});
  return std::nullopt;
}

// ---- Working

int AgentLoop::Work() {
  CoreOptions options = context_.options.core;
  options.slots = context_.slots.slots;
  core_.emplace(options, context_.steady_clock.Now());
  core_->Tick(context_.steady_clock.Now());
  while (true) {
    Perform();
    if (core_->is_finished()) {
      return exit_code_;
    }
    const Timestamp next = core_->NextDeadline();
    Wait(std::min(next, engine_.NextDeadline().value_or(next)));
    while (const std::optional<int> signal = ReadSignal()) {
      core_->Signalled(context_.steady_clock.Now(), *signal);
    }
    for (const CallAnswer& answer : queue_.Take()) {
      HandleAnswer(answer);
    }
    PumpProcesses();
    core_->Tick(context_.steady_clock.Now());
  }
}

void AgentLoop::Wait(std::optional<Timestamp> until) {
  std::array<pollfd, 4> fds = {Readable(signals_.get()), Readable(queue_.fd()),
                               Readable(engine_.fd()),
                               Readable(is_output_paused_ ? output_.fd() : -1)};
  std::optional<Duration> wait;
  if (until && *until != Timestamp::max()) {
    wait = *until - context_.steady_clock.Now();
  }
  Poll(fds, wait);
}

std::optional<int> AgentLoop::ReadSignal() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof(info)) != sizeof(info)) {
    return std::nullopt;
  }
  return static_cast<int>(info.ssi_signo);
}

void AgentLoop::PumpProcesses() {
  const auto on_output = [this](const ProcessOutput& output) { HandleOutput(output); };
  for (const ProcessEnd& end : engine_.Pump(on_output)) {
    HandleEnd(end);
  }
  if (const bool is_full = output_.is_full(); is_full != is_output_paused_) {
    is_output_paused_ = is_full;
    engine_.PauseOutput(is_full);
  }
}

void AgentLoop::Perform() {
  while (true) {
    const std::vector<Action> actions = core_->TakeActions();
    if (actions.empty()) {
      return;
    }
    for (const Action& action : actions) {
      std::visit([this](const auto& chosen) { Do(chosen); }, action);
    }
  }
}

void AgentLoop::Do(const StartRun& action) {
  const std::string& run_id = action.command.run_id;
  outputs_.erase(run_id);
  RunOutput& output = outputs_[run_id];
  Result<Launch> launch = PrepareLaunch(context_.launch, action.command, action.slot);
  Result<void> started = launch ? engine_.Start(run_id, launch->process) : launch.error();
  if (!started) {
    // As a shell does it: 127 for a program that cannot be run.
    Log(LogLevel::kError, "agent", "run {}: {}", run_id, started.error().message);
    output.console.Add(context_.wall_clock.Now(), true, started.error().message);
    EndedRun ended{.run_id = run_id, .exit_code = 127, .signal = std::nullopt};
    ended.last_lines = {started.error().message};
    core_->RunEnded(context_.steady_clock.Now(), ended);
    return;
  }
  for (const std::string& warning : launch->warnings) {
    Log(LogLevel::kWarning, "agent", "run {}: {}", run_id, warning);
  }
  Log(LogLevel::kInfo, "agent", "run {} {}: {}", run_id,
      action.command.type == Command::Type::kResume ? "resumed" : "started",
      fmt::format("{}", fmt::join(launch->process.arguments, " ")));
  EmitEvent({{"event", "run_started"}, {"run_id", run_id}, {"slot", action.slot}});
}

void AgentLoop::Do(const SignalRun& action) {
  Log(LogLevel::kInfo, "agent", "run {}: sending signal {} to its process group", action.run_id,
      action.signal);
  engine_.Signal(action.run_id, action.signal);
}

void AgentLoop::Do(const KillEverything& /*action*/) { engine_.KillAll(); }

void AgentLoop::Do(const SendHeartbeat& action) {
  HeartbeatReport report = action.report;
  report.ended = action.ended_runs;
  Send("/graphql", HeartbeatMutation(agent_id_, report),
       {.kind = Purpose::Kind::kHeartbeat, .run = {}});
}

void AgentLoop::Do(const MarkPreempting& action) {
  Send(FileStreamPath(context_.launch.path, action.run_id), PreemptingBody(),
       {.kind = Purpose::Kind::kMark, .run = {.run_id = action.run_id}});
}

void AgentLoop::Do(const SettleRun& action) {
  Send("/graphql", RunQuery(context_.launch.path, action.run.run_id),
       {.kind = Purpose::Kind::kFindRun, .run = action.run});
}

void AgentLoop::Do(const Finish& action) {
  exit_code_ = action.exit_code;
  Log(action.exit_code == 0 ? LogLevel::kInfo : LogLevel::kWarning, "agent", "ended ({}): {}",
      action.exit_code, action.reason);
  EmitEvent({{"event", "agent_ended"}, {"exit_code", action.exit_code}, {"reason", action.reason}});
}

void AgentLoop::Send(std::string path, std::string body, Purpose purpose) {
  const std::uint64_t id = next_call_id_++;
  open_calls_.emplace(id, std::move(purpose));
  queue_.Send({.id = id, .path = std::move(path), .body = std::move(body)});
}

void AgentLoop::HandleAnswer(const CallAnswer& answer) {
  auto call = open_calls_.extract(answer.id);
  if (call.empty()) {
    return;
  }
  const Timestamp now = context_.steady_clock.Now();
  const Purpose& purpose = call.mapped();
  const Result<ServerReply>& reply = answer.reply;
  switch (purpose.kind) {
    case Purpose::Kind::kHeartbeat: {
      const Result<std::vector<Command>> commands =
          reply ? ReadHeartbeatReply(*reply) : reply.error();
      core_->HeartbeatAnswered(now, commands);
      break;
    }
    case Purpose::Kind::kMark:
      core_->MarkAnswered(now, purpose.run.run_id);
      break;
    case Purpose::Kind::kFindRun:
      HandleRunFound(reply, purpose.run);
      break;
    case Purpose::Kind::kReportRun: {
      const Result<void> posted = reply ? ReadPostReply(*reply) : Result<void>(reply.error());
      const bool is_settled = posted || posted.error().code != ErrorCode::kUnavailable;
      if (is_settled) {
        outputs_.erase(purpose.run.run_id);
      }
      core_->RunSettled(now, purpose.run.run_id, is_settled);
      break;
    }
  }
}

void AgentLoop::HandleRunFound(const Result<ServerReply>& reply, const EndedRun& run) {
  const Result<bool> has_reported = reply ? ReadRunReply(*reply) : reply.error();
  if (!has_reported && has_reported.error().code == ErrorCode::kUnavailable) {
    core_->RunSettled(context_.steady_clock.Now(), run.run_id, false);
    return;
  }
  if (!has_reported || *has_reported) {
    outputs_.erase(run.run_id);
    core_->RunSettled(context_.steady_clock.Now(), run.run_id, true);
    return;
  }
  Log(LogLevel::kWarning, "agent",
      "run {} never called wandb.init: recording its output and its end ({}) for it", run.run_id,
      DescribeEnd(run));
  const std::vector<std::string> lines = outputs_[run.run_id].console.LogLines();
  Send(FileStreamPath(context_.launch.path, run.run_id), CompleteBody(lines, ExitCodeOf(run)),
       {.kind = Purpose::Kind::kReportRun, .run = run});
}

void AgentLoop::HandleOutput(const ProcessOutput& output) {
  const auto found = outputs_.find(output.name);
  if (found == outputs_.end()) {
    return;
  }
  RunOutput& run = found->second;
  LineCutter& cutter = output.is_error ? run.errors : run.output;
  cutter.Add(output.bytes, [&](std::string_view line) {
    run.console.Add(context_.wall_clock.Now(), output.is_error, line);
    EmitLine(output.name, output.is_error, line);
  });
}

void AgentLoop::HandleEnd(const ProcessEnd& end) {
  EndedRun run{.run_id = end.name,
               .exit_code = end.exit_code,
               .signal = end.signal,
               .seconds = std::chrono::duration<double>(end.lasted).count()};
  RunOutput& output = outputs_[end.name];
  for (const bool is_error : {false, true}) {
    (is_error ? output.errors : output.output).Finish([&](std::string_view line) {
      output.console.Add(context_.wall_clock.Now(), is_error, line);
      EmitLine(end.name, is_error, line);
    });
  }
  run.last_lines = output.console.Last(kLastLines, kLastLineBytes);
  Log(LogLevel::kInfo, "agent", "run {} ended after {:.1f} s: {}", run.run_id, run.seconds,
      DescribeEnd(run));
  EmitEvent({{"event", "run_ended"},
             {"run_id", run.run_id},
             {"exit_code", run.exit_code ? nlohmann::ordered_json(*run.exit_code) : nullptr},
             {"signal", run.signal ? nlohmann::ordered_json(*run.signal) : nullptr},
             {"seconds", run.seconds}});
  core_->RunEnded(context_.steady_clock.Now(), run);
}

// Runs may leave processes outside their group, which come to the agent when it is their reaper.
// They get a moment, then nothing outlives the agent that a container or a lease would have to
// account for.
void AgentLoop::WaitForOrphans() {
  const bool is_lost = exit_code_ == kExitUnreachable;
  Timestamp until = context_.steady_clock.Now() + (is_lost ? Duration::zero() : kOrphanTimeout);
  if (const std::optional<Timestamp> ends_by = core_ ? core_->ends_by() : std::nullopt) {
    until = std::min(until, *ends_by + kOrphanTimeoutHurried);
  }
  while (engine_.HasChildren()) {
    const Timestamp now = context_.steady_clock.Now();
    if (now >= until) {
      engine_.KillAll();
      break;
    }
    std::array<pollfd, 1> fds = {Readable(engine_.fd())};
    Poll(fds, until - now);
    PumpProcesses();
  }
}

void AgentLoop::EmitLine(std::string_view run_id, bool is_error, std::string_view line) {
  switch (context_.options.output) {
    case OutputStyle::kPrefixed:
      output_.Add(fmt::format("[{}] {}\n", run_id, line));
      break;
    case OutputStyle::kPlain:
      output_.Add(fmt::format("{}\n", line));
      break;
    case OutputStyle::kJson:
      EmitEvent({{"event", "output"},
                 {"run_id", run_id},
                 {"stream", is_error ? "stderr" : "stdout"},
                 {"line", line}});
      break;
    case OutputStyle::kNone:
      break;
  }
}

void AgentLoop::EmitEvent(const nlohmann::ordered_json& event) {
  if (context_.options.output == OutputStyle::kJson) {
    output_.Add(event.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                "\n");
  }
}

}  // namespace regatta::agent
