// Sweeps and agents as they are read.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connection.h"
#include "one_answer.h"
#include "regatta/sweeps/sweep_config.h"
#include "request_context.h"
#include "resolvers.h"
#include "run_listing.h"
#include "storage_ids.h"
#include "sweep_nodes.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using sweeps::AgentRecord;
using sweeps::AttemptRecord;
using sweeps::PointRecord;
using sweeps::SweepId;
using sweeps::SweepsOf;
using tracking::Run;
using tracking::Tables;
using tracking::ToInt;

namespace {

// An agent that has not been heard of for so long is taken for dead.
constexpr std::chrono::minutes kAgentSilence{2};

Resolved RunOf(const Run& run, const std::shared_ptr<const ProjectNode>& project) {
  return Resolved::Own("Run", RunNode{run, project});
}

Result<Resolved> PageOfRuns(const FieldContext& field, const std::vector<Run>& runs,
                            const std::shared_ptr<const ProjectNode>& project) {
  return PageOfList("RunConnection", "RunEdge", field.args(), runs,
                    [&](const Run& run) { return RunOf(run, project); });
}

Result<Resolved> ResolveRuns(const SweepNode& node, const FieldContext& field) {
  return ListRuns({.project = node.project, .sweep_name = node.row.name, .agent_id = {}}, field);
}

Result<Resolved> ResolveAgentRuns(const AgentNode& node, const FieldContext& field) {
  return ListRuns({.project = node.sweep->project,
                   .sweep_name = node.sweep->row.name,
                   .agent_id = node.agent.id},
                  field);
}

Result<Resolved> ResolvePriorRuns(const SweepNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<PointRecord>> points = SweepsOf(tables).ListPoints(node.row.id);
    if (!points) return points.error();
    const Result<std::vector<AttemptRecord>> attempts = SweepsOf(tables).ListAttempts(node.row.id);
    if (!attempts) return attempts.error();
    std::vector<Run> runs;
    for (const AttemptRecord& attempt : *attempts) {
      if ((*points)[attempt.point].origin != sweeps::PointOrigin::kPrior) continue;
      const auto run = tables.runs().FindByName(node.row.project, attempt.run_id);
      if (!run) return run.error();
      if (*run) runs.push_back(**run);
    }
    return PageOfRuns(field, runs, node.project);
  });
}

// Where the sweep has no metric there is no best.
Result<std::optional<AttemptRecord>> FindBest(const Tables& tables, const sweeps::SweepRow& row) {
  const sweeps::SweepConfig config = sweeps::InspectSweepConfig(row.config_text).config;
  sweeps::Goal goal = sweeps::Goal::kMinimize;
  if (config.metric) {
    goal = config.metric->goal;
  } else if (!config.metrics.empty()) {
    goal = config.metrics.front().goal;
  } else {
    return std::optional<AttemptRecord>();
  }
  return SweepsOf(tables).FindBest(row.id, goal == sweeps::Goal::kMaximize);
}

Result<Resolved> ResolveBestLoss(const SweepNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const auto best = FindBest(tables, node.row);
    if (!best) return best.error();
    return *best ? Resolved((*best)->best) : Resolved(nullptr);
  });
}

Result<Resolved> ResolveBestRun(const SweepNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const auto best = FindBest(tables, node.row);
    if (!best) return best.error();
    if (!*best) return Resolved(nullptr);
    const auto run = tables.runs().FindByName(node.row.project, (*best)->run_id);
    if (!run) return run.error();
    return *run ? RunOf(**run, node.project) : Resolved(nullptr);
  });
}

Resolved AgentOf(const AgentRecord& agent, const std::shared_ptr<const SweepNode>& sweep) {
  return Resolved::Own("Agent", AgentNode{agent, sweep});
}

Result<Resolved> ResolveAgents(const SweepNode& node, const FieldContext& field) {
  const auto sweep = field.shared_parent<SweepNode>();
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<AgentRecord>> agents = SweepsOf(tables).ListAgents(node.row.id);
    if (!agents) return agents.error();
    return PageOfList("AgentConnection", "AgentEdge", field.args(), *agents,
                      [&](const AgentRecord& agent) { return AgentOf(agent, sweep); });
  });
}

