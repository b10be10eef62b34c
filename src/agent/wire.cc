#include "wire.h"

#include <fmt/format.h>

#include <limits>

#include <cmath>

#include "regatta/codec/percent.h"
#include "regatta/command/command.h"
#include "sweep_command.h"

namespace regatta::agent {
namespace {

using Json = nlohmann::ordered_json;

// Text for JSON from anywhere: bytes that are not UTF-8 become replacement characters.
std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Operation(std::string_view name, std::string_view document, Json variables) {
  return Dump(
      Json{{"operationName", name}, {"query", document}, {"variables", std::move(variables)}});
}

Json NullIfEmpty(std::string_view text) { return text.empty() ? Json() : Json(text); }

const Json* At(const Json& value, std::string_view key) {
  if (!value.is_object()) {
    return nullptr;
  }
  const auto found = value.find(key);
  return found == value.end() || found->is_null() ? nullptr : &*found;
}

std::string TextAt(const Json& value, std::string_view key) {
  const Json* found = At(value, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

// The server's own words: the first GraphQL error, an "error" or "message" field, else the body's
// start.
std::string ErrorText(const ServerReply& reply) {
  const Json body = Json::parse(reply.body, nullptr, false);
  if (const Json* errors = At(body, "errors"); errors != nullptr && errors->is_array()) {
    for (const Json& error : *errors) {
      if (const std::string message = TextAt(error, "message"); !message.empty()) {
        return message;
      }
    }
  }
  for (const std::string_view key : {"error", "message"}) {
    if (const std::string text = TextAt(body, key); !text.empty()) {
      return text;
    }
    if (const Json* inner = At(body, key)) {
      if (const std::string text = TextAt(*inner, "message"); !text.empty()) {
        return text;
      }
    }
  }
  return reply.body.empty() ? "no further explanation" : reply.body.substr(0, 300);
}

Error StatusError(const ServerReply& reply) {
  const std::string message =
      fmt::format("the server answered {}: {}", reply.status, ErrorText(reply));
  if (reply.status == 401 || reply.status == 403) {
    return Unauthenticated(message);
  }
  if (reply.status == 404) {
    return NotFound(message);
  }
  if (reply.status == 408 || reply.status == 429 || reply.status >= 500) {
    return Unavailable(message);
  }
  return InvalidArgument(message);
}

// The `data` of a GraphQL answer.
Result<Json> Data(const ServerReply& reply) {
  if (reply.status < 200 || reply.status > 299) {
    return StatusError(reply);
  }
  Json body = Json::parse(reply.body, nullptr, false);
  if (body.is_discarded() || !body.is_object()) {
    return Unavailable(
        "the server's answer is no JSON: is the base URL that of a tracking server?");
  }
  const Json* errors = At(body, "errors");
  if (errors != nullptr && !errors->empty()) {
    return InvalidArgument(ErrorText(reply));
  }
  const Json* data = At(body, "data");
  return data == nullptr ? Json(Json::object()) : *data;
}

Command ReadCommand(const Json& value) {
  Command command;
  command.type_name = TextAt(value, "type");
  command.run_id = TextAt(value, "run_id");
  command.program = TextAt(value, "program");
  if (const Json* args = At(value, "args")) {
    command.args = *args;
  }
  if (const Json* environment = At(value, "env"); environment && environment->is_object()) {
    for (const auto& [name, text] : environment->items()) {
      const bool is_ours = name.starts_with("REGATTA_") || name.starts_with("WANDB_");
      if (is_ours && text.is_string()) {
        command.environment[name] = text.get<std::string>();
      }
    }
  }
  if (const Json* seconds = At(value, "seconds"); seconds && seconds->is_number()) {
    command.lease_seconds = seconds->get<double>();
  }
  command.why = TextAt(value, "why");
  const Json* quarantined = At(value, "quarantined");
  command.is_quarantine = quarantined != nullptr && *quarantined == true;
  using Type = Command::Type;
  const std::map<std::string_view, Type> types = {{"run", Type::kRun},
                                                  {"resume", Type::kResume},
                                                  {"stop", Type::kStop},
                                                  {"exit", Type::kExit},
                                                  {"lease", Type::kLease}};
  const auto type = types.find(command.type_name);
  command.type = type == types.end() ? Type::kUnknown : type->second;
  return command;
}

// Marks a word that JSON lacks while it passes through the parser; nothing that a person writes
// begins with it.
constexpr char kWordMark = '\0';

void RestoreWords(Json& value) {
  if (value.is_structured()) {
    for (Json& item : value) {
      RestoreWords(item);
    }
  } else if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (text.starts_with(kWordMark)) {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      const std::string_view word = std::string_view(text).substr(1);
      value = word == "NaN" ? std::numeric_limits<double>::quiet_NaN()
                            : (word == "Infinity" ? kInfinity : -kInfinity);
    }
  }
}

// JSON with the bare words NaN, Infinity and -Infinity, as Python writes and reads it.
Json ParseExtended(std::string_view text) {
  Json plain = Json::parse(text, nullptr, false);
  if (!plain.is_discarded()) {
    return plain;
  }
  std::string marked;
  bool is_inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_inside && text[i] == '\\' && i + 1 < text.size()) {
      marked += text[i++];
    } else if (text[i] == '"') {
      is_inside = !is_inside;
    }
    std::string_view word;
    for (const std::string_view known : {"NaN", "Infinity", "-Infinity"}) {
      word = !is_inside && text.substr(i).starts_with(known) ? known : word;
    }
    if (word.empty()) {
      marked += text[i];
    } else {
      marked += fmt::format("\"\\u0000{}\"", word);
      i += word.size() - 1;
    }
  }
  Json value = Json::parse(marked, nullptr, false);
  if (!value.is_discarded()) {
    RestoreWords(value);
  }
  return value;
}

// A JSON value, or a JSON text that holds one, as the wire has both.
Json Unwrap(const Json& value) {
  return value.is_string() ? ParseExtended(value.get_ref<const std::string&>()) : value;
}

}  // namespace

