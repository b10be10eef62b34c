#include "credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

#include "secret_file.h"

namespace regatta::app {
namespace {

constexpr std::string_view kDefaultServer = "http://127.0.0.1:8080";
constexpr std::string_view kBlanks = " \t\r\n";

struct Token {
  std::string text;
  std::size_t begin = 0;
};

// The words of a netrc file. Quotes and backslashes as in a shell; `#` begins a comment; the body
// of a macro, up to an empty line, is no word.
std::vector<Token> NetrcTokens(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (true) {
    at = text.find_first_not_of(kBlanks, at);
    if (at == std::string_view::npos) return tokens;
    if (text[at] == '#') {
      at = std::min(text.size(), text.find('\n', at));
      continue;
    }
    Token token{.text = "", .begin = at};
    char quote = 0;
    for (; at < text.size(); ++at) {
      const char letter = text[at];
      if (letter == '\\' && quote != '\'' && at + 1 < text.size()) {
        token.text += text[++at];
      } else if (quote == 0 && (letter == '"' || letter == '\'')) {
        quote = letter;
      } else if (letter == quote) {
        quote = 0;
      } else if (quote == 0 && kBlanks.find(letter) != std::string_view::npos) {
        break;
      } else {
        token.text += letter;
      }
    }
    tokens.push_back(std::move(token));
    if (tokens.back().text == "macdef") at = std::min(text.size(), text.find("\n\n", at));
  }
}

bool BeginsEntry(const Token& token) {
  return token.text == "machine" || token.text == "default" || token.text == "macdef";
}

// Places of the entry's words in `tokens`: [first, last).
struct Entry {
  std::size_t first = 0;
  std::size_t last = 0;
};

std::optional<Entry> FindEntry(const std::vector<Token>& tokens, std::string_view machine,
                               std::size_t from = 0) {
  for (std::size_t i = from; i + 1 < tokens.size(); ++i) {
    if (tokens[i].text != "machine" || tokens[i + 1].text != machine) continue;
    std::size_t last = i + 2;
    // Words come in pairs, so a password that reads "machine" begins nothing.
    while (last < tokens.size() && !BeginsEntry(tokens[last])) last += 2;
    return Entry{i, std::min(last, tokens.size())};
  }
  return std::nullopt;
}

std::string HomeFolder(const Environment& environment) {
  const std::string home = environment("HOME");
  return home.empty() ? "." : home;
}

// `base_url = ...` of the config file; lines that begin with # are comments.
std::string ConfiguredServer(const Environment& environment) {
  const Result<std::string> text = ReadSecretFile(ConfigPath(environment));
  if (!text) return {};
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.size(), rest.find('\n'));
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto trimmed = [](std::string_view part) {
      const std::size_t first = part.find_first_not_of(kBlanks);
      if (first == std::string_view::npos) return std::string_view();
      return part.substr(first, part.find_last_not_of(kBlanks) - first + 1);
    };
    if (trimmed(line.substr(0, equals)) == "base_url") {
      return std::string(trimmed(line.substr(equals + 1)));
    }
  }
  return {};
}

// Writes through a link, as the file may well be one into a folder of dotfiles.
Result<void> WriteFile(const std::string& path, std::string_view content) {
  std::error_code failed;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, failed);
  const std::string real = failed ? path : target.string();
  std::filesystem::create_directories(std::filesystem::path(real).parent_path(), failed);
  return WriteSecretFile(real, content);
}

// The file as it is, or "" when there is none. Errors: it is there and cannot be read.
Result<std::string> ReadWhole(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return std::string();
  Result<std::string> text = ReadSecretFile(path);
  if (!text) return Unavailable(fmt::format("cannot read {}: see its permissions", path));
  return text;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
  };
}

std::string NetrcPath(const Environment& environment) {
  if (const std::string given = environment("NETRC"); !given.empty()) {
    return given.starts_with("~/") ? HomeFolder(environment) + given.substr(1) : given;
  }
  const std::string usual = HomeFolder(environment) + "/.netrc";
  const std::string other = HomeFolder(environment) + "/_netrc";
  std::error_code failed;
  const bool is_other =
      !std::filesystem::exists(usual, failed) && std::filesystem::exists(other, failed);
  return is_other ? other : usual;
}

std::string ConfigPath(const Environment& environment) {
  const std::string base = environment("XDG_CONFIG_HOME");
  return (base.empty() ? HomeFolder(environment) + "/.config" : base) + "/regatta/config";
}