Result<Resolved> ResolveAgent(const SweepNode& node, const FieldContext& field) {
  const auto sweep = field.shared_parent<SweepNode>();
  const std::string name = field.args().StringOr("agentName", "");
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<AgentRecord>> agents = SweepsOf(tables).ListAgents(node.row.id);
    if (!agents) return agents.error();
    for (const AgentRecord& agent : *agents) {
      if (agent.id == name || agent.name == name) return AgentOf(agent, sweep);
    }
    return Resolved(nullptr);
  });
}

Result<Resolved> ResolveHeartbeat(const SweepNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<AgentRecord>> agents = SweepsOf(tables).ListAgents(node.row.id);
    if (!agents) return agents.error();
    if (agents->empty()) return Resolved(nullptr);
    return Resolved(FormatTime(
        std::ranges::max_element(*agents, {}, &AgentRecord::heartbeat_at)->heartbeat_at));
  });
}

// What a local controller knows its schedule by.
Result<Resolved> ResolveScheduler(const SweepNode& node, const FieldContext& field) {
  if (node.row.controller_json.empty()) return Resolved(nullptr);
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const auto scheduled = SweepsOf(tables).ListScheduled(node.row.id);
    if (!scheduled) return scheduled.error();
    nlohmann::json list = nlohmann::json::array();
    for (const sweeps::ScheduledRun& entry : *scheduled) {
      list.push_back({{"id", entry.schedule_id}, {"runid", entry.run_id}});
    }
    return Resolved(nlohmann::json{{"scheduled", std::move(list)}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace));
  });
}

// Each fact that the rule has; null where it has none.
nlohmann::json StopFactsToJson(const sweeps::StopFacts& facts) {
  const auto known = [](const auto& fact) {
    return fact ? nlohmann::json(*fact) : nlohmann::json(nullptr);
  };
  return {{"rule", facts.rule},
          {"rung", known(facts.rung)},
          {"value", known(facts.value)},
          {"threshold", known(facts.threshold)},
          {"audit", facts.is_audit}};
}

Result<Resolved> ResolvePoints(const SweepNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<std::vector<PointRecord>> points = SweepsOf(tables).ListPoints(node.row.id);
    if (!points) return points.error();
    const Result<std::vector<AttemptRecord>> attempts = SweepsOf(tables).ListAttempts(node.row.id);
    if (!attempts) return attempts.error();
    nlohmann::json list = nlohmann::json::array();
    for (const PointRecord& point : *points) {
      list.push_back({{"index", point.index},
                      {"origin", sweeps::PointOriginName(point.origin)},
                      {"state", sweeps::PointStateName(point.state)},
                      {"repeat", point.repeat},
                      {"why", point.why},
                      {"ended", point.ended_why},
                      {"attempts", nlohmann::json::array()}});
    }
    for (const AttemptRecord& attempt : *attempts) {
      nlohmann::json shown = {{"run", attempt.run_id},
                              {"agent", attempt.agent_id},
                              {"state", sweeps::AttemptStateName(attempt.state)},
                              {"late", attempt.is_late},
                              {"why", attempt.why}};
      if (attempt.stop_facts) {
        shown["earlyStop"] = StopFactsToJson(*attempt.stop_facts);
        if (attempt.why.empty()) shown["why"] = sweeps::WhySpared(*attempt.stop_facts);
      }
      list[attempt.point]["attempts"].push_back(std::move(shown));
    }
    return Resolved::Json(list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  });
}

Result<Resolved> ResolveUser(const SweepNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    Result<std::optional<tracking::User>> user = tables.accounts().FindUser(node.row.user);
    if (!user) return user.error();
    return *user ? Resolved::Own("User", **std::move(user)) : Resolved(nullptr);
  });
}

