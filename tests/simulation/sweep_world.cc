#include "sweep_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace regatta::simulation {
namespace {

using namespace sweeps;

constexpr std::int64_t kStep = 10;                // seconds
constexpr std::int64_t kChaosSteps = 400;         // a bit more than an hour
constexpr std::int64_t kCalmStepsMax = 12 * 360;  // half a day

// A grid of numbers, or an endless search for them.
class NumberSource : public PointSource {
 public:
  NumberSource(std::uint64_t grid_size, std::uint64_t seed) : grid_size_(grid_size), seed_(seed) {}

  std::optional<std::uint64_t> grid_size() const override {
    return grid_size_ > 0 ? std::optional(grid_size_) : std::nullopt;
  }
  std::optional<std::uint64_t> NextGridPoint(std::uint64_t from, std::uint64_t work_max,
                                             std::uint64_t* next) const override {
    const std::uint64_t end = std::min(grid_size_, from + work_max);
    for (*next = from; *next < end; ++*next) {
      if (IsPoint(*next)) {
        return *next;
      }
    }
    return std::nullopt;
  }
  ProposedPoint GridPoint(std::uint64_t number) const override { return At(number); }
  std::optional<std::uint64_t> FindGridPoint(std::string_view args_json) const override {
    for (std::uint64_t number = 0; number < grid_size_; ++number) {
      if (IsPoint(number) && At(number).args_json == args_json) {
        return number;
      }
    }
    return std::nullopt;
  }
  std::uint32_t initial_points() const override { return grid_size_ > 4 && seed_ % 3 == 0 ? 1 : 0; }
  std::optional<ProposedPoint> InitialPoint(std::uint32_t) const override {
    ProposedPoint point = At(IsPoint(3) ? 3 : 4);
    point.grid_index = IsPoint(3) ? 3 : 4;
    return point;
  }
  Result<std::optional<ProposedPoint>> Propose(std::uint32_t, std::uint64_t number) override {
    return std::optional(At(number));
  }
  void Tell(const TrialView&) override {}

  // Numbers that a constraint forbids.
  static bool IsPoint(std::uint64_t number) { return number % 7 != 3; }
  static ProposedPoint At(std::uint64_t number) {
    return {fmt::format("{{\"x\":{{\"value\":{}}}}}", number), std::nullopt, "It is next."};
  }

 private:
  std::uint64_t grid_size_;
  std::uint64_t seed_;
};

// Stops one trial in five after its second value.
class EveryFifthStopper : public search::EarlyStopper {
 public:
  void Report(search::TrialId trial, std::int64_t resource, double) override {
    counts_[trial] = resource;
  }
  void SetRunning(search::TrialId, bool) override {}
  void Forget(search::TrialId trial) override { counts_.erase(trial); }
  search::StopDecision Decide(search::TrialId trial) const override {
    const auto found = counts_.find(trial);
    search::StopDecision decision;
    decision.trial = trial;
    decision.stop = trial % 5 == 4 && found != counts_.end() && found->second >= 2;
    decision.reason = "It is a fifth one.";
    return decision;
  }
  std::vector<search::StopDecision> DecideAll() const override { return {}; }

 private:
  std::map<search::TrialId, std::int64_t> counts_;
};

bool IsLeased(const AttemptRecord& attempt) {
  return attempt.state == AttemptState::kOffered || attempt.state == AttemptState::kRunning ||
         attempt.state == AttemptState::kPreempting;
}

bool SameCommands(const std::vector<Command>& left, const std::vector<Command>& right) {
  return std::ranges::equal(left, right, [](const Command& a, const Command& b) {
    return a.type == b.type && a.run_id == b.run_id && a.token == b.token &&
           a.args_json == b.args_json;
  });
}

}  // namespace

WorldReport& WorldReport::operator+=(const WorldReport& other) {
  events += other.events;
  restarts += other.restarts;
  lost += other.lost;
  late += other.late;
  superseded += other.superseded;
  quarantined += other.quarantined;
  preempted += other.preempted;
  capped += other.capped;
  return *this;
}

