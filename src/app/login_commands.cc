// Who am I, where, and what runs there: login and status.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "command_line.h"
#include "person_command.h"
#include "table.h"

namespace regatta::app {
namespace {

using nlohmann::json;

struct LoginOptions {
  std::string server;
  bool is_key_on_stdin = false;
};

// Switches the terminal's echo off while it lives.
class EchoOff {
 public:
  EchoOff() : is_changed_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (is_changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~EchoOff() {
    if (is_changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  termios before_ = {};
  bool is_changed_;
};

// From standard input, from a person, or from the environment.
Result<std::string> AskForKey(const LoginOptions& options, const Credentials& known) {
  std::string key;
  if (options.is_key_on_stdin) {
    std::getline(std::cin, key);
  } else if (known.source == "WANDB_API_KEY") {
    key = known.key;
  } else if (IsStandardInputTerminal()) {
    fmt::print(stderr, "API key for {} (not shown): ", known.server);
    const EchoOff echo_off;
    std::getline(std::cin, key);
    fmt::print(stderr, "\n");
  } else {
    return InvalidArgument(
        "there is no terminal to ask for the key: use --key-stdin (`regatta login --key-stdin < "
        "FILE`) or set WANDB_API_KEY");
  }
  const std::size_t first = key.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return InvalidArgument("no API key was given");
  key = key.substr(first, key.find_last_not_of(" \t\r\n") - first + 1);
  if (key.find_first_of(" \t\"'\\#") != std::string::npos) {
    return InvalidArgument("what was given is no API key: it holds blanks or quotes");
  }
  return key;
}

int Login(const LoginOptions& options) {
  const Environment environment = ProcessEnvironment();
  const Result<std::string> server = FindServer(options.server, environment);
  if (!server) return Fail(server.error());
  Credentials credentials{.server = *server, .key = environment("WANDB_API_KEY"), .source = ""};
  if (!credentials.key.empty()) credentials.source = "WANDB_API_KEY";
  Result<std::string> key = AskForKey(options, credentials);
  if (!key) {
    Fail(key.error());
    return kExitUsage;
  }
  credentials.key = *std::move(key);
  credentials.source = "this login";
  ApiClient client(credentials);
  const Result<json> answer = client.Ask("query Viewer { viewer { username entity } }");
  if (!answer) return Fail(answer.error());
  const json viewer = answer->value("viewer", json());
  if (!viewer.is_object()) {
    return Fail(Unauthenticated(fmt::format("{} does not know this API key", *server)));
  }
  const Result<StoredIn> stored = StoreCredentials(credentials, environment);
  if (!stored) {
    Fail(stored.error());
    return kExitFailure;
  }
  fmt::print("logged in to {} as {}\nkey stored in {}, address in {}\n", *server,
             TextOf(viewer, "username", TextOf(viewer, "entity")), stored->netrc, stored->config);
  return kExitOk;
}

constexpr std::string_view kStatusQuery = R"(
query Status($entity: String) {
  models(entityName: $entity, first: 1000) { edges { node {
    name
    runs(filters: "{\"state\":\"running\"}", order: "-created_at", first: 20) {
      totalCount
      edges { node { name displayName state createdAt historyLineCount sweepName } }
    }
    sweeps(first: 100) { edges { node { name displayName state method runCount runCountExpected } } }
  } } }
})";

// The running runs and the sweeps that are not over, each with its project.
struct Active {
  json runs = json::array();
  json sweeps = json::array();
};

Active ActiveOf(const json& answer) {
  Active active;
  for (json& project : NodesOf(answer.value("models", json()))) {
    const std::string name = TextOf(project, "name");
    for (json& run : NodesOf(project.value("runs", json()))) {
      run["project"] = name;
      active.runs.push_back(std::move(run));
    }
    for (json& sweep : NodesOf(project.value("sweeps", json()))) {
      const std::string state = TextOf(sweep, "state");
      if (state != "RUNNING" && state != "PENDING" && state != "PAUSED") continue;
      sweep["project"] = name;
      active.sweeps.push_back(std::move(sweep));
    }
  }
  return active;
}

void PrintActive(const Active& active) {
  const Terminal terminal = StandardOutput();
  if (active.runs.empty() && active.sweeps.empty()) {
    fmt::print("nothing is running\n");
    return;
  }
  if (!active.sweeps.empty()) {
    Table table({{"PROJECT"}, {"SWEEP"}, {"STATE"}, {"METHOD"}, {"RUNS", true}, {"NAME"}});
    for (const json& sweep : active.sweeps) {
      const std::string state = TextOf(sweep, "state");
      table.Add({{TextOf(sweep, "project")},
                 {TextOf(sweep, "name")},
                 {state, ColourOfState(state)},
                 {TextOf(sweep, "method")},
                 {fmt::format("{}", CountOf(sweep, "runCount"))},
                 {TextOf(sweep, "displayName")}});
    }
    fmt::print("\n{}", table.Render(terminal));
  }
  if (!active.runs.empty()) {
    Table table({{"PROJECT"}, {"RUN"}, {"STATE"}, {"STARTED"}, {"ROWS", true}, {"NAME"}});
    for (const json& run : active.runs) {
      const std::string state = TextOf(run, "state");
      table.Add({{TextOf(run, "project")},
                 {TextOf(run, "name")},
                 {state, ColourOfState(state)},
                 {AgeText(TextOf(run, "createdAt"))},
                 {fmt::format("{}", CountOf(run, "historyLineCount"))},
                 {TextOf(run, "displayName")}});
    }
    fmt::print("\n{}", table.Render(terminal));
  }
}

int Status(const PersonOptions& options) {
  Result<std::unique_ptr<ApiClient>> client = Connect(options);
  if (!client) return Fail(client.error());
  const Result<json> version = (*client)->Call("GET", "/api/version");
  if (!version) return Fail(version.error());
  const Credentials& credentials = (*client)->credentials();
  const Result<json> answer = (*client)->Ask("query Viewer { viewer { username entity admin } }");
  if (!answer) return Fail(answer.error());
  const json viewer = answer->value("viewer", json::object());
  const std::string entity = options.entity.empty() ? TextOf(viewer, "entity") : options.entity;
  const Result<json> found = (*client)->Ask(kStatusQuery, {{"entity", entity}});
  if (!found) return Fail(found.error());
  const Active active = ActiveOf(*found);
  if (options.as_json) {
    PrintJson({{"server", credentials.server},
               {"version", TextOf(*version, "version")},
               {"user", TextOf(viewer, "username")},
               {"entity", entity},
               {"runs", active.runs},
               {"sweeps", active.sweeps}});
    return kExitOk;
  }
  fmt::print("server   {} (Regatta {})\nuser     {}{}\nentity   {}\nkey      from {}\n",
             credentials.server, TextOf(*version, "version", "of unknown version"),
             TextOf(viewer, "username"),
             viewer.value("admin", json()) == json(true) ? ", an administrator" : "", entity,
             credentials.source.empty() ? "nowhere: the server is open" : credentials.source);
  PrintActive(active);
  return kExitOk;
}

}  // namespace

void AddLoginCommands(CLI::App& app, int& exit_code) {
  const auto login_options = std::make_shared<LoginOptions>();
  CLI::App* login = app.add_subcommand("login", "Store the API key of a server");
  login->add_option("--server", login_options->server, "Address of the server (WANDB_BASE_URL)");
  login->add_flag("--key-stdin", login_options->is_key_on_stdin,
                  "Read the key from standard input");
  login->callback([login_options, &exit_code] { exit_code = Login(*login_options); });

  const auto options = std::make_shared<PersonOptions>();
  CLI::App* status = app.add_subcommand("status", "The server, the user, and what is running");
  AddPersonOptions(*status, options, false);
  status->add_option("-e,--entity", options->entity, "User or team instead of your own");
  status->callback([options, &exit_code] { exit_code = Status(*options); });
}

}  // namespace regatta::app
