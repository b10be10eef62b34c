// Commands on users and keys, through the running server's admin interface.
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "person_command.h"
#include "regatta/codec/percent.h"
#include "regatta/net/client.h"
#include "regatta/storage/data_folder.h"
#include "secret_file.h"

namespace regatta::app {
namespace {

using nlohmann::json;

struct Options {
  std::string server;
  std::string data = "regatta-data";
  std::string name;
  std::string email;
  std::string description;
  std::string id;
  bool is_admin = false;
  bool as_json = false;
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// An administrator's client: the key of the data folder, or the one in the environment.
net::HttpClient ClientFor(const Options& options) {
  std::string server = options.server.empty() ? Environment("WANDB_BASE_URL") : options.server;
  if (server.empty()) server = "http://127.0.0.1:8080";
  std::string key = Environment("WANDB_API_KEY");
  if (Result<std::string> stored = ReadSecretFile(storage::DataPaths(options.data).ApiKey());
      stored) {
    key = *std::move(stored);
  }
  return net::HttpClient(server, {.basic_user = "api", .basic_password = key});
}

template <typename Show>
int Call(const Options& options, const char* method, const std::string& path, const json& body,
         Show show) {
  net::HttpClient client = ClientFor(options);
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
  user->add_option("--data", options->data, "Data folder whose api-key file to use")
      ->capture_default_str();
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
  key->add_option("--data", options->data, "Data folder whose api-key file to use")
      ->capture_default_str();
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