Result<SweepPath> ParseSweepPath(std::string_view text) {
  std::vector<std::string> parts;
  std::string_view rest = text;
  while (true) {
    const std::size_t slash = rest.find('/');
    parts.emplace_back(rest.substr(0, slash));
    if (slash == rest.npos) {
      break;
    }
    rest.remove_prefix(slash + 1);
  }
  if (parts.size() == 4 && parts[2] == "sweeps") {
    parts.erase(parts.begin() + 2);
  }
  bool is_whole = parts.size() <= 3;
  for (const std::string& part : parts) {
    is_whole = is_whole && !part.empty() && part != "." && part != "..";
  }
  if (!is_whole) {
    return InvalidArgument(
        fmt::format("\"{}\" names no sweep: write ID, PROJECT/ID or ENTITY/PROJECT/ID", text));
  }
  SweepPath path;
  path.sweep = parts.back();
  path.project = parts.size() > 1 ? parts[parts.size() - 2] : "";
  path.entity = parts.size() > 2 ? parts[0] : "";
  return path;
}

std::string FindSweepQuery(const SweepPath& path) {
  return Operation("AgentFind",
                   "query AgentFind($entity: String, $sweep: String!) { "
                   "models(entityName: $entity, first: 1000) { edges { node { "
                   "name entityName sweep(sweepName: $sweep) { id } } } } }",
                   {{"entity", NullIfEmpty(path.entity)}, {"sweep", path.sweep}});
}

std::string SweepQuery(const SweepPath& path) {
  return Operation("AgentSweep",
                   "query AgentSweep($entity: String, $project: String, $sweep: String!) { "
                   "project(name: $project, entityName: $entity) { name entity { name } "
                   "sweep(sweepName: $sweep) { id name state config } } }",
                   {{"entity", NullIfEmpty(path.entity)},
                    {"project", NullIfEmpty(path.project)},
                    {"sweep", path.sweep}});
}

