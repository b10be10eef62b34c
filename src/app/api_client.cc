#include "api_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace regatta::app {
namespace {

using nlohmann::json;

net::ClientOptions OptionsFor(const Credentials& credentials) {
  net::ClientOptions options;
  if (!credentials.key.empty()) {
    options.basic_user = "api";
    options.basic_password = credentials.key;
  }
  options.user_agent = "regatta-cli";
  return options;
}

// "NOT_FOUND" -> kNotFound.
ErrorCode CodeNamed(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (ErrorCodeName(code) == name) return code;
  }
  return ErrorCode::kInternal;
}

// The first error of a GraphQL answer.
Error ErrorOf(const json& errors) {
  const json first = errors.is_array() && !errors.empty() ? errors.front() : json::object();
  Error error = Internal("the server answered with an error that has no message");
  if (first.is_string()) error.message = first.get<std::string>();
  if (!first.is_object()) return error;
  if (const auto message = first.find("message"); message != first.end() && message->is_string()) {
    error.message = message->get<std::string>();
  }
  const json code = first.value("/extensions/code"_json_pointer, json());
  if (code.is_string()) error.code = CodeNamed(code.get<std::string>());
  return error;
}

std::string NameOf(ItemKind kind) { return kind == ItemKind::kRun ? "run" : "sweep"; }

// Does the project have the item? One query asks for many projects.
Result<std::vector<std::string>> ProjectsWith(ApiClient& client, ItemKind kind,
                                              const ItemPath& path,
                                              const std::vector<std::string>& projects) {
  constexpr std::size_t kAtOnce = 50;
  std::vector<std::string> found;
  for (std::size_t from = 0; from < projects.size(); from += kAtOnce) {
    const std::size_t to = std::min(projects.size(), from + kAtOnce);
    std::string query = "query Locate($entity: String, $name: String!";
    std::string body;
    json variables = {{"entity", path.entity}, {"name", path.name}};
    for (std::size_t i = from; i < to; ++i) {
      query += fmt::format(", $p{}: String", i);
      body +=
          fmt::format(" p{0}: project(name: $p{0}, entityName: $entity) {{ item: {1} {{ id }} }}",
                      i, kind == ItemKind::kRun ? "run(name: $name)" : "sweep(sweepName: $name)");
      variables[fmt::format("p{}", i)] = projects[i];
    }
    const Result<json> answer = client.Ask(query + ") {" + body + " }", variables);
    if (!answer) return answer.error();
    for (std::size_t i = from; i < to; ++i) {
      const json project = answer->value(fmt::format("p{}", i), json());
      if (project.is_object() && project.value("item", json()).is_object()) {
        found.push_back(projects[i]);
      }
    }
  }
  return found;
}

Result<std::vector<std::string>> ProjectNames(ApiClient& client, const std::string& entity) {
  const Result<json> answer = client.Ask(
      "query Projects($entity: String) { models(entityName: $entity, first: 1000) { edges { node { "
      "name } } } }",
      {{"entity", entity}});
  if (!answer) return answer.error();
  std::vector<std::string> names;
  for (const json& edge : answer->value("/models/edges"_json_pointer, json::array())) {
    names.push_back(edge.value("/node/name"_json_pointer, ""));
  }
  return names;
}

std::vector<std::string> Parts(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t slash = text.find('/');
    parts.emplace_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

bool HasEmptyPart(const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); });
}

}  // namespace

ApiClient::ApiClient(Credentials credentials)
    : credentials_(std::move(credentials)), http_(NewConnection()) {}

std::unique_ptr<net::HttpClient> ApiClient::NewConnection() const {
  return std::make_unique<net::HttpClient>(credentials_.server, OptionsFor(credentials_));
}

Error ApiClient::Explain(Error error) const {
  const std::string& server = credentials_.server;
  if (error.code == ErrorCode::kUnauthenticated) {
    error.message = credentials_.key.empty()
                        ? fmt::format(
                              "{} wants an API key: `regatta login --server {}` stores it, or set "
                              "WANDB_API_KEY",
                              server, server)
                        : fmt::format(
                              "{} does not know the API key from {}: `regatta login --server {}` "
                              "stores another",
                              server, credentials_.source, server);
  } else if (error.code == ErrorCode::kUnavailable) {
    error.message = fmt::format(
        "{} cannot be reached: {}; is the server running (`regatta serve`), and is this its "
        "address (--server or WANDB_BASE_URL)?",
        server, error.message);
  }
  return error;
}

Result<json> ApiClient::Ask(std::string_view query, const json& variables) {
  const json request = {{"query", query},
                        {"variables", variables.is_null() ? json::object() : variables}};
  Result<net::ClientResponse> answer =
      http_->Do("POST", "/graphql", {{"Content-Type", "application/json"}},
                request.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!answer) return Explain(answer.error());
  const json document = json::parse(answer->body, nullptr, false);
  const bool has_errors = document.is_object() && document.contains("errors") &&
                          document["errors"].is_array() && !document["errors"].empty();
  if (has_errors && answer->status != 401) return Explain(ErrorOf(document["errors"]));
  if (!answer->is_ok()) return Explain(answer->ToError());
  if (!document.is_object() || !document.value("data", json()).is_object()) {
    return Internal(
        fmt::format("{} answered, but not like a Regatta server: is it the right address?",
                    credentials_.server));
  }
  return document["data"];
}

