#include "options.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <vector>

namespace regatta::agent {
namespace {

Result<double> ParseNumber(std::string_view option, std::string_view text, double min) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  if (!is_whole || !std::isfinite(value) || value < min || value > 1e9) {
    return InvalidArgument(
        fmt::format("{} \"{}\": write a number of at least {}", option, text, min));
  }
  return value;
}

Result<int> ParseCount(std::string_view option, std::string_view text, int min) {
  const Result<double> value = ParseNumber(option, text, min);
  if (!value || *value != std::floor(*value)) {
    return InvalidArgument(
        fmt::format("{} \"{}\": write a whole number of at least {}", option, text, min));
  }
  return static_cast<int>(*value);
}

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

Result<void> SetSeconds(Duration& into, std::string_view option, std::string_view text,
                        double min) {
  const Result<double> value = ParseNumber(option, text, min);
  if (!value) {
    return value.error();
  }
  into = Seconds(*value);
  return Ok();
}

Result<void> SetCount(int& into, std::string_view option, std::string_view text, int min) {
  const Result<int> value = ParseCount(option, text, min);
  if (!value) {
    return value.error();
  }
  into = *value;
  return Ok();
}

Result<void> SetOutput(OutputStyle& into, std::string_view text) {
  const std::map<std::string_view, OutputStyle> styles = {{"prefixed", OutputStyle::kPrefixed},
                                                          {"plain", OutputStyle::kPlain},
                                                          {"none", OutputStyle::kNone},
                                                          {"json", OutputStyle::kJson}};
  const auto style = styles.find(text);
  if (style == styles.end()) {
    return InvalidArgument(
        fmt::format("--output \"{}\": write prefixed, plain, none or json", text));
  }
  into = style->second;
  return Ok();
}

// Options without a value.
bool SetFlag(AgentOptions& options, std::string_view name) {
  if (name == "--help" || name == "-h") {
    options.wants_help = true;
  } else if (name == "--json") {
    options.output = OutputStyle::kJson;
  } else if (name == "--preemptible") {
    options.core.marks_preempting = true;
  } else if (name == "--no-preemptible") {
    options.core.marks_preempting = false;
  } else {
    return false;
  }
  return true;
}

struct Given {
  std::string entity;
  std::string project;
};

using Setter = std::function<Result<void>(std::string_view name, std::string_view value)>;

std::map<std::string_view, Setter> ValueOptions(AgentOptions& options, Given& given) {
  const auto text = [](std::string& into) -> Setter {
    return [&into](std::string_view, std::string_view value) -> Result<void> {
      into = value;
      return Ok();
    };
  };
  const auto path = [](std::filesystem::path& into) -> Setter {
    return [&into](std::string_view, std::string_view value) -> Result<void> {
      into = value;
      return Ok();
    };
  };
  const auto seconds = [](Duration& into, double min) -> Setter {
    return [&into, min](std::string_view name, std::string_view value) {
      return SetSeconds(into, name, value, min);
    };
  };
  std::map<std::string_view, Setter> setters;
  setters["--entity"] = setters["-e"] = text(given.entity);
  setters["--project"] = setters["-p"] = text(given.project);
  setters["--base-url"] = text(options.base_url);
  setters["--key-file"] = path(options.key_file);
  setters["--ca-file"] = path(options.ca_file);
  setters["--dir"] = path(options.directory);
  setters["--term-timeout"] = setters["-t"] = seconds(options.core.term_timeout, 0);
  setters["--kill-delay"] = seconds(options.core.kill_delay, 0);
  setters["--lease"] = seconds(options.core.lease, 1);
  setters["--count"] = [&options](std::string_view name, std::string_view value) {
    int count = 0;
    Result<void> is_set = SetCount(count, name, value, 1);
    options.core.count = count;
    return is_set;
  };
  setters["--max-consecutive-failed-runs"] = [&options](std::string_view name,
                                                        std::string_view value) {
    return SetCount(options.core.brakes.consecutive_failures_max, name, value, 1);
  };
  setters["--slots"] = [&options](std::string_view, std::string_view value) -> Result<void> {
    const Result<SlotRequest> slots = ParseSlots(value);
    if (!slots) {
      return slots.error();
    }
    options.slots = *slots;
    return Ok();
  };
  setters["--log-level"] = [&options](std::string_view, std::string_view value) -> Result<void> {
    const std::optional<LogLevel> level = ParseLogLevel(value);
    if (!level) {
      return InvalidArgument(
          fmt::format("--log-level \"{}\": write info, warning or error", value));
    }
    options.log_level = *level;
    return Ok();
  };
  setters["--output"] = [&options](std::string_view, std::string_view value) {
    return SetOutput(options.output, value);
  };
  return setters;
}

Result<void> ReadEnvironment(AgentOptions& options, Environment environment) {
  if (const auto delay = environment("WANDB_AGENT_KILL_DELAY")) {
    if (Result<void> is_set =
            SetSeconds(options.core.kill_delay, "WANDB_AGENT_KILL_DELAY", *delay, 0);
        !is_set) {
      return is_set;
    }
  }
  if (environment("WANDB_AGENT_DISABLE_FLAPPING") == "true") {
    options.core.brakes.has_flapping_brake = false;
  }
  if (const auto failures = environment("WANDB_AGENT_MAX_INITIAL_FAILURES")) {
    const Result<int> count = ParseCount("WANDB_AGENT_MAX_INITIAL_FAILURES", *failures, 1);
    options.core.brakes.initial_failures_max = count.value_or(5);
  }
  for (const std::string_view name : {"WANDB_BASE_URL", "REGATTA_BASE_URL"}) {
    if (options.base_url.empty()) {
      options.base_url = environment(name).value_or("");
    }
  }
  options.key_file = environment("REGATTA_API_KEY_FILE").value_or("");
  options.directory = environment("WANDB_DIR").value_or("");
  return Ok();
}

std::optional<std::string> ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) {
    return std::nullopt;
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == text.npos) {
    return "";
  }
  return std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