std::string CreateAgentMutation(const SweepPath& path, std::string_view host) {
  return Operation(
      "CreateAgent",
      "mutation CreateAgent($host: String!, $projectName: String, $entityName: String, "
      "$sweep: String!) { createAgent(input: {host: $host, projectName: $projectName, "
      "entityName: $entityName, sweep: $sweep}) { agent { id } } }",
      {{"host", host},
       {"projectName", NullIfEmpty(path.project)},
       {"entityName", NullIfEmpty(path.entity)},
       {"sweep", path.sweep}});
}

std::string HeartbeatMutation(std::string_view agent_id, const HeartbeatReport& report) {
  Json run_state = Json::object();
  for (const std::string& run_id : report.running) {
    run_state[run_id] = true;
  }
  Json ended = Json::array();
  for (const EndedRun& run : report.ended) {
    ended.push_back({{"run_id", run.run_id},
                     {"exit_code", run.exit_code ? Json(*run.exit_code) : Json()},
                     {"signal", run.signal ? Json(*run.signal) : Json()},
                     {"seconds", std::round(run.seconds * 1000) / 1000},
                     {"last_lines", run.last_lines}});
  }
  const Json metrics = {{"regatta",
                         {{"version", 1},
                          {"slots", report.slots},
                          {"free", report.free},
                          {"preempting", report.preempting},
                          {"ended", std::move(ended)}}}};
  return Operation("Heartbeat",
                   "mutation Heartbeat($id: ID!, $metrics: JSONString, $runState: JSONString) { "
                   "agentHeartbeat(input: {id: $id, metrics: $metrics, runState: $runState}) { "
                   "agent { id } commands } }",
                   {{"id", agent_id}, {"metrics", Dump(metrics)}, {"runState", Dump(run_state)}});
}

std::string RunQuery(const SweepPath& path, std::string_view run_id) {
  return Operation("AgentRun",
                   "query AgentRun($entity: String, $project: String, $run: String!) { "
                   "project(name: $project, entityName: $entity) { "
                   "run(name: $run) { id state config } } }",
                   {{"entity", path.entity}, {"project", path.project}, {"run", run_id}});
}

Result<SweepPath> ReadFindSweepReply(const ServerReply& reply, const SweepPath& asked) {
  const Result<Json> data = Data(reply);
  if (!data) {
    return data.error();
  }
  std::vector<SweepPath> found;
  const Json* models = At(*data, "models");
  const Json* edges = models == nullptr ? nullptr : At(*models, "edges");
  for (const Json& edge : edges != nullptr && edges->is_array() ? *edges : Json::array()) {
    const Json* project = At(edge, "node");
    if (project != nullptr && At(*project, "sweep") != nullptr) {
      found.push_back({.entity = TextAt(*project, "entityName"),
                       .project = TextAt(*project, "name"),
                       .sweep = asked.sweep});
    }
  }
  if (found.empty()) {
    return NotFound(fmt::format(
        "there is no sweep \"{}\" in the projects of {}, or this key may not see it: write "
        "ENTITY/PROJECT/{}",
        asked.sweep, asked.entity.empty() ? "this key's user" : asked.entity, asked.sweep));
  }
  if (found.size() > 1) {
    return FailedPrecondition(fmt::format("{} projects have a sweep \"{}\": write {}/{} or {}/{}",
                                          found.size(), asked.sweep, found[0].project, asked.sweep,
                                          found[1].project, asked.sweep));
  }
  return found.front();
}

