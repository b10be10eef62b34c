// Commands on users and keys, through the running server's admin interface.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "credentials.h"
#include "person_command.h"
#include "regatta/codec/percent.h"
#include "regatta/net/client.h"
#include "regatta/storage/data_folder.h"

namespace regatta::app {
namespace {

using nlohmann::json;

struct Options {
  std::string server;
  std::string data;  // empty: not named
  std::string name;
  std::string email;
  std::string description;
  std::string id;
  bool is_admin = false;
  bool as_json = false;
};

// The data folder, unless another is named.
constexpr const char* kDefaultFolder = "regatta-data";

Result<Credentials> CredentialsOf(const Options& options) {
  const std::string folder = options.data.empty() ? kDefaultFolder : options.data;
  Result<Credentials> found = FindAdminCredentials(
      options.server,
      {.path = storage::DataPaths(folder).ApiKey(), .is_folder_named = !options.data.empty()},
      ProcessEnvironment());
  if (found && found->key.empty()) {
    return Unauthenticated(
        fmt::format("there is no API key for {}: set WANDB_API_KEY to an administrator's, or name "
                    "the server and its data folder, --server {} --data FOLDER",
                    found->server, found->server));
  }
  return found;
}

template <typename Show>
int Call(const Options& options, const char* method, const std::string& path, const json& body,
         Show show) {
  const Result<Credentials> credentials = CredentialsOf(options);
  if (!credentials) return Fail(credentials.error());
  net::HttpClient client(credentials->server,
                         {.basic_user = "api", .basic_password = credentials->key});
  const Result<net::ClientResponse> answer =
      client.Do(method, path, {{"Content-Type", "application/json"}},
                body.is_null() ? std::string() : body.dump());
  if (!answer) return Fail(answer.error());
  if (!answer->is_ok()) return Fail(answer->ToError());
  const json document = json::parse(answer->body.empty() ? "{}" : answer->body, nullptr, false);
  if (options.as_json) {
    fmt::print("{}\n", document.dump(2));
  } else {
    show(document);
  }
  return kExitOk;
}

std::string UserPath(const Options& options) {
  return "/api/admin/users/" + codec::EncodePercent(options.name);
}

void AddUserCommands(CLI::App& app, const std::shared_ptr<Options>& options, int& exit_code) {
  CLI::App* user = app.add_subcommand("user", "Users of the server")->require_subcommand(1);
  user->add_option("--server", options->server, "Address of the server (WANDB_BASE_URL)");
  user->add_option("--data", options->data,
                   "Data folder whose api-key file to use, with --server or without any")
      ->default_str(kDefaultFolder);
  user->add_flag("--json", options->as_json, "Print JSON");
  user->fallthrough();

  CLI::App* add = user->add_subcommand("add", "Create a user; prints the API key once");
  add->add_option("name", options->name)->required();
  add->add_option("--email", options->email);
  add->add_flag("--admin", options->is_admin, "May manage users and keys");
  add->callback([options, &exit_code] {
    const json body = {
        {"name", options->name}, {"email", options->email}, {"admin", options->is_admin}};
    exit_code = Call(*options, "POST", "/api/admin/users", body, [](const json& answer) {
      fmt::print("user {} created\nAPI key, shown this once: {}\n", answer.value("name", ""),
                 answer.value("api_key", ""));
    });
  });

  user->add_subcommand("list", "All users")->callback([options, &exit_code] {
    exit_code = Call(*options, "GET", "/api/admin/users", {}, [](const json& answer) {
      fmt::print("{:<40} {:<8} {}\n", "NAME", "ADMIN", "EMAIL");
      for (const json& row : answer.value("users", json::array())) {
        fmt::print("{:<40} {:<8} {}\n", row.value("name", ""),
                   row.value("admin", false) ? "yes" : "", row.value("email", ""));
      }
    });
  });

  CLI::App* remove = user->add_subcommand("delete", "Delete a user with everything it owns");
  remove->add_option("name", options->name)->required();
  remove->callback([options, &exit_code] {
    exit_code = Call(*options, "DELETE", UserPath(*options), {}, [&](const json&) {
      fmt::print("user {} deleted with all its data\n", options->name);
    });
  });
}

void AddKeyCommands(CLI::App& app, const std::shared_ptr<Options>& options, int& exit_code) {
  CLI::App* key = app.add_subcommand("key", "API keys of a user")->require_subcommand(1);
  key->add_option("--server", options->server, "Address of the server (WANDB_BASE_URL)");
  key->add_option("--data", options->data,
                  "Data folder whose api-key file to use, with --server or without any")
      ->default_str(kDefaultFolder);
  key->add_flag("--json", options->as_json, "Print JSON");
  key->fallthrough();

  CLI::App* create = key->add_subcommand("create", "Make a key; prints it once");
  create->add_option("user", options->name)->required();
  create->add_option("--description", options->description);
  create->callback([options, &exit_code] {
    exit_code = Call(*options, "POST", UserPath(*options) + "/keys",
                     {{"description", options->description}}, [](const json& answer) {
                       fmt::print("API key, shown this once: {}\n", answer.value("api_key", ""));
                     });
  });

  CLI::App* list = key->add_subcommand("list", "A user's keys, by their first characters");
  list->add_option("user", options->name)->required();
  list->callback([options, &exit_code] {
    exit_code = Call(*options, "GET", UserPath(*options) + "/keys", {}, [](const json& answer) {
      fmt::print("{:<8} {:<12} {:<28} {}\n", "ID", "STARTS", "CREATED", "DESCRIPTION");
      for (const json& row : answer.value("keys", json::array())) {
        fmt::print("{:<8} {:<12} {:<28} {}\n", row.value("id", 0), row.value("prefix", ""),
                   row.value("created_at", ""), row.value("description", ""));
      }
    });
  });

  CLI::App* revoke = key->add_subcommand("revoke", "Make a key worthless, at once");
  revoke->add_option("id", options->id, "As `regatta key list` shows it")->required();
  revoke->callback([options, &exit_code] {
    exit_code = Call(*options, "DELETE", "/api/admin/keys/" + codec::EncodePercent(options->id), {},
                     [&](const json&) { fmt::print("key {} revoked\n", options->id); });
  });
}

}  // namespace

void AddAccountCommands(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<Options>();
  AddUserCommands(app, options, exit_code);
  AddKeyCommands(app, options, exit_code);
}

}  // namespace regatta::app
