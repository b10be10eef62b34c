#include "regatta/sweeps/sweep_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "live_sweep.h"
#include "prepared_search.h"
#include "regatta/base/log.h"
#include "regatta/base/rng.h"
#include "regatta/tracking/run_rules.h"
#include "run_editor.h"
#include "trial_reader.h"

namespace regatta::sweeps {
namespace {

constexpr std::size_t kAgentIdLength = 12;
constexpr int kSignalKill = 9;
// A suggestion is seldom later than this, and an answer should never take more than 50 ms ...
constexpr std::chrono::milliseconds kSearchWait{25};
// ... and those who wait keep threads from others.
constexpr int kSearchWaitersMax = 2;
// Some twenty megabytes each at a thousand trials.
constexpr std::size_t kWarmSearchesMax = 12;

SweepService::Options Completed(SweepService::Options options) {
  if (options.background.warm == nullptr) {
    options.background.warm = std::make_shared<WarmSearches>(kWarmSearchesMax);
  }
  return options;
}

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

}  // namespace

SweepService::SweepService(Options options) : options_(Completed(std::move(options))) {}
SweepService::~SweepService() = default;

void SweepService::Touch(SweepId id) {
  if (touched_.empty() || touched_.back() != id) {
    touched_.push_back(id);
  }
}

void SweepService::StepEnded(bool kept) {
  for (const SweepId id : std::exchange(touched_, {})) {
    if (!kept) {
      live_.erase(tracking::ToInt(id));
    }
  }
}

void SweepService::Rollback() {
  touched_.clear();
  live_.clear();
}

Result<SweepService::Live*> SweepService::Open(tracking::Tables& tables, const SweepRow& row) {
  std::unique_ptr<Live>& slot = live_[tracking::ToInt(row.id)];
  if (slot != nullptr) {
    return slot.get();
  }
  const auto fail = [&](Error error) {
    live_.erase(tracking::ToInt(row.id));
    return error;
  };
  const Result<ParsedSweep> parsed = ParseSweepConfig(row.config_text);
  if (!parsed) {
    return fail(WithContext(fmt::format("sweep {}", row.name), parsed.error()));
  }
  // A sweep that has gone meanwhile has nothing to tell any more.
  const Result<std::vector<EarlierSweep>> earlier = ReadEarlierSweeps(tables, parsed->config, row);
  Result<SweepParts> parts =
      MakeSweepParts(parsed->config, row, options_.timing, options_.background,
                     earlier ? *earlier : std::vector<EarlierSweep>());
  if (!parts) {
    return fail(WithContext(fmt::format("sweep {}", row.name), parts.error()));
  }
  Result<SweepRecords> records = SweepsOf(tables).Load(row.id);
  if (!records) {
    return fail(records.error());
  }
  auto live = std::make_unique<Live>();
  live->program = parsed->config.program;
  live->keys.metric = parts->settings.metric ? parts->settings.metric->name : "";
  live->keys.outcomes = OutcomeKeys(parsed->config);
  if (parts->settings.counts_steps) {
    live->keys.resource = parsed->config.early_terminate->resource;
  }
  live->state_told = records->sweep.state;
  Result<std::unique_ptr<Sweep>> sweep =
      Sweep::Restore(std::move(parts->settings), std::move(parts->source),
                     std::move(parts->stopper), *std::move(records));
  if (!sweep) {
    return fail(sweep.error());
  }
  live->sweep = *std::move(sweep);
  slot = std::move(live);
  // It may rest on rows of this very Write.
  Touch(row.id);
  return slot.get();
}

Result<void> SweepService::Apply(tracking::Tables& tables, const SweepRow& row,
                                 tracking::UserId user, tracking::Run* current,
                                 const std::vector<Change>& changes, Timestamp now) {
  Touch(row.id);
  if (changes.empty()) {
    return Ok();
  }
  SweepTables& records = SweepsOf(tables);
  RunEditor runs(tables, row, current, now);
  bool is_news = false;
  for (const Change& change : changes) {
    const Result<void> done = std::visit(
        Overloaded{
            [&](const CreateRun& create) { return runs.Create(create, user); },
            [&](const AssignRun& assign) { return runs.Assign(assign); },
            [&](const SetRunState& set) { return runs.SetState(set); },
            [&](const SetRunStop& set) { return runs.SetStop(set); },
            [&](const SweepRecord& record) {
              Live& live = *live_.at(tracking::ToInt(row.id));
              is_news = std::exchange(live.state_told, record.state) != record.state || is_news;
              return records.Put(row.id, record);
            },
            [&](const PointRecord& record) {
              is_news = true;
              return records.Put(row.id, record);
            },
            [&](const auto& record) { return records.Put(row.id, record); },
        },
        change);
    if (!done) {
      return done;
    }
  }
  if (is_news) {
    tables.Notify({.project = row.project,
                   .run_name = "",
                   .sweep_name = row.name,
                   .kinds = tracking::Change::kSweep});
  }
  return runs.Store();
}

// --- agents --------------------------------------------------------------------------------------

Result<AgentRecord> SweepService::RegisterAgent(tracking::Tables& tables, const SweepRow& row,
                                                std::string_view host, Timestamp now) {
  const Result<Live*> live = Open(tables, row);
  if (!live) {
    return live.error();
  }
  Sweep& sweep = *(*live)->sweep;
  AgentRecord agent;
  agent.id = RandomId(kAgentIdLength);
  agent.host = std::string(host);
  agent.name = fmt::format("{}-{}", host, sweep.agents().size() + 1);
  Result<Transition> registered = sweep.RegisterAgent(agent, now);
  if (!registered) {
    return registered.error();
  }
  if (Result<void> done = Apply(tables, row, nullptr, *registered, now); !done) {
    return done.error();
  }
  NoteReadiness(agent.id, sweep);
  return *sweep.FindAgent(agent.id);
}

void SweepService::NoteReadiness(std::string_view agent_id, const Sweep& sweep) {
  const std::shared_ptr<Readiness> readiness = sweep.readiness();
  if (readiness == nullptr) {
    return;
  }
  const std::lock_guard lock(readiness_mutex_);
  if (readiness_.size() >= readiness_sweep_size_) {
    std::erase_if(readiness_, [](const auto& entry) { return entry.second.expired(); });
    readiness_sweep_size_ = 2 * readiness_.size() + 1'000;
  }
  readiness_.insert_or_assign(std::string(agent_id), readiness);
}

void SweepService::AwaitSearch(std::string_view agent_id, const AgentReport& report) {
  if (!report.runs.empty() && report.capacity.free.value_or(0) == 0) {
    return;  // it takes no point now
  }
  std::shared_ptr<Readiness> readiness;
  {
    const std::lock_guard lock(readiness_mutex_);
    const auto found = readiness_.find(std::string(agent_id));
    if (found != readiness_.end()) {
      readiness = found->second.lock();
    }
  }
  if (readiness == nullptr || readiness->Await(Duration{0})) {
    return;
  }
  if (++search_waiters_ <= kSearchWaitersMax) {
    (void)readiness->Await(kSearchWait);
  }
  --search_waiters_;
}

// What a native agent knows of its processes, before anything is handed out.
std::vector<Change> SweepService::TakeEnds(Sweep& sweep, const AgentReport& report,
                                           Timestamp now) const {
  std::vector<Change> changes;
  const auto take = [&](Result<Transition> transition) {
    if (transition) {
      std::ranges::move(transition->changes, std::back_inserter(changes));
    }
  };
  for (const std::string& run_id : report.preempting) {
    take(sweep.RunPreempting(run_id, now));
  }
  for (const AgentReport::Ended& ended : report.ended) {
    const AttemptRecord* attempt = sweep.FindRun(ended.run_id);
    // Its own stream tells more, if it got that far. One that never began is told of by its agent.
    const bool is_open = attempt != nullptr && (attempt->state == AttemptState::kRunning ||
                                                attempt->state == AttemptState::kPreempting);
    if (is_open) {
      const bool is_killed = ended.signal == kSignalKill && attempt->stop == StopCause::kNone &&
                             attempt->state != AttemptState::kPreempting;
      const std::int64_t code = ended.exit_code.value_or(128 + ended.signal.value_or(0));
      take(sweep.RunFinished(ended.run_id, code, now, 0, is_killed));
    }
  }
  return changes;
}

Result<HeartbeatAnswer> SweepService::Heartbeat(tracking::Tables& tables, const SweepRow& row,
                                                std::string_view agent_id, tracking::UserId user,
                                                const AgentReport& report, Timestamp now) {
  const Result<Live*> opened = Open(tables, row);
  if (!opened) {
    return opened.error();
  }
  Live& live = **opened;
  if (live.sweep->FindAgent(agent_id) == nullptr) {
    // Before anything is touched: an undone Write costs the sweep its model.
    return NotFound(fmt::format("sweep {} has no agent {}", row.name, agent_id.substr(0, 40)));
  }
  Touch(row.id);
  NoteReadiness(agent_id, *live.sweep);
  std::vector<Change> changes = TakeEnds(*live.sweep, report, now);
  Result<Transition> beat = live.sweep->Heartbeat(agent_id, report.runs, now, report.capacity);
  if (!beat) {
    return beat.error();
  }
  std::ranges::move(beat->changes, std::back_inserter(changes));
  if (Result<void> done = Apply(tables, row, user, nullptr, changes, now); !done) {
    return done.error();
  }
  HeartbeatAnswer answer{
      .commands = std::move(beat->commands), .program = live.program, .lease = {}};
  if (report.is_native && live.agents_told.emplace(agent_id).second) {
    answer.lease = options_.timing.lease;
  }
  return answer;
}

Result<void> SweepService::ReleaseAgent(tracking::Tables& tables, const SweepRow& row,
                                        std::string_view agent_id, Timestamp now) {
  const Result<Live*> live = Open(tables, row);
  if (!live) {
    return live.error();
  }
  Result<Transition> done = (*live)->sweep->ReleaseAgent(agent_id, now);
  return done ? Apply(tables, row, nullptr, *done, now) : Result<void>(done.error());
}

// --- people --------------------------------------------------------------------------------------

Result<std::string> SweepService::Enqueue(tracking::Tables& tables, const SweepRow& row,
                                          tracking::UserId user, std::string_view config_json,
                                          std::string_view display_name, Timestamp now) {
  Result<std::string> args = ArgsOf(config_json);
  if (!args) {
    return args.error();
  }
  const Result<Live*> live = Open(tables, row);
  if (!live) {
    return live.error();
  }
  Result<Transition> queued =
      (*live)->sweep->Enqueue(*std::move(args), std::string(display_name), now);
  if (!queued) {
    return queued.error();
  }
  std::string run_id = std::move(queued->run_id);
  Result<void> done = Apply(tables, row, user, nullptr, queued->changes, now);
  if (!done) {
    return done.error();
  }
  return run_id;
}

Result<void> SweepService::StopRun(tracking::Tables& tables, const tracking::Run& run,
                                   std::string_view reason, Timestamp now) {
  const Result<Found> found = OpenOf(tables, run);
  if (!found) {
    return found.error();
  }
  if (found->live != nullptr && found->live->sweep->FindRun(run.name) != nullptr) {
    Result<Transition> stopped = found->live->sweep->StopRun(run.name, now);
    if (!stopped) {
      return stopped.error();
    }
    if (Result<void> done = Apply(tables, *found->row, nullptr, *stopped, now); !done) {
      return done;
    }
  }
  return tracking::RequestStop(tables, run.id, reason, now);
}

Result<void> SweepService::Requeue(tracking::Tables& tables, const SweepRow& row,
                                   std::string_view run_name, Timestamp now) {
  const Result<Live*> live = Open(tables, row);
  if (!live) {
    return live.error();
  }
  const AttemptRecord* attempt = (*live)->sweep->FindRun(run_name);
  if (attempt == nullptr) {
    return NotFound(fmt::format("sweep {} has no run {}; `regatta sweep show {}` lists them",
                                row.name, run_name.substr(0, 64), row.name));
  }
  Result<Transition> done = (*live)->sweep->Requeue(attempt->point, now);
  return done ? Apply(tables, row, nullptr, *done, now) : Result<void>(done.error());
}

// --- upkeep --------------------------------------------------------------------------------------

Result<std::vector<SweepId>> SweepService::ListDue(tracking::Tables& tables) {
  Result<std::vector<SweepId>> listed = SweepsOf(tables).ListLeased();
  if (!listed) {
    return listed.error();
  }
  std::vector<SweepId> due = *std::move(listed);
  std::vector<std::int64_t> idle;
  for (const auto& [number, live] : live_) {
    const SweepId id{number};
    if (std::ranges::find(due, id) != due.end()) {
      continue;
    }
    // Without leases and without a future it can wait on disk.
    if (IsTerminal(live->sweep->state())) {
      idle.push_back(number);
    } else {
      due.push_back(id);
    }
  }
  for (const std::int64_t number : idle) {
    live_.erase(number);
  }
  return due;
}

Result<void> SweepService::TickOne(tracking::Tables& tables, SweepId id, Timestamp now) {
  const Result<std::optional<SweepRow>> row = SweepsOf(tables).Find(id);
  if (!row) {
    return row.error();
  }
  if (!*row) {
    live_.erase(tracking::ToInt(id));
    return Ok();
  }
  const Result<Live*> live = Open(tables, **row);
  if (!live) {
    return live.error();
  }
  Transition transition = (*live)->sweep->Tick(now);
  return Apply(tables, **row, nullptr, transition, now);
}

Result<void> SweepService::Tick(tracking::Store& store, Timestamp now) {
  std::vector<SweepId> due;
  Result<void> listed = store.Write([&](tracking::Tables& tables) -> Result<void> {
    Result<std::vector<SweepId>> found = ListDue(tables);
    if (!found) {
      return found.error();
    }
    due = *std::move(found);
    return Ok();
  });
  if (!listed) {
    return listed;
  }
  // All in one Write, but for those that would undo it.
  const auto ailing =
      std::ranges::partition(due, [this](SweepId id) { return !ailing_.contains(id); });
  auto alone = ailing.begin();
  const Result<void> together = store.Write([&](tracking::Tables& tables) -> Result<void> {
    for (auto id = due.begin(); id != alone; ++id) {
      if (Result<void> done = TickOne(tables, *id, now); !done) {
        return done;
      }
    }
    return Ok();
  });
  if (!together) {
    alone = due.begin();
  }
  for (auto id = alone; id != due.end(); ++id) {
    const Result<void> done =
        store.Write([&](tracking::Tables& tables) { return TickOne(tables, *id, now); });
    if (done) {
      ailing_.erase(*id);
    } else if (ailing_.insert(*id).second) {
      Log(LogLevel::kWarning, "sweeps", "the leases of a sweep cannot be kept: {}",
          done.error().message);
    }
  }
  return Ok();
}

}  // namespace regatta::sweeps
