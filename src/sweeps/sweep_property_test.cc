// Goal: no order of events, sensible or not, breaks the sweep's promises. Method: events drawn at
// random about runs and agents drawn at random, known and unknown, with and without tokens; after
// each one the promises are checked against the rows alone.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "number_source.h"
#include "regatta/base/rng.h"
#include "regatta/sweeps/sweep.h"
#include "sweep_rules.h"

namespace regatta::sweeps {
namespace {

class AnyOrder {
 public:
  explicit AnyOrder(std::uint64_t seed) : rng_(seed, 5) {
    settings_.name = "any";
    settings_.seed = seed;
    settings_.metric = MetricConfig{};
    settings_.repeats = 1 + static_cast<std::int64_t>(rng_.Below(2));
    settings_.retry = {static_cast<std::int64_t>(rng_.Below(4)), 1,
                       static_cast<std::int64_t>(rng_.Below(2))};
    source_.grid_size = rng_.Below(2) * (1 + rng_.Below(8));
    source_.search_size = 12;
    if (rng_.Below(2) == 0) {
      settings_.run_cap = 1 + static_cast<std::int64_t>(rng_.Below(8));
    }
    sweep_ = Sweep::Create(settings_, std::make_unique<NumberSource>(source_), nullptr);
  }

  void Step() {
    now_ += std::chrono::seconds(rng_.Below(90));
    if (rng_.Below(20) == 0) {
      now_ -= std::chrono::seconds(rng_.Below(4000));
    }
    if (rng_.Below(10) == 0) {
      auto restored = Sweep::Restore(settings_, std::make_unique<NumberSource>(source_), nullptr,
                                     sweep_->Records());
      ASSERT_TRUE(restored.has_value()) << restored.error().message;
      sweep_ = *std::move(restored);
    }
    const bool was_running =
        sweep_->state() == SweepState::kPending || sweep_->state() == SweepState::kRunning;
    const Result<Transition> made = Act();
    if (made) {
      CheckCommands(*made, was_running);
    }
    CheckRows();
  }

 private:
  std::string SomeRun() {
    if (sweep_->attempts().empty() || rng_.Below(20) == 0) {
      return "unknown";
    }
    return sweep_->attempts()[rng_.Below(sweep_->attempts().size())].run_id;
  }

  std::uint64_t SomeToken(const std::string& run) {
    const AttemptRecord* attempt = sweep_->FindRun(run);
    const std::uint64_t token = attempt == nullptr ? 0 : attempt->token;
    return rng_.Below(3) == 0 ? token : rng_.Below(8) == 0 && token > 1 ? token - 1 : 0;
  }

  Result<Transition> Act() {
    const std::string run = SomeRun();
    const std::uint64_t token = SomeToken(run);
    const std::string agent = fmt::format("a{}", rng_.Below(6));
    switch (rng_.Below(22)) {
      case 0: {
        AgentRecord record;
        record.id = agent;
        record.host = fmt::format("h{}", rng_.Below(3));
        record.slots = 1 + static_cast<std::uint32_t>(rng_.Below(3));
        return sweep_->RegisterAgent(record, now_);
      }
      case 1:
        return sweep_->ReleaseAgent(agent, now_);
      case 2:
        return sweep_->RunPreempting(run, now_, token);
      case 3:
        return sweep_->StopRun(run, now_);
      case 4:
        if (rng_.Below(5) == 0) {
          deleted_.insert(sweep_->FindRun(run) == nullptr ? 0 : sweep_->FindRun(run)->point);
          return sweep_->DeleteRun(run, now_);
        }
        return sweep_->RunHeartbeat(run, now_, token);
      case 5:
        return rng_.Below(6) == 0 ? sweep_->Pause(now_) : sweep_->Resume(now_);
      case 6:
        return rng_.Below(20) == 0 ? sweep_->Cancel(now_) : sweep_->Resume(now_);
      case 7:
        return rng_.Below(20) == 0 ? sweep_->Stop(now_) : sweep_->Resume(now_);
      case 8:
        return sweep_->Enqueue(NumberSource::Args(rng_.Below(10)), "", now_);
      case 9:
        return sweep_->Requeue(static_cast<std::uint32_t>(rng_.Below(10)), now_);
      case 10: {
        const AttachedRun attached{fmt::format("own{}", rng_.Below(5)),
                                   NumberSource::Args(rng_.Below(10)),
                                   RunState::kRunning,
                                   {},
                                   {}};
        return sweep_->AttachRun(attached, now_);
      }
      case 11:
        return sweep_->Tick(now_);
      case 12:
      case 13:
      case 14: {
        MetricUpdate update;
        update.run_id = run;
        update.token = token;
        update.lines_end = rng_.Below(5);
        update.values = {{rng_.Below(5), 0, rng_.Uniform()}};
        return sweep_->Metrics(update, now_);
      }
      case 15:
      case 16:
        return sweep_->RunFinished(run, static_cast<std::int64_t>(rng_.Below(2)), now_, token);
      case 17:
        return sweep_->RunStarted(run, now_, token);
      default: {
        std::vector<ReportedRun> reported;
        for (std::uint64_t i = rng_.Below(3); i > 0; --i) {
          const std::string other = SomeRun();
          reported.push_back({other, SomeToken(other)});
        }
        reported_ = reported.size();
        return sweep_->Heartbeat(agent, reported, now_);
      }
    }
  }

  void CheckCommands(const Transition& made, bool was_running) {
    for (const Command& command : made.commands) {
      if (command.type == Command::Type::kExit) {
        EXPECT_EQ(reported_, 0U) << "an agent with runs is sent away";
      } else if (command.type != Command::Type::kStop) {
        EXPECT_TRUE(was_running) << "a sweep at rest hands out a run";
      }
    }
  }

  void CheckRows() {
    std::map<std::uint32_t, int> leases;
    for (const AttemptRecord& attempt : sweep_->attempts()) {
      leases[attempt.point] += IsLeased(attempt.state) ? 1 : 0;
    }
    std::uint64_t counted = 0;
    for (const PointRecord& point : sweep_->points()) {
      EXPECT_EQ(leases[point.index], point.state == PointState::kActive ? 1 : 0);
      EXPECT_EQ(point.result.has_value(), point.state == PointState::kFinished);
      counted += point.is_counted ? 1 : 0;
      if (point.result && !deleted_.contains(point.index)) {
        const auto [known, is_new] = results_.emplace(point.index, *point.result);
        EXPECT_EQ(known->second, *point.result) << "a point finished twice";
      }
    }
    EXPECT_EQ(counted, sweep_->Counts().counted);
    if (settings_.run_cap) {
      EXPECT_LE(counted, static_cast<std::uint64_t>(*settings_.run_cap));
    }
  }

  Rng rng_;
  SweepSettings settings_;
  NumberSource::Options source_;
  std::unique_ptr<Sweep> sweep_;
  Timestamp now_{std::chrono::hours(1000)};
  std::map<std::uint32_t, std::uint32_t> results_;
  std::set<std::uint32_t> deleted_;
  std::size_t reported_ = 0;
};

TEST(SweepProperty, HoldsInAnyOrderOfEvents) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    AnyOrder order(seed);
    for (int step = 0; step < 300; ++step) {
      order.Step();
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace regatta::sweeps