Result<json> ApiClient::Call(std::string_view method, std::string_view path) {
  Result<net::ClientResponse> answer = http_->Do(method, path);
  if (!answer) return Explain(answer.error());
  if (!answer->is_ok()) return Explain(answer->ToError());
  json document = json::parse(answer->body, nullptr, false);
  if (document.is_discarded()) {
    return Internal(
        fmt::format("{} answered, but not like a Regatta server: is it the right address?",
                    credentials_.server));
  }
  return document;
}

Result<std::string> ApiClient::DefaultEntity() {
  if (!default_entity_.empty()) return default_entity_;
  const Result<json> answer = Ask("query Viewer { viewer { entity username } }");
  if (!answer) return answer.error();
  const json viewer = answer->value("viewer", json());
  if (!viewer.is_object()) return Explain(Unauthenticated(""));
  const json entity = viewer.value("entity", json());
  if (entity.is_string()) default_entity_ = entity.get<std::string>();
  return default_entity_;
}

Defaults WithEnvironment(Defaults given, const Environment& environment) {
  if (given.entity.empty()) given.entity = environment("WANDB_ENTITY");
  if (given.project.empty()) given.project = environment("WANDB_PROJECT");
  return given;
}

Result<ItemPath> ParseItemPath(std::string_view text, const Defaults& defaults) {
  const std::vector<std::string> parts = Parts(text);
  if (parts.size() > 3 || HasEmptyPart(parts)) {
    return InvalidArgument(fmt::format("\"{}\": write ID, PROJECT/ID or ENTITY/PROJECT/ID", text));
  }
  ItemPath path{defaults.entity, defaults.project, parts.back()};
  if (parts.size() >= 2) path.project = parts[parts.size() - 2];
  if (parts.size() == 3) path.entity = parts[0];
  return path;
}

Result<ItemPath> ParseProjectPath(std::string_view text, const Defaults& defaults) {
  if (text.empty()) return ItemPath{defaults.entity, defaults.project, ""};
  const std::vector<std::string> parts = Parts(text);
  if (parts.size() > 2 || HasEmptyPart(parts)) {
    return InvalidArgument(fmt::format("\"{}\": write PROJECT or ENTITY/PROJECT", text));
  }
  ItemPath path{defaults.entity, parts.back(), ""};
  if (parts.size() == 2) path.entity = parts[0];
  return path;
}

Result<ItemPath> LocateProject(ApiClient& client, std::string_view text, const Defaults& defaults,
                               std::string_view command) {
  Result<ItemPath> path = ParseProjectPath(text, defaults);
  if (!path) return path.error();
  if (path->entity.empty()) {
    Result<std::string> entity = client.DefaultEntity();
    if (!entity) return entity.error();
    path->entity = *std::move(entity);
  }
  if (!path->project.empty()) return path;
  const Result<std::vector<std::string>> projects = ProjectNames(client, path->entity);
  if (!projects) return projects.error();
  constexpr std::size_t kShownMax = 10;
  std::string names;
  for (std::size_t i = 0; i < std::min(projects->size(), kShownMax); ++i) {
    names += (i == 0 ? "" : ", ") + (*projects)[i];
  }
  if (projects->size() > kShownMax) names += ", ...";
  return InvalidArgument(
      fmt::format("which project? `regatta {} [ENTITY/]PROJECT`, or set WANDB_PROJECT; {} {}",
                  command, path->entity, names.empty() ? "has none yet" : "has " + names));
}

Result<ItemPath> Locate(ApiClient& client, ItemKind kind, ItemPath path) {
  if (path.entity.empty()) {
    Result<std::string> entity = client.DefaultEntity();
    if (!entity) return entity.error();
    path.entity = *std::move(entity);
  }
  if (!path.project.empty()) return path;
  const Result<std::vector<std::string>> projects = ProjectNames(client, path.entity);
  if (!projects) return projects.error();
  const Result<std::vector<std::string>> found = ProjectsWith(client, kind, path, *projects);
  if (!found) return found.error();
  if (found->empty()) {
    return NotFound(fmt::format(
        "no {0} \"{1}\" in the projects of {2}: write ENTITY/PROJECT/{1}, or see `regatta {0} ls "
        "PROJECT`",
        NameOf(kind), path.name, path.entity));
  }
  if (found->size() > 1) {
    return FailedPrecondition(fmt::format("{} projects have a {} \"{}\": write {}/{} or {}/{}",
                                          found->size(), NameOf(kind), path.name, (*found)[0],
                                          path.name, (*found)[1], path.name));
  }
  path.project = found->front();
  return path;
}

}  // namespace regatta::app