// What `regatta login` stored: `base_url = ...` in the person's config file; empty if there is
// none.
std::string ConfiguredServer(Environment environment) {
  std::filesystem::path folder = environment("XDG_CONFIG_HOME").value_or("");
  if (folder.empty()) {
    folder = std::filesystem::path(environment("HOME").value_or(".")) / ".config";
  }
  std::istringstream lines(ReadText(folder / "regatta/config").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos && Trimmed(line.substr(0, equals)) == "base_url") {
      return Trimmed(line.substr(equals + 1));
    }
  }
  return {};
}

Result<void> Complete(AgentOptions& options, const Given& given, std::string_view sweep,
                      Environment environment) {
  if (sweep.empty()) {
    return InvalidArgument("which sweep? Write regatta agent ENTITY/PROJECT/SWEEP");
  }
  const Result<SweepPath> path = ParseSweepPath(sweep);
  if (!path) {
    return path.error();
  }
  options.path = *path;
  if (!given.entity.empty()) {
    options.path.entity = given.entity;
  } else if (options.path.entity.empty()) {
    options.path.entity = environment("WANDB_ENTITY").value_or("");
  }
  if (!given.project.empty()) {
    options.path.project = given.project;
  } else if (options.path.project.empty()) {
    options.path.project = environment("WANDB_PROJECT").value_or("");
  }
  if (options.base_url.empty()) {
    options.base_url = ConfiguredServer(environment);
  }
  while (options.base_url.ends_with('/')) {
    options.base_url.pop_back();
  }
  if (!options.base_url.empty() && options.base_url.find("://") != std::string::npos &&
      !options.base_url.starts_with("http://") && !options.base_url.starts_with("https://")) {
    return InvalidArgument(fmt::format(
        "the server's address {} begins with neither http:// nor https://", options.base_url));
  }
  if (!options.base_url.starts_with("http://") && !options.base_url.starts_with("https://")) {
    return InvalidArgument(
        "which server? Set WANDB_BASE_URL, give --base-url (e.g. http://regatta.local:8080), or "
        "log "
        "in once: regatta login --server URL");
  }
  return Ok();
}

std::string HostOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view host = scheme == url.npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find('/'));
  const std::size_t user = host.rfind('@');
  return std::string(user == host.npos ? host : host.substr(user + 1));
}

}  // namespace

Result<AgentOptions> ParseOptions(std::span<const std::string> arguments, Environment environment) {
  AgentOptions options;
  Given given;
  std::string sweep;
  if (Result<void> read = ReadEnvironment(options, environment); !read) {
    return std::move(read).error();
  }
  const std::map<std::string_view, Setter> setters = ValueOptions(options, given);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with('-')) {
      if (!sweep.empty()) {
        return InvalidArgument(
            fmt::format("one sweep at a time: \"{}\" or \"{}\"?", sweep, argument));
      }
      sweep = argument;
      continue;
    }
    if (SetFlag(options, argument)) {
      continue;
    }
    const std::size_t equals = argument.starts_with("--") ? argument.find('=') : argument.npos;
    const std::string_view name = argument.substr(0, equals);
    const auto setter = setters.find(name);
    if (setter == setters.end()) {
      return InvalidArgument(fmt::format("there is no option {}: see regatta agent --help", name));
    }
    if (equals == argument.npos && i + 1 == arguments.size()) {
      return InvalidArgument(fmt::format("{} needs a value: see regatta agent --help", name));
    }
    const std::string_view value =
        equals == argument.npos ? std::string_view(arguments[++i]) : argument.substr(equals + 1);
    if (Result<void> is_set = setter->second(name, value); !is_set) {
      return std::move(is_set).error();
    }
  }
  if (options.wants_help) {
    return options;
  }
  if (Result<void> complete = Complete(options, given, sweep, environment); !complete) {
    return std::move(complete).error();
  }
  return options;
}

