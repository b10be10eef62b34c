#include "regatta/agent/agent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "loop.h"
#include "net_transport.h"
#include "options.h"
#include "regatta/base/log.h"
#include "slots.h"
#include "steady_clock.h"

namespace regatta::agent {
namespace {

std::optional<std::string> FromEnvironment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::string> WholeEnvironment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    entries.emplace_back(*entry);
  }
  return entries;
}

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

int Fail(int exit_code, const Error& error) {
  fmt::print(stderr, "regatta agent: {}\n", error.message);
  return exit_code;
}

// The agent's absolute folder for the runs' files.
std::string Directory(const std::filesystem::path& asked) {
  std::error_code failure;
  const std::filesystem::path absolute =
      std::filesystem::absolute(asked.empty() ? std::filesystem::path(".") : asked, failure);
  return (failure ? asked : absolute.lexically_normal()).string();
}

LaunchSettings MakeLaunchSettings(const AgentOptions& options, std::string key, SlotPlan& slots) {
  LaunchSettings launch;
  launch.directory = Directory(options.directory);
  launch.base_url = options.base_url;
  launch.api_key = std::move(key);
  launch.visible_devices = slots.visible_devices;
  launch.environment = WholeEnvironment();
  return launch;
}

}  // namespace

Result<ServerReply> NetTransport::Post(std::string_view path, std::string_view body) {
  Result<net::ClientResponse> response =
      client_.Do("POST", path, {{"Content-Type", "application/json"}}, body);
  if (!response) {
    return std::move(response).error();
  }
  return ServerReply{.status = response->status, .body = std::move(response->body)};
}

int AgentMain(std::span<const std::string> arguments) {
  const auto environment = [](std::string_view name) { return FromEnvironment(name); };
  Result<AgentOptions> options = ParseOptions(arguments, environment);
  if (!options) {
    return Fail(kExitUsage, options.error());
  }
  if (options->wants_help) {
    fmt::print("{}", HelpText());
    return kExitDone;
  }
  SetLogLevel(options->log_level);
  Result<std::optional<std::string>> key = FindApiKey(*options, environment);
  if (!key) {
    return Fail(kExitCredentials, key.error());
  }
  const auto list_gpus = [] { return ListGpus(); };
  Result<SlotPlan> slots =
      PlanSlots(options->slots, GpuProbe{.environment = environment, .list = list_gpus});
  if (!slots) {
    return Fail(kExitError, slots.error());
  }

  std::signal(SIGPIPE, SIG_IGN);
  net::ClientOptions client;
  client.read_timeout = std::chrono::seconds(30);
  client.ca_file = options->ca_file;
  client.user_agent = "regatta-agent";
  if (*key) {
    client.basic_user = "api";
    client.basic_password = **key;
  }
  NetTransport transport(options->base_url, std::move(client));
  SteadyClock steady_clock;
  LaunchSettings launch = MakeLaunchSettings(*options, key->value_or(""), *slots);
  AgentLoop loop({.transport = transport,
                  .steady_clock = steady_clock,
                  .wall_clock = SystemClock(),
                  .options = *std::move(options),
                  .slots = *std::move(slots),
                  .launch = std::move(launch),
                  .host = HostName(),
                  .output_fd = STDOUT_FILENO});
  return loop.Run();
}

}  // namespace regatta::agent
