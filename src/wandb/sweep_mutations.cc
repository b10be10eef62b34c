// What clients, agents and schedulers ask of sweeps.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "regatta/base/json_string.h"
#include "regatta/graphql/json.h"
#include "regatta/sweeps/sweep_service.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/run_rules.h"
#include "request_context.h"
#include "resolvers.h"
#include "storage_ids.h"
#include "sweep_nodes.h"

namespace regatta::wandb {

using graphql::Arguments;
using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using sweeps::AgentReport;
using sweeps::SweepsOf;
using tracking::Tables;
using tracking::ToInt;
using tracking::User;

namespace {

std::optional<std::string> Given(const Arguments& input, std::string_view name) {
  const auto text = input.String(name);
  if (!text || text->empty()) return std::nullopt;
  return std::string(*text);
}

// The sweep with this row id, to be changed. Errors: kPermissionDenied; kNotFound if there is none
// that the viewer may see.
Result<SweepNode> RequireSweep(const Tables& tables, const RequestContext& context,
                               sweeps::SweepId id) {
  const Error gone = NotFound("no such sweep: it may have been deleted");
  const auto row = SweepsOf(tables).Find(id);
  if (!row) return row.error();
  if (!*row) return gone;
  const auto project = FindProject(tables, context, (*row)->project);
  if (!project) return project.error();
  if (*project == nullptr) return gone;
  if (Result<void> allowed = RequireWrite(**project); !allowed) return allowed.error();
  return SweepNode{**row, {}, *project};
}

Result<SweepNode> RequireSweep(const Tables& tables, const RequestContext& context,
                               std::string_view storage_id) {
  const Result<std::int64_t> number = DecodeId("Sweep", storage_id);
  if (!number) return number.error();
  return RequireSweep(tables, context, sweeps::SweepId{*number});
}

sweeps::SweepService& Service(const RequestContext& context) {
  Check(context.services.sweeps != nullptr, "the wire serves sweeps without their service");
  return *context.services.sweeps;
}

Result<Resolved> UpsertSweep(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  const Arguments input = field.input();
  const sweeps::SweepInput asked{.config_text = Given(input, "config"),
                                 .display_name = Given(input, "displayName"),
                                 .description = Given(input, "description"),
                                 .controller_json = Given(input, "controller"),
                                 .prior_runs_filter = Given(input, "priorRunsFilters"),
                                 .state = Given(input, "state")};
  sweeps::SweepOutcome outcome;
  std::shared_ptr<const SweepNode> node;
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    std::shared_ptr<const ProjectNode> project;
    const auto done = [&]() -> Result<sweeps::SweepOutcome> {
      if (const auto id = Given(input, "id")) {
        Result<SweepNode> known = RequireSweep(tables, context, *id);
        if (!known) return known.error();
        project = known->project;
        return Service(context).Update(tables, known->row, viewer->id, asked, context.Now());
      }
      const Result<tracking::Entity> entity =
          RequireEntity(tables, context, input.StringOr("entityName", ""));
      if (!entity) return entity.error();
      const std::string name = input.StringOr("projectName", "");
      Result<tracking::Project> owner = tracking::FindOrCreateProject(
          tables, *entity, name.empty() ? kUncategorized : std::string_view(name), viewer->id,
          context.Now());
      if (!owner) return owner.error();
      project = std::make_shared<const ProjectNode>(ProjectNode{*owner, true});
      return Service(context).Create(tables, *owner, viewer->id, asked, context.Now());
    }();
    if (!done) return done.error();
    outcome = *done;
    const auto found = FindSweep(tables, project, outcome.row.name);
    if (!found) return found.error();
    node = *found;
    return Ok();
  });
  if (!written) return written.error();
  return Resolved(Record("UpsertSweepPayload")
                      .Set("sweep", Resolved::Object("Sweep", node))
                      .Set("configValidationWarnings", outcome.warnings));
}

