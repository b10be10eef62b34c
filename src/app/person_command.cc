#include "person_command.h"

#include <fmt/format.h>

#include <iostream>

#include "command_line.h"
#include "regatta/base/clock.h"
#include "regatta/tracking/extended_json.h"
#include "table.h"

namespace regatta::app {

using nlohmann::json;

void AddPersonOptions(CLI::App& command, const std::shared_ptr<PersonOptions>& options,
                      bool has_project) {
  command.add_option("--server", options->server, "Address of the server (WANDB_BASE_URL)");
  command.add_flag("--json", options->as_json, "Print JSON");
  if (!has_project) return;
  command.add_option("-e,--entity", options->entity, "User or team (WANDB_ENTITY)");
  command.add_option("-p,--project", options->project, "Project (WANDB_PROJECT)");
}

int ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kExitUsage;
    case ErrorCode::kNotFound:
      return kExitNotFound;
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kPermissionDenied:
      return kExitUnauthenticated;
    case ErrorCode::kUnavailable:
      return kExitUnavailable;
    default:
      return kExitFailure;
  }
}

int Fail(const Error& error) {
  std::fflush(stdout);
  fmt::print(stderr, "regatta: {}\n", PrintableLine(error.message));
  return ExitCodeOf(error.code);
}

Result<std::unique_ptr<ApiClient>> Connect(const PersonOptions& options) {
  Result<Credentials> credentials = FindCredentials(options.server, ProcessEnvironment());
  if (!credentials) return credentials.error();
  return std::make_unique<ApiClient>(*std::move(credentials));
}

void PrintJson(const json& document) {
  fmt::print("{}\n", document.dump(2, ' ', false, json::error_handler_t::replace));
}

std::string TextOf(const json& object, const char* key, std::string fallback) {
  if (!object.is_object()) return fallback;
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : fallback;
}

std::int64_t CountOf(const json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : 0;
}

std::vector<json> NodesOf(const json& connection) {
  std::vector<json> nodes;
  if (!connection.is_object() || !connection.contains("edges")) return nodes;
  for (const json& edge : connection["edges"]) {
    if (edge.is_object() && edge.contains("node") && edge["node"].is_object()) {
      nodes.push_back(edge["node"]);
    }
  }
  return nodes;
}

json DocumentOf(const json& object, const char* key) {
  const std::optional<json> document = tracking::ParseExtendedJson(TextOf(object, key, "{}"));
  return document && document->is_object() ? *document : json::object();
}

std::string ShortText(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  if (value.is_number_float()) return NumberText(value.get<double>());
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string AgeText(const std::string& time) {
  const Result<Timestamp> parsed = ParseTime(time);
  if (!parsed) return time;
  const std::chrono::duration<double> age = SystemClock().Now() - *parsed;
  return DurationText(age.count()) + " ago";
}

bool Confirm(const std::string& question, bool is_sure) {
  if (is_sure) return true;
  if (!IsStandardInputTerminal()) {
    fmt::print(stderr, "regatta: {} Nobody is here to ask: say --yes.\n", question);
    return false;
  }
  fmt::print(stderr, "{} [y/N] ", question);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace regatta::app
