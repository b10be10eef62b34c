// Which server a person means and who they are there: options, environment, and two small files.
//
// The server: --server, $WANDB_BASE_URL, `base_url` in the config file, http://127.0.0.1:8080.
// The key: $WANDB_API_KEY, the file that $REGATTA_API_KEY_FILE names, the netrc file's entry for
// the server (machine HOST:PORT, login user), the one that the wandb client reads and writes too.
// Keys never stand in messages.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::app {

// A variable of the environment, or "".
using Environment = std::function<std::string(const char* name)>;
Environment ProcessEnvironment();

struct Credentials {
  std::string server;  // without a slash at the end
  std::string key;     // empty: none was found
  std::string source;  // where the key came from, for people: "WANDB_API_KEY"
};

// Errors: kInvalidArgument for an address that is none; kNotFound for a key file that cannot be
// read.
Result<Credentials> FindCredentials(const std::string& server_option,
                                    const Environment& environment);

// The same for commands of an administrator, whom the key file of the server's data folder makes
// one: after the environment's keys and before the netrc file's. That key goes to the server whose
// folder it is and to no other: where nothing names a server, which is the one of this machine, or
// where the person named server and folder in one breath (`is_folder_named`, beside a
// `server_option`). An address out of the environment or the config file may be anybody's.
struct FolderKey {
  std::string path;  // of the api-key file
  bool is_folder_named = false;
};
Result<Credentials> FindAdminCredentials(const std::string& server_option, const FolderKey& folder,
                                         const Environment& environment);

// The server alone. Errors: kInvalidArgument.
Result<std::string> FindServer(const std::string& server_option, const Environment& environment);

// Stores the key in the netrc file and the address in the config file. Both end up readable by
// their owner alone. Errors: kUnavailable, naming the file.
struct StoredIn {
  std::string netrc;
  std::string config;
};
Result<StoredIn> StoreCredentials(const Credentials& credentials, const Environment& environment);

// Where the files lie: $NETRC, else ~/.netrc; $XDG_CONFIG_HOME/regatta/config, else
// ~/.config/regatta/config.
std::string NetrcPath(const Environment& environment);
std::string ConfigPath(const Environment& environment);

// "https://host:81/base" -> "host:81". Errors: kInvalidArgument.
Result<std::string> NetworkLocation(std::string_view url);

// The password of `machine` in the text of a netrc file, or "".
std::string FindInNetrc(std::string_view text, std::string_view machine);
// The text with `machine`'s entry replaced, or added at the end; everything else stays as it is.
std::string ReplaceInNetrc(std::string_view text, std::string_view machine, std::string_view key);

}  // namespace regatta::app