Result<Resolved> CreateAgent(const FieldContext& field) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  const Arguments input = field.input();
  const std::string name = input.StringOr("sweep", "");
  std::shared_ptr<const SweepNode> sweep;
  sweeps::AgentRecord agent;
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    const auto project = FindProject(tables, context, input.StringOr("entityName", ""),
                                     input.StringOr("projectName", ""));
    if (!project) return project.error();
    if (*project != nullptr) {
      const auto found = FindSweep(tables, *project, name);
      if (!found) return found.error();
      sweep = *found;
    }
    if (sweep == nullptr) {
      return NotFound(
          fmt::format("sweep \"{}\" not found in project \"{}\": check the path "
                      "ENTITY/PROJECT/SWEEP",
                      name, input.StringOr("projectName", kUncategorized)));
    }
    if (Result<void> allowed = RequireWrite(**project); !allowed) return allowed;
    Result<sweeps::AgentRecord> made = Service(context).RegisterAgent(
        tables, sweep->row, input.StringOr("host", ""), context.Now());
    if (!made) return made.error();
    agent = *std::move(made);
    return Ok();
  });
  if (!written) return written.error();
  return Resolved(
      Record("CreateAgentPayload").Set("agent", Resolved::Own("Agent", AgentNode{agent, sweep})));
}

// --- heartbeats ----------------------------------------------------------------------------------

std::vector<std::string> Texts(const nlohmann::json& list) {
  std::vector<std::string> texts;
  for (const nlohmann::json& item : list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::optional<std::uint32_t> Count(const nlohmann::json& object, const char* key) {
  constexpr std::int64_t kCountMax = 100'000;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  const auto number = found->get<std::int64_t>();
  if (number < 0 || number > kCountMax) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

void ReadNative(const nlohmann::json& native, AgentReport& report) {
  report.is_native = true;
  report.capacity = {.slots = Count(native, "slots"), .free = Count(native, "free")};
  if (const auto list = native.find("preempting"); list != native.end() && list->is_array()) {
    report.preempting = Texts(*list);
  }
  const auto ended = native.find("ended");
  if (ended == native.end() || !ended->is_array()) return;
  for (const nlohmann::json& item : *ended) {
    if (!item.is_object() || !item.contains("run_id") || !item["run_id"].is_string()) continue;
    AgentReport::Ended run{item["run_id"].get<std::string>(), std::nullopt, std::nullopt};
    if (const auto code = item.find("exit_code"); code != item.end() && code->is_number_integer()) {
      run.exit_code = code->get<std::int64_t>();
    }
    if (const auto signal = item.find("signal");
        signal != item.end() && signal->is_number_integer()) {
      run.signal = signal->get<int>();
    }
    report.ended.push_back(std::move(run));
  }
}

// What is not understood is taken for silence, as an older agent's would be.
AgentReport ReadReport(const Arguments& input) {
  AgentReport report;
  const auto runs = tracking::ParseStrictJson(input.StringOr("runState", "{}"));
  if (runs && runs->is_object()) {
    for (const auto& [run_id, is_there] : runs->items()) {
      if (is_there != false && !is_there.is_null()) report.runs.push_back({run_id, 0});
    }
  }
  const auto metrics = tracking::ParseStrictJson(input.StringOr("metrics", "{}"));
  const nlohmann::json* native = metrics ? tracking::FindMember(*metrics, {"regatta"}) : nullptr;
  if (native != nullptr && native->is_object()) ReadNative(*native, report);
  return report;
}

std::string_view CommandName(sweeps::Command::Type type) {
  using Type = sweeps::Command::Type;
  switch (type) {
    case Type::kRun:
      return "run";
    case Type::kResume:
      return "resume";
    case Type::kStop:
      return "stop";
    case Type::kExit:
      return "exit";
  }
  return "exit";
}

void AppendCommand(const sweeps::Command& command, std::string_view program, bool is_native,
                   std::string& out) {
  using Type = sweeps::Command::Type;
  out += fmt::format("{}{{\"type\":\"{}\"", out.size() > 1 ? "," : "", CommandName(command.type));
  if (command.type != Type::kExit) {
    out += ",\"run_id\":";
    AppendJsonString(command.run_id, out);
  }
  if (command.type == Type::kRun || command.type == Type::kResume) {
    out += ",\"program\":";
    if (program.empty()) {
      out += "null";
    } else {
      AppendJsonString(program, out);
    }
    out += fmt::format(",\"args\":{},\"logs\":[]", command.args_json);
    if (is_native) out += fmt::format(",\"env\":{{\"REGATTA_REPEAT\":\"{}\"}}", command.repeat);
  } else if (is_native && !command.why.empty()) {
    out += ",\"why\":";
    AppendJsonString(command.why, out);
  }
  if (is_native && command.is_quarantine) out += ",\"quarantined\":true";
  out += '}';
}

std::string CommandsText(const sweeps::HeartbeatAnswer& answer, bool is_native) {
  std::string text = "[";
  if (answer.lease) {
    text += fmt::format("{{\"type\":\"lease\",\"seconds\":{}}}",
                        std::chrono::duration<double>(*answer.lease).count());
  }
  for (const sweeps::Command& command : answer.commands) {
    AppendCommand(command, answer.program, is_native, text);
  }
  return text + "]";
}

Result<Resolved> AgentHeartbeat(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  const Arguments input = field.input();
  const std::string id = input.StringOr("id", "");
  const AgentReport report = ReadReport(input);
  sweeps::HeartbeatAnswer answer;
  AgentNode agent;
  Service(context).AwaitSearch(id, report);
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    const Error gone =
        NotFound(fmt::format("agent {} is unknown: its sweep was deleted", id.substr(0, 40)));
    const auto of = SweepsOf(tables).FindSweepOfAgent(id);
    if (!of) return of.error();
    if (!*of) return gone;
    const Result<SweepNode> sweep = RequireSweep(tables, context, **of);
    if (!sweep) return sweep.error().code == ErrorCode::kNotFound ? gone : sweep.error();
    Result<sweeps::HeartbeatAnswer> done =
        Service(context).Heartbeat(tables, sweep->row, id, viewer->id, report, context.Now());
    if (!done) return done.error();
    answer = *std::move(done);
    agent.agent.id = id;
    agent.sweep = std::make_shared<const SweepNode>(*sweep);
    return Ok();
  });
  if (!written) return written.error();
  return Resolved(Record("AgentHeartbeatPayload")
                      .Set("agent", Resolved::Own("Agent", std::move(agent)))
                      .Set("commands", CommandsText(answer, report.is_native)));
}

Result<Resolved> EnqueueSweepRun(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  const Arguments input = field.input();
  std::string run_id;
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    const Result<SweepNode> sweep = RequireSweep(tables, context, input.StringOr("id", ""));
    if (!sweep) return sweep.error();
    Result<std::string> queued =
        Service(context).Enqueue(tables, sweep->row, viewer->id, input.StringOr("config", "{}"),
                                 input.StringOr("displayName", ""), context.Now());
    if (!queued) return queued.error();
    run_id = *std::move(queued);
    return Ok();
  });
  if (!written) return written.error();
  return Resolved(Record("EnqueueSweepRunPayload").Set("id", run_id).Set("runQueueItemId", run_id));
}

