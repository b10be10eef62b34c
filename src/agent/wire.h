// What agent and server say to each other: the operations of the stock agent, and Regatta's
// additions in places where any other server overlooks them.
//
// Pure functions between values and JSON texts. A reply that is not what it should be is an Error.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "transport.h"

namespace regatta::agent {

// A sweep by the names that people use. Empty: not said; the server fills it in.
struct SweepPath {
  std::string entity;
  std::string project;
  std::string sweep;
};

// "id", "project/id", "entity/project/id" or "entity/project/sweeps/id".
// Errors: kInvalidArgument, saying which forms there are.
Result<SweepPath> ParseSweepPath(std::string_view text);

struct SweepInfo {
  SweepPath path;  // complete, as the server spells it
  std::string state;
  std::vector<std::string> command_items;

  // No run will be handed out any more, and that is the end that was wished for.
  bool is_complete() const {
    return state == "FINISHED" || state == "CANCELED" || state == "CANCELLED";
  }
};

struct Command {
  enum class Type { kRun, kResume, kStop, kExit, kLease, kUnknown };
  Type type = Type::kUnknown;
  std::string type_name;
  std::string run_id;
  std::string program;
  nlohmann::ordered_json args = nlohmann::ordered_json::object();
  // Ours: variables for the process, by names that start with REGATTA_ or WANDB_ only.
  std::map<std::string, std::string> environment;
  double lease_seconds = 0;    // ours, kLease
  std::string why;             // ours, kStop and kExit
  bool is_quarantine = false;  // ours, kExit: for what this agent's runs did
};

// A run that is over, as the next heartbeat tells it.
struct EndedRun {
  std::string run_id;
  std::optional<int> exit_code;
  std::optional<int> signal;
  double seconds = 0;
  std::vector<std::string> last_lines;
};

struct HeartbeatReport {
  std::vector<std::string> running;
  int slots = 1;
  int free = 0;
  std::vector<std::string> preempting;
  std::span<const EndedRun> ended;
};

// Request bodies for POST /graphql.
std::string FindSweepQuery(const SweepPath& path);  // for a path without a project
std::string SweepQuery(const SweepPath& path);
std::string CreateAgentMutation(const SweepPath& path, std::string_view host);
std::string HeartbeatMutation(std::string_view agent_id, const HeartbeatReport& report);
std::string RunQuery(const SweepPath& path, std::string_view run_id);

// The path of the only sweep with that id. Errors: kNotFound; kFailedPrecondition if several
// projects have one.
Result<SweepPath> ReadFindSweepReply(const ServerReply& reply, const SweepPath& asked);
// What the replies say. Errors, all with the server's own message where it sends one: kNotFound (no
// such sweep, agent or run), kUnauthenticated, kUnavailable (worth another try), kInvalidArgument
// (refused).
Result<SweepInfo> ReadSweepReply(const ServerReply& reply, const SweepPath& asked);
Result<std::string> ReadCreateAgentReply(const ServerReply& reply);
Result<std::vector<Command>> ReadHeartbeatReply(const ServerReply& reply);
// Whether the run's program ever called wandb.init.
Result<bool> ReadRunReply(const ServerReply& reply);
// An answer of which only success matters.
Result<void> ReadPostReply(const ServerReply& reply);

// "/files/<entity>/<project>/<run>/file_stream", percent-encoded.
std::string FileStreamPath(const SweepPath& path, std::string_view run_id);
std::string PreemptingBody();
// The console and the end of a run that did not report for itself.
std::string CompleteBody(std::span<const std::string> log_lines, int exit_code);

}  // namespace regatta::agent