Result<std::string> NetworkLocation(std::string_view url) {
  std::string_view rest = url;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  }
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const bool is_address = rest.size() < url.size() && !host.empty() &&
                          host.find_first_of(" \t\r\n@") == std::string_view::npos;
  if (!is_address) {
    // A password inside of the address must not be repeated.
    const std::string shown =
        host.find('@') == std::string_view::npos ? fmt::format("\"{}\" ", url) : "";
    return InvalidArgument(fmt::format(
        "the server's address {}is none: write http://HOST:PORT or https://HOST", shown));
  }
  return std::string(host);
}

Result<std::string> FindServer(const std::string& server_option, const Environment& environment) {
  std::string server = server_option;
  if (server.empty()) server = environment("WANDB_BASE_URL");
  if (server.empty()) server = ConfiguredServer(environment);
  if (server.empty()) server = kDefaultServer;
  while (server.ends_with('/')) server.pop_back();
  if (const Result<std::string> location = NetworkLocation(server); !location) {
    return location.error();
  }
  return server;
}

Result<Credentials> FindAdminCredentials(const std::string& server_option, const FolderKey& folder,
                                         const Environment& environment) {
  Result<Credentials> found = FindCredentials(server_option, environment);
  if (!found) return found;
  const bool is_environments =
      !environment("WANDB_API_KEY").empty() || !environment("REGATTA_API_KEY_FILE").empty();
  const bool is_server_named = !server_option.empty() || !environment("WANDB_BASE_URL").empty() ||
                               !ConfiguredServer(environment).empty();
  const bool is_folders_server = server_option.empty() ? !is_server_named : folder.is_folder_named;
  if (is_environments || !is_folders_server) return found;
  if (Result<std::string> key = ReadSecretFile(folder.path); key) {
    found->key = *std::move(key);
    found->source = folder.path;
  }
  return found;
}

Result<Credentials> FindCredentials(const std::string& server_option,
                                    const Environment& environment) {
  Result<std::string> server = FindServer(server_option, environment);
  if (!server) return server.error();
  Credentials found{
      .server = *std::move(server), .key = environment("WANDB_API_KEY"), .source = ""};
  if (!found.key.empty()) {
    found.source = "WANDB_API_KEY";
    return found;
  }
  if (const std::string path = environment("REGATTA_API_KEY_FILE"); !path.empty()) {
    Result<std::string> key = ReadSecretFile(path);
    if (!key) return WithContext("REGATTA_API_KEY_FILE", key.error());
    found.key = *std::move(key);
    found.source = path;
    return found;
  }
  const std::string netrc = NetrcPath(environment);
  const Result<std::string> text = ReadSecretFile(netrc);
  if (!text) return found;
  found.key = FindInNetrc(*text, NetworkLocation(found.server).value());
  if (!found.key.empty()) found.source = netrc;
  return found;
}

std::string FindInNetrc(std::string_view text, std::string_view machine) {
  const std::vector<Token> tokens = NetrcTokens(text);
  const std::optional<Entry> entry = FindEntry(tokens, machine);
  if (!entry) return {};
  for (std::size_t i = entry->first + 2; i + 1 < entry->last; i += 2) {
    if (tokens[i].text == "password") return tokens[i + 1].text;
  }
  return {};
}

std::string ReplaceInNetrc(std::string_view text, std::string_view machine, std::string_view key) {
  std::string kept(text);
  while (true) {
    const std::vector<Token> tokens = NetrcTokens(kept);
    const std::optional<Entry> entry = FindEntry(tokens, machine);
    if (!entry) break;
    const std::size_t begin = tokens[entry->first].begin;
    const std::size_t end = entry->last < tokens.size() ? tokens[entry->last].begin : kept.size();
    kept.erase(begin, end - begin);
  }
  if (!kept.empty() && kept.back() != '\n') kept += '\n';
  // Before `default`, which hides all that comes after it.
  std::size_t place = kept.size();
  for (const Token& token : NetrcTokens(kept)) {
    if (token.text == "default") place = std::min(place, token.begin);
  }
  kept.insert(place, fmt::format("machine {}\n  login user\n  password {}\n", machine, key));
  return kept;
}

Result<StoredIn> StoreCredentials(const Credentials& credentials, const Environment& environment) {
  const Result<std::string> location = NetworkLocation(credentials.server);
  if (!location) return location.error();
  StoredIn stored{.netrc = NetrcPath(environment), .config = ConfigPath(environment)};
  const Result<std::string> netrc = ReadWhole(stored.netrc);
  if (!netrc) return netrc.error();
  if (Result<void> written =
          WriteFile(stored.netrc, ReplaceInNetrc(*netrc, *location, credentials.key));
      !written) {
    return written.error();
  }
  const std::string config =
      fmt::format("# Written by `regatta login`.\nbase_url = {}\n", credentials.server);
  if (Result<void> written = WriteFile(stored.config, config); !written) return written.error();
  return stored;
}

}  // namespace regatta::app
