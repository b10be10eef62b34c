// The agent's command line and environment.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core.h"
#include "regatta/base/function_ref.h"
#include "regatta/base/log.h"
#include "regatta/base/result.h"
#include "slots.h"
#include "wire.h"

namespace regatta::agent {

enum class OutputStyle { kPrefixed, kPlain, kNone, kJson };

struct AgentOptions {
  bool wants_help = false;
  SweepPath path;
  std::string base_url;  // without a slash at its end
  std::filesystem::path key_file;
  std::filesystem::path ca_file;
  std::filesystem::path directory;  // WANDB_DIR of the runs; empty: the working directory
  SlotRequest slots;
  OutputStyle output = OutputStyle::kPrefixed;
  LogLevel log_level = LogLevel::kInfo;
  CoreOptions core;
};

using Environment = FunctionRef<std::optional<std::string>(std::string_view)>;

// Reads `arguments`, without the program's name. Environment variables stand in for what is not
// given. Errors: kInvalidArgument, naming the option and what it takes.
Result<AgentOptions> ParseOptions(std::span<const std::string> arguments, Environment environment);

std::string_view HelpText();

// The API key: WANDB_API_KEY, the key file (--key-file, REGATTA_API_KEY_FILE), or the entry for the
// server's host in netrc (NETRC, ~/.netrc, ~/_netrc). nullopt when there is none.
// Errors: kUnauthenticated when a key file is named and cannot be read. No message holds a key.
Result<std::optional<std::string>> FindApiKey(const AgentOptions& options, Environment environment);

// The password of `machine` in a netrc text. `machine` is the host, with ":port" if the URL has
// one.
std::optional<std::string> FindInNetrc(std::string_view netrc, std::string_view machine);

}  // namespace regatta::agent