void AddSweepFields(ResolverMap& resolvers) {
  const auto add = [&](const char* name, auto read) {
    resolvers.Field<SweepNode>("Sweep", name,
                               [read](const SweepNode& node) { return Resolved(read(node)); });
  };
  add("id", [](const SweepNode& s) { return EncodeId("Sweep", ToInt(s.row.id)); });
  add("name", [](const SweepNode& s) { return s.row.name; });
  add("displayName", [](const SweepNode& s) { return NullIfEmpty(s.row.display_name); });
  add("method", [](const SweepNode& s) { return s.row.method; });
  add("state", [](const SweepNode& s) { return sweeps::SweepStateName(s.record.state); });
  add("description", [](const SweepNode& s) { return NullIfEmpty(s.row.description); });
  add("config", [](const SweepNode& s) { return s.row.config_text; });
  add("createdAt", [](const SweepNode& s) { return FormatTime(s.row.created_at); });
  add("updatedAt", [](const SweepNode& s) {
    return FormatTime(std::max(s.row.updated_at, s.record.clock_at.value_or(s.row.updated_at)));
  });
  add("runCountExpected", [](const SweepNode& s) { return s.row.runs_expected; });
  add("earlyStopJobRunning", [](const SweepNode&) { return false; });
  add("controller", [](const SweepNode& s) { return NullIfEmpty(s.row.controller_json); });
  add("launchScheduler", [](const SweepNode&) { return Resolved(nullptr); });
  add("controllerRunName",
      [](const SweepNode& s) { return NullIfEmpty(s.row.controller_run_name); });
  add("why", [](const SweepNode& s) { return s.record.why; });
  add("project", [](const SweepNode& s) { return Resolved::Object("Project", s.project); });
  resolvers.Field<SweepNode>(
      "Sweep", "runCount", [](const SweepNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const auto count = SweepsOf(tables).CountRuns(node.row.project, node.row.name);
          if (!count) return count.error();
          return Resolved(*count);
        });
      });
  resolvers.Field<SweepNode>("Sweep", "heartbeatAt", ResolveHeartbeat);
  resolvers.Field<SweepNode>("Sweep", "bestLoss", ResolveBestLoss);
  resolvers.Field<SweepNode>("Sweep", "bestRun", ResolveBestRun);
  resolvers.Field<SweepNode>("Sweep", "scheduler", ResolveScheduler);
  resolvers.Field<SweepNode>("Sweep", "runs", ResolveRuns);
  resolvers.Field<SweepNode>("Sweep", "priorRuns", ResolvePriorRuns);
  resolvers.Field<SweepNode>("Sweep", "agents", ResolveAgents);
  resolvers.Field<SweepNode>("Sweep", "agent", ResolveAgent);
  resolvers.Field<SweepNode>("Sweep", "points", ResolvePoints);
  resolvers.Field<SweepNode>("Sweep", "user", ResolveUser);
}

void AddAgentFields(ResolverMap& resolvers) {
  const auto add = [&](const char* name, auto read) {
    resolvers.Field<AgentNode>(
        "Agent", name, [read](const AgentNode& node) { return Resolved(read(node.agent)); });
  };
  add("id", [](const AgentRecord& a) { return a.id; });
  add("name", [](const AgentRecord& a) { return a.name; });
  add("host", [](const AgentRecord& a) { return a.host; });
  add("totalRuns", [](const AgentRecord& a) { return std::int64_t{a.runs_total}; });
  add("createdAt", [](const AgentRecord& a) { return FormatTime(a.created_at); });
  add("heartbeatAt", [](const AgentRecord& a) { return FormatTime(a.heartbeat_at); });
  add("why", [](const AgentRecord& a) { return a.is_quarantined ? a.quarantine_why : ""; });
  resolvers.Field<AgentNode>("Agent", "state",
                             [](const AgentNode& node, const FieldContext& field) -> Resolved {
                               if (node.agent.is_quarantined) return "QUARANTINED";
                               const auto age = Context(field).Now() - node.agent.heartbeat_at;
                               return age > kAgentSilence ? "DEAD" : "RUNNING";
                             });
  resolvers.Field<AgentNode>("Agent", "runs", ResolveAgentRuns);
}