Result<Resolved> RequeueSweepRun(const FieldContext& field) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  const Arguments input = field.input();
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    const Result<SweepNode> sweep = RequireSweep(tables, context, input.StringOr("sweepID", ""));
    if (!sweep) return sweep.error();
    return Service(context).Requeue(tables, sweep->row, input.StringOr("runName", ""),
                                    context.Now());
  });
  if (!written) return written.error();
  return Resolved(Record("RequeueSweepRunPayload").Set("success", true));
}

}  // namespace

void AddSweepMutations(ResolverMap& resolvers) {
  resolvers.Add("Mutation", "upsertSweep", UpsertSweep);
  resolvers.Add("Mutation", "createAgent", CreateAgent);
  resolvers.Add("Mutation", "agentHeartbeat", AgentHeartbeat);
  resolvers.Add("Mutation", "enqueueSweepRun", EnqueueSweepRun);
  resolvers.Add("Mutation", "requeueSweepRun", RequeueSweepRun);
  resolvers.Record("UpsertSweepPayload", {"sweep", "configValidationWarnings", "clientMutationId"});
  resolvers.Record("CreateAgentPayload", {"agent", "clientMutationId"});
  resolvers.Record("AgentHeartbeatPayload", {"agent", "commands", "clientMutationId"});
  resolvers.Record("EnqueueSweepRunPayload", {"id", "runQueueItemId", "clientMutationId"});
  resolvers.Record("RequeueSweepRunPayload", {"success", "clientMutationId"});
}

}  // namespace regatta::wandb
