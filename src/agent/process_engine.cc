#include "process_engine.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "regatta/base/check.h"

namespace regatta::agent {
namespace {

constexpr std::uint64_t kChildTag = 0;
// After SIGKILL only the kernel can hold a process up; the slot does not wait for it for ever.
constexpr Duration kGiveUpDelay = std::chrono::seconds(5);

bool IsGroupAlive(pid_t group) { return ::kill(-group, 0) == 0 || errno == EPERM; }

// The direct children of this process, as the kernel lists them for each thread.
std::vector<pid_t> Children() {
  std::vector<pid_t> children;
  const std::string path = fmt::format("/proc/self/task/{}/children", ::getpid());
  if (std::FILE* file = std::fopen(path.c_str(), "re")) {
    int pid = 0;
    while (std::fscanf(file, "%d", &pid) == 1) {
      children.push_back(pid);
    }
    std::fclose(file);
  }
  return children;
}

}  // namespace

struct ProcessEngine::Process {
  std::string name;
  pid_t pid = 0;
  std::uint64_t tag = 0;
  FileDescriptor output;
  FileDescriptor errors;
  Timestamp started_at;
  // Set when the process itself has ended; its group may live on.
  std::optional<ProcessEnd> end;
  enum class Clearing { kWaiting, kTerminating, kKilling } clearing = Clearing::kWaiting;
  Timestamp clear_at;  // when the next step of clearing the group is due
};

ProcessEngine::ProcessEngine(Clock& clock, EngineOptions options)
    : clock_(clock), options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  ::pthread_sigmask(SIG_BLOCK, &child, nullptr);
  child_signal_ = FileDescriptor(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  Check(epoll_.is_open() && child_signal_.is_open(), "no file descriptors are left for the agent");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  Watch(child_signal_.get(), kChildTag);
}

ProcessEngine::~ProcessEngine() { KillAll(); }

void ProcessEngine::Watch(int fd, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

Result<void> ProcessEngine::Start(const std::string& name, const ProcessSpec& spec) {
  Check(!processes_.contains(name), "two processes of one name");
  Result<SpawnedProcess> spawned = Spawn(spec);
  if (!spawned) {
    return std::move(spawned).error();
  }
  auto process = std::make_unique<Process>();
  process->name = name;
  process->pid = spawned->pid;
  process->tag = next_tag_;
  process->output = std::move(spawned->output);
  process->errors = std::move(spawned->errors);
  process->started_at = clock_.Now();
  next_tag_ += 2;
  if (!is_paused_) {
    Watch(process->output.get(), process->tag);
    Watch(process->errors.get(), process->tag + 1);
  }
  processes_.emplace(name, std::move(process));
  return Ok();
}

void ProcessEngine::Signal(const std::string& name, int signal) {
  const auto found = processes_.find(name);
  if (found == processes_.end()) {
    return;
  }
  Process& process = *found->second;
  // A group without members may be anybody's number by now.
  if (!process.end || IsGroupAlive(process.pid)) {
    ::kill(-process.pid, signal);
  }
}

void ProcessEngine::KillAll() {
  for (const auto& [name, process] : processes_) {
    Signal(name, SIGKILL);
  }
  // What left its group becomes our child when its parent dies, so a few rounds reach everything.
  for (int round = 0; round < 100; ++round) {
    const std::vector<pid_t> children = Children();
    if (children.empty()) {
      return;
    }
    for (const pid_t child : children) {
      ::kill(child, SIGKILL);
      siginfo_t info{};
      const bool is_ours = std::ranges::any_of(
          processes_, [&](const auto& entry) { return entry.second->pid == child; });
      // Those of a name are reaped by Pump, which reports them.
      ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | (is_ours ? WNOWAIT : 0));
    }
    if (std::ranges::all_of(children, [&](pid_t child) {
          return std::ranges::any_of(processes_,
                                     [&](const auto& entry) { return entry.second->pid == child; });
        })) {
      return;
    }
  }
}

std::optional<Timestamp> ProcessEngine::NextDeadline() const {
  std::optional<Timestamp> next;
  for (const auto& [name, process] : processes_) {
    if (process->end) {
      next = std::min(next.value_or(process->clear_at), process->clear_at);
    }
  }
  return next;
}

void ProcessEngine::Drain(Process& process, bool is_error,
                          FunctionRef<void(const ProcessOutput&)> on_output) {
  FileDescriptor& fd = is_error ? process.errors : process.output;
  std::array<char, 16384> buffer;
  // Bounded, so that one process that writes without end cannot keep the agent from its other
  // duties.
  for (int round = 0; round < 64 && fd.is_open(); ++round) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got > 0) {
      on_output({.name = process.name,
                 .is_error = is_error,
                 .bytes = std::string_view(buffer.data(), static_cast<std::size_t>(got))});
    } else if (got == 0) {
      fd.Close();
    } else if (errno != EINTR) {
      return;
    }
  }
}