// Why the run is there, for one that nobody stopped and no rule would have: its point's reason.
Result<Resolved> ResolveRunWhy(const RunNode& node, const FieldContext& field) {
  if (!node.run.stop_reason.empty() || node.run.sweep_name.empty()) {
    return Resolved(node.run.stop_reason);
  }
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const auto sweep = SweepsOf(tables).FindByName(node.run.project, node.run.sweep_name);
    if (!sweep) return sweep.error();
    if (!*sweep) return Resolved("");
    const auto attempt = SweepsOf(tables).FindAttemptOfRun((*sweep)->id, node.run.name);
    if (!attempt) return attempt.error();
    if (*attempt && (*attempt)->stop_facts && (*attempt)->stop_facts->is_audit) {
      return Resolved(sweeps::WhySpared(*(*attempt)->stop_facts));
    }
    const auto point = SweepsOf(tables).FindPointOfRun((*sweep)->id, node.run.name);
    if (!point) return point.error();
    return *point ? Resolved((*point)->why) : Resolved("");
  });
}

// What `work(tables, sweep, attempt) -> Result<Resolved>` makes of the run's attempt; null where
// the run is none of a sweep.
template <typename Work>
Result<Resolved> ReadAttempt(const RunNode& node, const FieldContext& field, Work work) {
  if (node.run.sweep_name.empty()) return Resolved(nullptr);
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const auto sweep = SweepsOf(tables).FindByName(node.run.project, node.run.sweep_name);
    if (!sweep) return sweep.error();
    if (!*sweep) return Resolved(nullptr);
    const auto attempt = SweepsOf(tables).FindAttemptOfRun((*sweep)->id, node.run.name);
    if (!attempt) return attempt.error();
    return *attempt ? work(tables, (*sweep)->id, **attempt) : Resolved(nullptr);
  });
}

Result<Resolved> ResolveEarlyStop(const RunNode& node, const FieldContext& field) {
  return ReadAttempt(node, field, [](const Tables&, SweepId, const AttemptRecord& attempt) {
    if (!attempt.stop_facts) return Result<Resolved>(nullptr);
    const sweeps::StopFacts& facts = *attempt.stop_facts;
    return Result<Resolved>(Record("EarlyStop")
                                .Set("rule", facts.rule)
                                .Set("rung", facts.rung)
                                .Set("value", facts.value)
                                .Set("threshold", facts.threshold)
                                .Set("audit", facts.is_audit));
  });
}

// Of the attempts that count, as FindBest takes them.
Result<Resolved> ResolveSweepValue(const RunNode& node, const FieldContext& field) {
  return ReadAttempt(
      node, field,
      [&](const Tables& tables, SweepId sweep, const AttemptRecord& attempt) -> Result<Resolved> {
        if (!attempt.best) return Resolved(nullptr);
        if (attempt.state == sweeps::AttemptState::kRunning) return Resolved(attempt.best);
        const auto point = SweepsOf(tables).FindPointOfRun(sweep, node.run.name);
        if (!point) return point.error();
        const bool is_result = *point && (*point)->result == attempt.serial;
        return is_result ? Resolved(attempt.best) : Resolved(nullptr);
      });
}

void AddRunLinks(ResolverMap& resolvers) {
  resolvers.Field<RunNode>("Run", "sweepValue", ResolveSweepValue);
  resolvers.Field<RunNode>("Run", "earlyStop", ResolveEarlyStop);
  resolvers.Field<RunNode>("Run", "why", ResolveRunWhy);
  resolvers.Field<RunNode>(
      "Run", "sweep", [](const RunNode& node, const FieldContext& field) -> Result<Resolved> {
        if (node.run.sweep_name.empty()) return Resolved(nullptr);
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const auto sweep = FindSweep(tables, node.project, node.run.sweep_name);
          if (!sweep) return sweep.error();
          return Resolved::Object("Sweep", *sweep);
        });
      });
  resolvers.Field<RunNode>(
      "Run", "agent", [](const RunNode& node, const FieldContext& field) -> Result<Resolved> {
        if (node.run.agent_id.empty()) return Resolved(nullptr);
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const auto sweep = FindSweep(tables, node.project, node.run.sweep_name);
          if (!sweep) return sweep.error();
          if (*sweep == nullptr) return Resolved(nullptr);
          const auto agents = SweepsOf(tables).ListAgents((*sweep)->row.id);
          if (!agents) return agents.error();
          const auto found = std::ranges::find(*agents, node.run.agent_id, &AgentRecord::id);
          return found == agents->end() ? Resolved(nullptr) : AgentOf(*found, *sweep);
        });
      });
}