std::string_view HelpText() {
  return R"(regatta agent SWEEP: run the points of a sweep on this machine.

SWEEP is ID, PROJECT/ID or ENTITY/PROJECT/ID. The agent asks the server for the next point, starts the
sweep's program with it, watches it, and goes on until the sweep is complete.

  -e, --entity NAME     owner of the sweep (WANDB_ENTITY)
  -p, --project NAME    project of the sweep (WANDB_PROJECT)
      --base-url URL    the server (WANDB_BASE_URL; else that of `regatta login`)
      --key-file FILE   file with the API key (REGATTA_API_KEY_FILE); else WANDB_API_KEY or netrc
      --ca-file FILE    PEM file of authorities for https (SSL_CERT_FILE)
      --count N         finish N runs, then end
      --slots K         K runs at once (1)
      --slots gpu:M     as many runs at once as there are M GPUs for; each sees its own by
                        CUDA_VISIBLE_DEVICES
      --dir DIR         folder for the runs' files (WANDB_DIR; the working directory)
  -t, --term-timeout S  seconds from SIGTERM to SIGKILL for the runs when the agent is ended (10)
      --kill-delay S    the same when the server stops a run (30; WANDB_AGENT_KILL_DELAY)
      --lease S         seconds without any contact after which the runs are ended, because the server
                        will give them to others (300, or what the server says)
      --no-preemptible  do not report the runs as preempted when SIGTERM comes
      --max-consecutive-failed-runs N
                        end after N failed runs in a row
      --output STYLE    the runs' output: prefixed, plain, none, json
      --json            events and output as JSON lines, the same as --output json
      --log-level LEVEL least serious lines on standard error: info, warning, error (info)
  -h, --help            this text

Signals: SIGINT waits for the runs; SIGTERM and SIGHUP send SIGTERM to each run's process group, after
telling the server that SIGTERM preempts them (so that they are run again), then SIGKILL after the
timeout; SIGUSR1 is a preemption notice in any case; SIGQUIT kills. Each further signal is one step harder.
WANDB_AGENT_DISABLE_FLAPPING=true turns off the brake of three failures in the first minute,
WANDB_AGENT_MAX_INITIAL_FAILURES (5) sets that of failing runs with hardly any success.

Exit codes
  0    the sweep is complete, or --count was reached
  1    another error
  2    wrong arguments
  3    stopped because too many runs failed
  4    there is no such sweep, or it was deleted
  5    the API key is missing or was refused
  75   the server could not be reached for the time of the lease
  128+n  ended by signal n
)";
}

std::optional<std::string> FindInNetrc(std::string_view netrc, std::string_view machine) {
  // Words apart by blanks; a line that starts with # is a comment.
  std::istringstream lines{std::string(netrc)};
  std::vector<std::string> words;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) {
      std::istringstream in_line(line);
      for (std::string word; in_line >> word;) {
        words.push_back(word);
      }
    }
  }
  bool is_ours = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "default") {
      is_ours = true;
    } else if (words[i] == "machine" && i + 1 < words.size()) {
      is_ours = words[++i] == machine;
    } else if (words[i] == "password" && i + 1 < words.size()) {
      ++i;
      if (is_ours) {
        return words[i];
      }
    } else if (i + 1 < words.size() && (words[i] == "login" || words[i] == "account")) {
      ++i;
    }
  }
  return std::nullopt;
}

Result<std::optional<std::string>> FindApiKey(const AgentOptions& options,
                                              Environment environment) {
  if (const auto key = environment("WANDB_API_KEY"); key && !Trimmed(*key).empty()) {
    return std::optional<std::string>(Trimmed(*key));
  }
  if (!options.key_file.empty()) {
    const std::optional<std::string> text = ReadText(options.key_file);
    if (!text || Trimmed(*text).empty()) {
      return Unauthenticated(
          fmt::format("the key file \"{}\" is empty or cannot be read: put the API key into it, "
                      "readable for this "
                      "user",
                      options.key_file.string()));
    }
    return std::optional<std::string>(Trimmed(*text));
  }
  std::vector<std::filesystem::path> files;
  if (const auto netrc = environment("NETRC")) {
    files.emplace_back(*netrc);
  } else if (const auto home = environment("HOME")) {
    files.emplace_back(std::filesystem::path(*home) / ".netrc");
    files.emplace_back(std::filesystem::path(*home) / "_netrc");
  }
  const std::string host = HostOf(options.base_url);
  for (const std::filesystem::path& file : files) {
    if (const auto text = ReadText(file)) {
      for (const std::string_view machine :
           {std::string_view(host), std::string_view(host).substr(0, host.find(':'))}) {
        if (auto key = FindInNetrc(*text, machine)) {
          return key;
        }
      }
    }
  }
  return std::optional<std::string>();
}

}  // namespace regatta::agent