void ProcessEngine::NoteEnd(Process& process, int code, int status,
                            FunctionRef<void(const ProcessOutput&)> on_output) {
  Drain(process, false, on_output);
  Drain(process, true, on_output);
  const Timestamp now = clock_.Now();
  ProcessEnd end{.name = process.name,
                 .exit_code = std::nullopt,
                 .signal = std::nullopt,
                 .lasted = now - process.started_at};
  if (code == CLD_EXITED) {
    end.exit_code = status;
  } else {
    end.signal = status;
  }
  process.end = std::move(end);
  process.clear_at = now + options_.linger;
}

void ProcessEngine::ReapAll(FunctionRef<void(const ProcessOutput&)> on_output) {
  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
      return;
    }
    const pid_t pid = info.si_pid;
    const auto found = std::ranges::find_if(
        processes_, [&](const auto& entry) { return entry.second->pid == pid; });
    if (found != processes_.end() && !found->second->end) {
      NoteEnd(*found->second, info.si_code, info.si_status, on_output);
    }
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED);
  }
}

bool ProcessEngine::IsOver(Process& process) {
  if (!process.end) {
    return false;
  }
  if (!IsGroupAlive(process.pid)) {
    return true;
  }
  const Timestamp now = clock_.Now();
  if (now < process.clear_at) {
    return false;
  }
  switch (process.clearing) {
    case Process::Clearing::kWaiting:
      ::kill(-process.pid, SIGTERM);
      process.clearing = Process::Clearing::kTerminating;
      process.clear_at = now + options_.kill_delay;
      return false;
    case Process::Clearing::kTerminating:
      ::kill(-process.pid, SIGKILL);
      process.clearing = Process::Clearing::kKilling;
      process.clear_at = now + kGiveUpDelay;
      return false;
    case Process::Clearing::kKilling:
      return true;
  }
  return true;
}

std::vector<ProcessEnd> ProcessEngine::Pump(FunctionRef<void(const ProcessOutput&)> on_output) {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events.at(static_cast<std::size_t>(i)).data.u64;
    if (tag == kChildTag) {
      signalfd_siginfo ignored{};
      while (::read(child_signal_.get(), &ignored, sizeof(ignored)) > 0) {
      }
      continue;
    }
    const auto found = std::ranges::find_if(processes_, [&](const auto& entry) {
      return entry.second->tag == (tag & ~std::uint64_t{1});
    });
    if (found != processes_.end()) {
      Drain(*found->second, (tag & 1U) != 0, on_output);
    }
  }
  ReapAll(on_output);

  std::vector<ProcessEnd> over;
  for (auto entry = processes_.begin(); entry != processes_.end();) {
    Process& process = *entry->second;
    if (!IsOver(process)) {
      ++entry;
      continue;
    }
    Drain(process, false, on_output);
    Drain(process, true, on_output);
    over.push_back(*std::move(process.end));
    entry = processes_.erase(entry);
  }
  return over;
}

void ProcessEngine::PauseOutput(bool is_paused) {
  if (std::exchange(is_paused_, is_paused) == is_paused) {
    return;
  }
  for (const auto& [name, process] : processes_) {
    for (const bool is_error : {false, true}) {
      const FileDescriptor& fd = is_error ? process->errors : process->output;
      if (!fd.is_open()) {
        continue;
      }
      if (is_paused) {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
      } else {
        Watch(fd.get(), process->tag + (is_error ? 1 : 0));
      }
    }
  }
}

bool ProcessEngine::HasChildren() const {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace regatta::agent