// Whether every number of run_cap is given out.
Result<bool> IsCapInUse(const Tables& tables, const sweeps::SweepRow& row) {
  const auto run_cap = sweeps::InspectSweepConfig(row.config_text).config.run_cap;
  if (!run_cap) return false;
  const Result<std::vector<PointRecord>> points = SweepsOf(tables).ListPoints(row.id);
  if (!points) return points.error();
  return std::ranges::count(*points, true, &PointRecord::is_counted) >= *run_cap;
}

// A scheduler at the client asks for the name of its run beside the state before it makes more
// points. Once there are none to make, the sweep is finished as far as it is concerned, although
// runs go on: it knows no other sign, and takes a refused point for a fault.
Result<std::shared_ptr<const SweepNode>> AsSchedulerSees(const Tables& tables,
                                                         std::shared_ptr<const SweepNode> sweep) {
  if (sweep->row.controller_run_name.empty() || IsTerminal(sweep->record.state)) return sweep;
  const Result<bool> is_full = IsCapInUse(tables, sweep->row);
  if (!is_full) return is_full.error();
  if (!*is_full) return sweep;
  SweepNode seen = *sweep;
  seen.record.state = sweeps::SweepState::kFinished;
  return std::make_shared<const SweepNode>(std::move(seen));
}

void AddProjectLinks(ResolverMap& resolvers) {
  resolvers.Field<ProjectNode>(
      "Project", "sweep", [](const ProjectNode&, const FieldContext& field) {
        const auto project = field.shared_parent<ProjectNode>();
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          auto sweep = FindSweep(tables, project, field.args().StringOr("sweepName", ""));
          if (sweep && *sweep != nullptr && field.Selects("controllerRunName")) {
            sweep = AsSchedulerSees(tables, *sweep);
          }
          if (!sweep) return sweep.error();
          return Resolved::Object("Sweep", *sweep);
        });
      });
  resolvers.Field<ProjectNode>(
      "Project", "sweeps", [](const ProjectNode& node, const FieldContext& field) {
        const auto project = field.shared_parent<ProjectNode>();
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const auto rows = SweepsOf(tables).List(node.project.id);
          if (!rows) return rows.error();
          std::vector<std::shared_ptr<const SweepNode>> found;
          for (const sweeps::SweepRow& row : *rows) {
            const auto record = SweepsOf(tables).FindRecord(row.id);
            if (!record) return record.error();
            found.push_back(std::make_shared<const SweepNode>(SweepNode{row, *record, project}));
          }
          return PageOfList("SweepConnection", "SweepEdge", field.args(), found,
                            [](const auto& sweep) { return Resolved::Object("Sweep", sweep); });
        });
      });
  resolvers.Field<ProjectNode>(
      "Project", "totalSweeps", [](const ProjectNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          const Result<std::int64_t> count = SweepsOf(tables).Count(node.project.id);
          if (!count) return count.error();
          return Resolved(*count);
        });
      });
}

}  // namespace

Result<std::shared_ptr<const SweepNode>> FindSweep(
    const Tables& tables, const std::shared_ptr<const ProjectNode>& project,
    std::string_view name) {
  using Found = std::shared_ptr<const SweepNode>;
  const auto row = SweepsOf(tables).FindByName(project->project.id, name);
  if (!row) return row.error();
  if (!*row) return Found();
  const auto record = SweepsOf(tables).FindRecord((*row)->id);
  if (!record) return record.error();
  return Found(std::make_shared<const SweepNode>(SweepNode{**row, *record, project}));
}

void AddSweepResolvers(ResolverMap& resolvers) {
  AddSweepFields(resolvers);
  AddAgentFields(resolvers);
  AddRunLinks(resolvers);
  AddProjectLinks(resolvers);
  resolvers.Record("EarlyStop", {"rule", "rung", "value", "threshold", "audit"});
  resolvers.Record("SweepConnection", {"edges", "pageInfo", "totalCount"});
  resolvers.Record("SweepEdge", {"node", "cursor"});
  resolvers.Record("AgentConnection", {"edges", "pageInfo"});
  resolvers.Record("AgentEdge", {"node", "cursor"});
  resolvers.Record("RunConnection", {"edges", "pageInfo", "totalCount"});
  resolvers.Record("RunEdge", {"node", "cursor"});
}

}  // namespace regatta::wandb
