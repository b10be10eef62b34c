#include "spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

namespace regatta::agent {
namespace {

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return ResourceExhausted(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  return Pipe{.read = FileDescriptor(ends[0]), .write = FileDescriptor(ends[1])};
}

bool IsExecutableFile(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string_view PathOf(const std::vector<std::string>& environment) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string& entry : environment) {
    if (entry.starts_with(kName)) {
      return std::string_view(entry).substr(kName.size());
    }
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

Result<std::string> FindProgram(const std::string& name, std::string_view path) {
  if (name.find('/') != name.npos) {
    return name;
  }
  while (true) {
    const std::size_t end = path.find(':');
    const std::string_view folder = path.substr(0, end);
    std::string candidate = (folder.empty() ? "." : std::string(folder)) + "/" + name;
    if (IsExecutableFile(candidate)) {
      return candidate;
    }
    if (end == path.npos) {
      break;
    }
    path.remove_prefix(end + 1);
  }
  return NotFound(fmt::format("\"{}\" is not an executable file in any folder of PATH", name));
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// All that the child needs, made before the fork: between fork and exec nothing may allocate or
// lock, for another thread may have held the lock when the process was copied.
struct ChildPlan {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int input;
  int output;
  int errors;
  int failure;  // where errno goes when the program cannot be executed
  pid_t parent;
};

void ResetSignals() {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void CloseOnExecFrom(int first) {
  constexpr unsigned kCloseOnExec = 1U << 2U;  // CLOSE_RANGE_CLOEXEC
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, kCloseOnExec) == 0) {
    return;
  }
  for (int fd = first; fd < 1024; ++fd) {  // kernels before 5.11
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

[[noreturn]] void BecomeProgram(const ChildPlan& plan) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) {
    ::_exit(127);  // the agent died before the request above took hold
  }
  ResetSignals();
  const bool is_wired = ::dup2(plan.input, STDIN_FILENO) >= 0 &&
                        ::dup2(plan.output, STDOUT_FILENO) >= 0 &&
                        ::dup2(plan.errors, STDERR_FILENO) >= 0;
  if (is_wired) {
    CloseOnExecFrom(3);
    ::execve(plan.program, plan.arguments, plan.environment);
  }
  const int why = errno;
  [[maybe_unused]] const ssize_t written = ::write(plan.failure, &why, sizeof(why));
  ::_exit(127);
}

Error CannotExecute(const std::string& program, int why) {
  if (why == ENOENT) {
    return NotFound(fmt::format(
        "cannot start \"{}\": no such file, or the interpreter that its first line names is "
        "missing",
        program));
  }
  if (why == ENOEXEC) {
    return FailedPrecondition(fmt::format(
        "cannot start \"{}\": it is neither a binary for this machine nor a script with a #! line",
        program));
  }
  return FailedPrecondition(fmt::format("cannot start \"{}\": {}", program, std::strerror(why)));
}

// The child's errno when it could not execute the program, 0 when it did.
int ReadFailure(int fd) {
  int why = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, &why, sizeof(why));
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof(why)) ? why : 0;
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = other.Release();
  }
  return *this;
}

int FileDescriptor::Release() { return std::exchange(fd_, -1); }

void FileDescriptor::Close() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

Result<SpawnedProcess> Spawn(const ProcessSpec& spec) {
  const Result<std::string> program = FindProgram(spec.arguments.at(0), PathOf(spec.environment));
  if (!program) {
    return program.error();
  }
  const FileDescriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Result<Pipe> output = MakePipe();
  Result<Pipe> errors = MakePipe();
  Result<Pipe> failure = MakePipe();
  if (!input.is_open() || !output || !errors || !failure) {
    return ResourceExhausted(
        fmt::format("cannot start \"{}\": no file descriptors, or no /dev/null", *program));
  }

  const std::vector<char*> arguments = Pointers(spec.arguments);
  const std::vector<char*> environment = Pointers(spec.environment);
  const ChildPlan plan{.program = program->c_str(),
                       .arguments = arguments.data(),
                       .environment = environment.data(),
                       .input = input.get(),
                       .output = output->write.get(),
                       .errors = errors->write.get(),
                       .failure = failure->write.get(),
                       .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid == 0) {
    BecomeProgram(plan);
  }
  if (pid < 0) {
    return ResourceExhausted(
        fmt::format("cannot start \"{}\": {}", *program, std::strerror(errno)));
  }
  failure->write.Close();
  if (const int why = ReadFailure(failure->read.get()); why != 0) {
    ::waitpid(pid, nullptr, 0);
    return CannotExecute(*program, why);
  }
  ::fcntl(output->read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(errors->read.get(), F_SETFL, O_NONBLOCK);
  return SpawnedProcess{
      .pid = pid, .output = std::move(output->read), .errors = std::move(errors->read)};
}

}  // namespace regatta::agent