SweepWorld::SweepWorld(const WorldOptions& options) : options_(options), rng_(options.seed, 77) {
  settings_.name = "sim";
  settings_.seed = options.seed;
  settings_.run_id_salt = 1;
  settings_.metric = MetricConfig{};
  settings_.metric->name = "loss";
  settings_.retry = {100'000, 100'000, 100'000};
  grid_size_ = rng_.Below(5) < 4 ? 2 + rng_.Below(20) : 0;
  if (grid_size_ == 0 || rng_.Below(4) == 0) {
    settings_.run_cap = 1 + static_cast<std::int64_t>(rng_.Below(15));
  }
  if (rng_.Below(5) == 0) {
    settings_.repeats = 1 + static_cast<std::int64_t>(rng_.Below(3));
  }
  if (rng_.Below(4) == 0) {
    settings_.retry = {2, 1, 0};
  }
  has_people_ = rng_.Below(3) == 0;
  sweep_ = Sweep::Create(settings_, MakeSource(), MakeEarlyStopper());
}

SweepWorld::~SweepWorld() = default;

std::unique_ptr<PointSource> SweepWorld::MakeSource() const {
  return std::make_unique<NumberSource>(grid_size_, options_.seed);
}

std::unique_ptr<search::EarlyStopper> SweepWorld::MakeEarlyStopper() const {
  return options_.seed % 2 == 0 ? std::make_unique<EveryFifthStopper>() : nullptr;
}

Timestamp SweepWorld::Now() const {
  return Timestamp(std::chrono::seconds(1'700'000'000 + now_s_ + clock_offset_s_));
}

void SweepWorld::Report(const std::string& problem) {
  if (report_.problem.empty() && !problem.empty()) {
    report_.problem = fmt::format("seed {}, second {}: {}", options_.seed, now_s_, problem);
  }
}

std::unique_ptr<Sweep> SweepWorld::Restored() const {
  Result<std::unique_ptr<Sweep>> restored =
      Sweep::Restore(settings_, MakeSource(), MakeEarlyStopper(), store_.records());
  regatta::Check(restored.has_value(), "the recorded sweep can be restored");
  return *std::move(restored);
}

void SweepWorld::Restart() {
  ++report_.restarts;
  sweep_ = Restored();
}

bool SweepWorld::Send(const Event& event, Transition* answer) {
  ++report_.events;
  if (Chance(0.02)) {
    return false;  // the request is lost
  }
  // A twin restored from the rows must do exactly the same.
  std::unique_ptr<Sweep> twin = rng_.Below(40) == 0 ? Restored() : nullptr;
  Result<Transition> made = event(*sweep_);
  if (twin) {
    const Result<Transition> same = event(*twin);
    if (same.has_value() != made.has_value() ||
        (made && !SameCommands(made->commands, same->commands))) {
      Report("a restored sweep answers differently");
    }
  }
  if (!made) {
    return false;
  }
  if (Chance(0.01)) {
    Restart();  // before the commit: nothing has happened
    return false;
  }
  Report(store_.Apply(made->changes));
  if (twin) {
    Report(store_.Compare(*sweep_));
    Report(store_.Compare(*twin));
  }
  Check(*made);
  if (Chance(0.01)) {
    Restart();
    return false;
  }
  if (Chance(0.02)) {
    return false;  // the reply is lost
  }
  *answer = *std::move(made);
  return true;
}

// --- agents and processes ------------------------------------------------------------------------

void SweepWorld::StepAgents() {
  std::size_t alive = 0;
  for (const Agent& agent : agents_) {
    alive += agent.is_gone ? 0 : 1;
  }
  const std::size_t wanted = 1 + options_.seed % 5;
  if (alive < wanted && !IsTerminal(sweep_->state())) {
    Agent agent;
    agent.id = fmt::format("agent{}", agents_made_++);
    agent.has_tokens = rng_.Below(2) == 0;
    agent.slots =
        agent.has_tokens && rng_.Below(3) == 0 ? 2 + static_cast<std::uint32_t>(rng_.Below(2)) : 1;
    agent.is_bad = Chance(0.15);
    AgentRecord record;
    record.id = agent.id;
    record.name = agent.id;
    record.host = agent.is_bad ? "bad-host" : "host" + agent.id;
    record.slots = agent.slots;
    const Timestamp now = Now();
    Transition answer;
    if (Send([&](Sweep& sweep) { return sweep.RegisterAgent(record, now); }, &answer)) {
      agents_.push_back(std::move(agent));
    }
  }
  for (Agent& agent : agents_) {
    if (!agent.is_gone && agent.silent_until_s <= now_s_) {
      StepAgent(agent);
    }
  }
}

void SweepWorld::StepAgent(Agent& agent) {
  std::vector<ReportedRun> reported;
  std::erase_if(agent.processes, [&](std::uint64_t id) { return processes_.at(id).is_dead; });
  for (const std::uint64_t id : agent.processes) {
    const Process& process = processes_.at(id);
    reported.push_back({process.run_id, agent.has_tokens ? process.token : 0});
  }
  const Timestamp now = Now();
  Transition answer;
  if (!Send([&](Sweep& sweep) { return sweep.Heartbeat(agent.id, reported, now); }, &answer)) {
    return;
  }
  for (const Command& command : answer.commands) {
    Obey(agent, command, reported.size());
  }
  if (agent.processes.size() > agent.slots) {
    Report("agent " + agent.id + " holds more runs than it has slots");
  }
}

void SweepWorld::Obey(Agent& agent, const Command& command, std::size_t reported) {
  switch (command.type) {
    case Command::Type::kRun:
    case Command::Type::kResume: {
      Process process;
      process.id = processes_.size() + 1;
      process.run_id = command.run_id;
      process.token = agent.has_tokens ? command.token : 0;
      process.lines_end = 1 + rng_.Below(rng_.Below(3) == 0 ? 90 : 12);
      process.exit_code = Chance(0.1) ? 1 : 0;
      if (agent.is_bad) {
        process.lines_end = 0;
        process.exit_code = 1;
      }
      for (const std::uint64_t id : agent.processes) {
        if (processes_.at(id).run_id == command.run_id) {
          Report("agent " + agent.id + " is told to start a run that it has");
        }
      }
      // The resumed run goes on after the lines that the server has.
      const AttemptRecord* attempt = sweep_->FindRun(command.run_id);
      process.lines = attempt == nullptr ? 0 : attempt->lines_seen;
      process.lines_end += process.lines;
      agent.processes.push_back(process.id);
      processes_.emplace(process.id, std::move(process));
      break;
    }
    case Command::Type::kStop:
      for (const std::uint64_t id : agent.processes) {
        Process& process = processes_.at(id);
        if (process.run_id == command.run_id) {
          process.exit_code = 130;
          process.lines_end = process.lines;
        }
      }
      break;
    case Command::Type::kExit:
      if (reported > 0) {
        Report("agent " + agent.id + " is sent away while it reports a run");
      }
      agent.is_gone = true;
      break;
  }
}

// The run for which the server takes the process's words.
std::string SweepWorld::SpeakAs(const Process& process) const {
  const AttemptRecord* attempt = sweep_->FindRun(process.run_id);
  if (!options_.drops_fencing || attempt == nullptr) {
    return process.run_id;
  }
  return sweep_->attempts()[*sweep_->points()[attempt->point].attempt].run_id;
}

std::uint64_t SweepWorld::TokenOf(const Process& process) const {
  return options_.drops_fencing ? 0 : process.token;
}

void SweepWorld::StepProcess(Process& process) {
  const Timestamp now = Now();
  const std::string run_id = SpeakAs(process);
  const std::uint64_t token = TokenOf(process);
  Transition answer;
  if (!process.has_started) {
    process.has_started =
        Send([&](Sweep& sweep) { return sweep.RunStarted(run_id, now, token); }, &answer);
    return;
  }
  if (sweep_->ShouldStop(process.run_id) && rng_.Below(3) == 0) {
    process.lines_end = process.lines;
    process.exit_code = rng_.Below(2) == 0 ? 0 : 130;
  }
  if (process.lines >= process.lines_end) {
    FinishProcess(process);
    return;
  }
  MetricUpdate update;
  update.run_id = run_id;
  update.token = token;
  update.has_summary = true;
  const double value =
      static_cast<double>(process.id) + static_cast<double>(process.lines % 900) / 1000;
  update.values.push_back(
      {process.lines, static_cast<std::int64_t>(process.lines), Chance(0.05) ? NAN : value});
  update.lines_end = process.lines + 1;
  // What is not confirmed is sent again.
  process.lines += Send([&](Sweep& sweep) { return sweep.Metrics(update, now); }, &answer) ? 1 : 0;
}

void SweepWorld::FinishProcess(Process& process) {
  const Timestamp now = Now();
  const std::string run_id = SpeakAs(process);
  const std::uint64_t token = TokenOf(process);
  const std::int64_t exit_code = process.is_preempting ? 1 : process.exit_code;
  Transition answer;
  const bool is_late = store_.records().attempts.size() > 0 && sweep_->FindRun(run_id) != nullptr &&
                       sweep_->FindRun(run_id)->state == AttemptState::kLost;
  const AttemptRecord* attempt = sweep_->FindRun(run_id);
  const std::optional<AttemptRecord> before =
      attempt == nullptr ? std::nullopt : std::optional(*attempt);
  if (Send([&](Sweep& sweep) { return sweep.RunFinished(run_id, exit_code, now, token); },
           &answer)) {
    if (before && !options_.drops_fencing) {
      CheckEndOfProcess(process, *before);
    }
    process.is_dead = !Chance(0.1);  // else it says so again
    report_.late += is_late ? 1 : 0;
  }
}

// --- what goes wrong -----------------------------------------------------------------------------

void SweepWorld::Break() {
  if (Chance(0.005)) {
    clock_offset_s_ += static_cast<std::int64_t>(rng_.Below(20'000)) - 10'000;
  }
  if (Chance(0.004)) {
    now_s_ += static_cast<std::int64_t>(rng_.Below(4'000));  // the server was down
    Restart();
  }
  for (Agent& agent : agents_) {
    if (agent.is_gone) {
      continue;
    }
    if (Chance(0.01)) {
      agent.silent_until_s = now_s_ + static_cast<std::int64_t>(rng_.Below(1'200));
    }
    if (Chance(0.01)) {
      // The whole machine freezes, and comes back as if nothing had been.
      agent.silent_until_s = now_s_ + 200 + static_cast<std::int64_t>(rng_.Below(600));
      for (const std::uint64_t id : agent.processes) {
        processes_.at(id).silent_until_s = agent.silent_until_s;
      }
    }
    if (Chance(0.008)) {
      agent.is_gone = true;
      const bool takes_processes = rng_.Below(2) == 0;
      for (const std::uint64_t id : agent.processes) {
        processes_.at(id).is_dead = processes_.at(id).is_dead || takes_processes;
      }
    }
  }
  for (auto& [id, process] : processes_) {
    if (process.is_dead) {
      continue;
    }
    process.is_dead = Chance(0.004);
    if (Chance(0.01)) {
      process.silent_until_s = now_s_ + static_cast<std::int64_t>(rng_.Below(1'500));
    }
    if (process.has_started && Chance(0.004)) {
      process.is_preempting = true;
      process.lines_end = process.lines;
      Transition answer;
      const Timestamp now = Now();
      const std::string run_id = SpeakAs(process);
      const std::uint64_t token = TokenOf(process);
      Send([&](Sweep& sweep) { return sweep.RunPreempting(run_id, now, token); }, &answer);
      ++report_.preempted;
    }
  }
}

void SweepWorld::StepPeople() {
  if (!has_people_ || !chaos_) {
    return;
  }
  const Timestamp now = Now();
  Transition answer;
  if (Chance(0.004)) {
    Send([&](Sweep& sweep) { return sweep.Pause(now); }, &answer);
  }
  if (Chance(0.02) && sweep_->state() == SweepState::kPaused) {
    Send([&](Sweep& sweep) { return sweep.Resume(now); }, &answer);
  }
  if (Chance(0.003)) {
    Send([&](Sweep& sweep) { return sweep.Enqueue("{\"x\":{\"value\":1000}}", "by hand", now); },
         &answer);
  }
  if (sweep_->attempts().empty()) {
    return;
  }
  const AttemptRecord chosen = sweep_->attempts()[rng_.Below(sweep_->attempts().size())];
  if (Chance(0.003)) {
    Send([&](Sweep& sweep) { return sweep.StopRun(chosen.run_id, now); }, &answer);
  }
  if (Chance(0.003)) {
    ++deletions_[chosen.point];
    results_.erase(chosen.point);
    Send([&](Sweep& sweep) { return sweep.DeleteRun(chosen.run_id, now); }, &answer);
  }
  if (Chance(0.003)) {
    ++requeues_[chosen.point];
    Send([&](Sweep& sweep) { return sweep.Requeue(chosen.point, now); }, &answer);
  }
}

// --- the rules -----------------------------------------------------------------------------------

void SweepWorld::Check(const Transition& transition) {
  const bool may_hand_out =
      sweep_->state() == SweepState::kRunning || sweep_->state() == SweepState::kPending;
  for (const Command& command : transition.commands) {
    if (command.type != Command::Type::kRun && command.type != Command::Type::kResume) {
      continue;
    }
    if (!may_hand_out) {
      Report("a sweep that is not running hands out run " + command.run_id);
    }
    const AttemptRecord* attempt = sweep_->FindRun(command.run_id);
    if (attempt == nullptr || attempt->token != command.token) {
      Report("run " + command.run_id + " is handed out with another token than its lease");
      continue;
    }
    const auto [known, is_first] =
        run_tokens_.emplace(command.run_id, std::pair(attempt->resumes, command.token));
    if (!is_first && known->second.first != attempt->resumes &&
        known->second.second == command.token) {
      Report("run " + command.run_id + " is resumed under its old token");
    }
    known->second = {attempt->resumes, command.token};
    run_agents_[command.run_id].insert(attempt->agent_id);
    if (run_agents_[command.run_id].size() > attempt->resumes + 1) {
      Report("run " + command.run_id + " went to two agents without having been preempted");
    }
  }
  CheckPoints();
}

// What the server made of a process that said that it has ended.
void SweepWorld::CheckEndOfProcess(const Process& process, const AttemptRecord& before) {
  const AttemptRecord& after = *sweep_->FindRun(process.run_id);
  const PointRecord& point = sweep_->points()[after.point];
  if (process.token != 0 && process.token != before.token) {
    if (!(after == before)) {
      Report("run " + process.run_id + " is changed by a process whose lease is another's now");
    }
    return;
  }
  const bool is_late = before.state == AttemptState::kLost && after.exit_code == 0;
  if (!is_late || point.state == PointState::kDeleted) {
    return;
  }
  const bool is_result = point.result == after.serial;
  const bool has_other = point.result && !is_result;
  if (!after.is_late || (has_other && after.state != AttemptState::kSuperseded) ||
      (!point.result && after.why.find("run_cap") == std::string::npos)) {
    Report("the late result of run " + process.run_id + " is not kept");
  }
}

void SweepWorld::CheckPoints() {
  std::map<std::uint32_t, std::uint32_t> leases;
  std::map<std::uint32_t, std::uint32_t> losses;
  for (const AttemptRecord& attempt : sweep_->attempts()) {
    leases[attempt.point] += IsLeased(attempt) ? 1 : 0;
  }
  std::set<std::pair<std::uint64_t, std::uint32_t>> grid_points;
  std::uint64_t numbers = 0;
  for (const PointRecord& point : sweep_->points()) {
    const auto where = fmt::format("point {}", point.index);
    if (leases[point.index] != (point.state == PointState::kActive ? 1U : 0U)) {
      Report(fmt::format("{} is {} and has {} leases", where, PointStateName(point.state),
                         leases[point.index]));
    }
    // Every further attempt has its reason.
    const std::uint32_t reasons = 1 + point.lost + point.oom + point.failed +
                                  (point.is_returned ? 1 : 0) + requeues_[point.index] +
                                  deletions_[point.index];
    if (point.attempts > reasons) {
      Report(
          fmt::format("{} was handed out {} times for {} reasons", where, point.attempts, reasons));
    }
    if (point.result.has_value() != (point.state == PointState::kFinished)) {
      Report(where + " has a result without being finished, or the other way round");
    }
    if (point.result) {
      const auto [known, is_new] = results_.emplace(point.index, *point.result);
      if (!is_new && known->second != *point.result) {
        Report(where + " finished twice");
      }
      const AttemptRecord& result = sweep_->attempts()[*point.result];
      const auto logger = result.last ? processes_.find(static_cast<std::uint64_t>(*result.last))
                                      : processes_.end();
      if (logger != processes_.end() && logger->second.run_id != result.run_id) {
        Report(where + " has a result that a process without its lease reported");
      }
    } else if (results_.contains(point.index) && !deletions_.contains(point.index)) {
      Report(where + " lost its result");
    }
    const bool is_own = point.origin == PointOrigin::kGrid || point.origin == PointOrigin::kInitial;
    if (is_own && point.grid_index && point.state != PointState::kDeleted) {
      if (!grid_points.emplace(*point.grid_index, point.repeat).second) {
        Report(fmt::format("grid number {} is visited twice", *point.grid_index));
      }
    }
    const bool is_run = point.state == PointState::kActive ||
                        point.state == PointState::kFinished || point.is_counted;
    numbers += is_run ? 1 : 0;
    if (point.state == PointState::kDeleted && point.is_counted) {
      Report(where + " is deleted and holds a number of run_cap");
    }
  }
  if (settings_.run_cap && numbers > static_cast<std::uint64_t>(*settings_.run_cap)) {
    Report(fmt::format("{} runs count, the cap is {}", numbers, *settings_.run_cap));
  }
}

void SweepWorld::CheckEnd() {
  if (sweep_->state() != SweepState::kFinished) {
    Report(fmt::format("the sweep does not end: it is {}", SweepStateName(sweep_->state())));
    return;
  }
  for (const Agent& agent : agents_) {
    if (!agent.is_gone) {
      Report("agent " + agent.id + " was not sent away");
    }
  }
  for (const AttemptRecord& attempt : sweep_->attempts()) {
    report_.lost += attempt.cause == FailureCause::kLost ? 1 : 0;
    report_.superseded += attempt.state == AttemptState::kSuperseded ? 1 : 0;
    const std::string& run = attempt.run_id;
    if (!store_.runs().contains(run)) {
      Report("attempt " + run + " has no run");
    }
  }
  for (const AgentRecord& agent : sweep_->agents()) {
    report_.quarantined += agent.is_quarantined ? 1 : 0;
  }
  const bool must_be_complete = grid_size_ > 0 && !settings_.run_cap && !has_people_;
  std::uint64_t finished = 0;
  for (const PointRecord& point : sweep_->points()) {
    finished += point.state == PointState::kFinished ? 1 : 0;
    const bool may_fail = settings_.retry.failed == 0;
    if (must_be_complete && point.state != PointState::kFinished && !may_fail) {
      Report(fmt::format("point {} is {} at the end", point.index, PointStateName(point.state)));
    }
  }
  std::uint64_t expected = 0;
  for (std::uint64_t number = 0; number < grid_size_; ++number) {
    expected += NumberSource::IsPoint(number) ? static_cast<std::uint64_t>(settings_.repeats) : 0;
  }
  if (must_be_complete && sweep_->points().size() != expected) {
    Report(fmt::format("{} of {} grid points were visited", sweep_->points().size(), expected));
  }
  report_.capped += settings_.run_cap && finished == static_cast<std::uint64_t>(*settings_.run_cap);
}

WorldReport SweepWorld::Run() {
  const Timestamp start = Now();
  Transition none;
  // The sweep's row is there before anything happens to it.
  Send([&](Sweep& sweep) { return Result<Transition>(sweep.Tick(start)); }, &none);
  for (std::int64_t step = 0; step < kChaosSteps + kCalmStepsMax && report_.problem.empty();
       ++step) {
    chaos_ = step < kChaosSteps;
    if (step == kChaosSteps) {
      for (Agent& agent : agents_) {
        agent.is_bad = false;
      }
      if (sweep_->state() == SweepState::kPaused) {
        const Timestamp now = Now();
        Send([&](Sweep& sweep) { return sweep.Resume(now); }, &none);
      }
    }
    now_s_ += kStep;
    Break();
    StepPeople();
    StepAgents();
    for (auto& [id, process] : processes_) {
      if (!process.is_dead && process.silent_until_s <= now_s_) {
        StepProcess(process);
      }
    }
    const Timestamp now = Now();
    Send([&](Sweep& sweep) { return Result<Transition>(sweep.Tick(now)); }, &none);
    const bool is_quiet =
        std::ranges::all_of(processes_, [](const auto& entry) { return entry.second.is_dead; }) &&
        std::ranges::all_of(agents_, [](const Agent& agent) { return agent.is_gone; });
    if (IsTerminal(sweep_->state()) && is_quiet && !has_people_) {
      break;
    }
    if (!chaos_ && IsTerminal(sweep_->state()) && is_quiet) {
      break;
    }
  }
  if (report_.problem.empty()) {
    CheckEnd();
  }
  return report_;
}

}  // namespace regatta::simulation