Result<SweepInfo> ReadSweepReply(const ServerReply& reply, const SweepPath& asked) {
  const Result<Json> data = Data(reply);
  if (!data) {
    return data.error();
  }
  const Json* project = At(*data, "project");
  const Json* sweep = project == nullptr ? nullptr : At(*project, "sweep");
  if (sweep == nullptr) {
    return NotFound(fmt::format(
        "there is no sweep \"{}\" in project \"{}\" of {}, or this key may not see "
        "it: check the path "
        "ENTITY/PROJECT/ID",
        asked.sweep, asked.project, asked.entity.empty() ? "this key's user" : asked.entity));
  }
  SweepInfo info{.path = asked, .state = TextAt(*sweep, "state"), .command_items = {}};
  if (const std::string name = TextAt(*sweep, "name");
      !name.empty() && name.find('/') == name.npos) {
    info.path.sweep = name;
  }
  if (const std::string name = TextAt(*project, "name"); !name.empty()) {
    info.path.project = name;
  }
  if (const Json* entity = At(*project, "entity")) {
    if (const std::string name = TextAt(*entity, "name"); !name.empty()) {
      info.path.entity = name;
    }
  }
  Result<std::vector<std::string>> items = CommandItemsOfSweep(TextAt(*sweep, "config"));
  if (!items) {
    return WithContext(fmt::format("sweep \"{}\"", info.path.sweep), std::move(items).error());
  }
  info.command_items = *std::move(items);
  return info;
}

Result<std::string> ReadCreateAgentReply(const ServerReply& reply) {
  const Result<Json> data = Data(reply);
  if (!data) {
    return data.error();
  }
  const Json* created = At(*data, "createAgent");
  const Json* agent = created == nullptr ? nullptr : At(*created, "agent");
  std::string id = agent == nullptr ? "" : TextAt(*agent, "id");
  if (id.empty()) {
    return Unavailable("the server registered no agent: its answer has no agent id");
  }
  return id;
}

Result<std::vector<Command>> ReadHeartbeatReply(const ServerReply& reply) {
  const Result<Json> data = Data(reply);
  if (!data) {
    // Only the status 404 says that the sweep is gone; other refusals may pass.
    return data.error();
  }
  const Json* heartbeat = At(*data, "agentHeartbeat");
  const Json* commands = heartbeat == nullptr ? nullptr : At(*heartbeat, "commands");
  const Json list = commands == nullptr ? Json::array() : Unwrap(*commands);
  if (!list.is_array()) {
    return Unavailable("the heartbeat's answer holds no list of commands");
  }
  std::vector<Command> result;
  for (const Json& entry : list) {
    result.push_back(ReadCommand(entry));
  }
  return result;
}

Result<bool> ReadRunReply(const ServerReply& reply) {
  const Result<Json> data = Data(reply);
  if (!data) {
    return data.error();
  }
  const Json* project = At(*data, "project");
  const Json* run = project == nullptr ? nullptr : At(*project, "run");
  if (run == nullptr) {
    return NotFound("the run is not there any more");
  }
  // wandb.init puts its own key into the config with its first message.
  const Json* config = At(*run, "config");
  return config != nullptr && Unwrap(*config).contains("_wandb");
}

Result<void> ReadPostReply(const ServerReply& reply) {
  return reply.status >= 200 && reply.status <= 299 ? Ok() : Result<void>(StatusError(reply));
}

std::string FileStreamPath(const SweepPath& path, std::string_view run_id) {
  return fmt::format("/files/{}/{}/{}/file_stream", codec::EncodePercent(path.entity),
                     codec::EncodePercent(path.project), codec::EncodePercent(run_id));
}

std::string PreemptingBody() { return R"({"preempting":true})"; }

std::string CompleteBody(std::span<const std::string> log_lines, int exit_code) {
  Json body = {{"complete", true}, {"exitcode", exit_code}};
  if (!log_lines.empty()) {
    body["files"]["output.log"] = {
        {"offset", 0}, {"content", std::vector<std::string>(log_lines.begin(), log_lines.end())}};
  }
  return Dump(body);
}

}  // namespace regatta::agent
