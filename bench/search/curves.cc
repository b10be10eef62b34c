#include "curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <queue>
#include <span>
#include <utility>

#include "moves.h"
#include "need.h"
#include "random_waves.h"
#include "regatta/base/check.h"
#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "regatta/search/stopper.h"
#include "tasks.h"

namespace regatta::bench {
namespace {

using search::Point;
using search::Trial;
using search::TrialId;
using search::TrialState;

constexpr std::size_t kTasks = 24;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kChance = 1.2;  // loss before training

// A smooth random function of a point, about standard normal.
class Ripple {
 public:
  Ripple(std::size_t dimensions, Rng rng)
      : waves_(std::vector<double>(dimensions, 1.5), kWaves, 1, rng) {}

  double operator()(const std::vector<double>& x) const {
    return waves_(x) * std::sqrt(2.0 / kWaves);
  }

 private:
  static constexpr int kWaves = 24;
  RandomWaves waves_;
};

enum class Family : std::uint8_t { kPower, kExponential, kLogPower };

struct CurveShape {
  Task quality;
  double epochs;
  Family family;
  double crossing;  // above 0: bad configurations learn faster
  bool diverges;
  Ripple speed;
  Ripple divergence;
  Ripple when;
  Ripple duration;

  std::vector<double> Features(const Point& point) const {
    std::vector<double> x;
    for (std::size_t i = 0; i < point.size(); ++i) {
      x.push_back(point[i] ? quality.space[i].distribution.Cdf(*point[i]) : 0.0);
    }
    return x;
  }

  double operator()(const Point& point, std::int64_t epoch) const {
    const double raw = quality.value(point);
    if (!std::isfinite(raw)) {
      return kInfinity;
    }
    double q = (raw - quality.best) / (quality.reference - quality.best);
    q = q < 3 ? q : 3 + std::log1p(q - 3);
    const double floor = 0.1 + 0.4 * q;
    const std::vector<double> x = Features(point);
    const double rate = std::exp(0.4 * speed(x) + crossing * (std::tanh(q) - 0.5));
    const double t = static_cast<double>(epoch) * rate;
    double rest = 0;
    switch (family) {
      case Family::kPower:
        rest = std::pow(1 + t / 0.3, -0.9);
        break;
      case Family::kExponential:
        rest = std::exp(-6 * t / epochs);
        break;
      case Family::kLogPower:
        rest = 1 / (1 + std::pow(t / (0.05 * epochs), 1.2));
        break;
    }
    double loss = floor + (std::max(kChance, floor + 0.3) - floor) * rest;
    if (const double unrest = divergence(x); diverges && unrest > 1) {
      const double since =
          static_cast<double>(epoch) - epochs * std::clamp(0.5 + 0.3 * when(x), 0.05, 0.95);
      if (since > 0) {
        if (unrest > 1.5) {
          return kInfinity;
        }
        loss += 0.1 * since;
      }
    }
    return loss;
  }
};

// Of the epochs up to full length the best one: what a search can have from a point.
double Attainable(const CurveTask& task, const Point& point) {
  double best = kInfinity;
  for (std::int64_t epoch = 1; epoch <= task.epochs; ++epoch) {
    best = std::min(best, task.value(point, epoch));
  }
  return best;
}

void MeasureEnds(CurveTask& task, Rng& rng) {
  std::vector<std::pair<double, std::vector<double>>> found;
  for (int i = 0; i < 4000; ++i) {
    std::vector<double> u = RandomCoordinates(task.space.size(), rng);
    const double value = task.value(task.space.At(u), task.epochs);
    found.emplace_back(value, std::move(u));
  }
  std::sort(found.begin(), found.end());
  task.reference = found[found.size() / 2].first;
  found.resize(6);
  for (int i = 0; i < 12000; ++i) {
    std::vector<double> u = found[rng.Below(found.size())].second;
    Disturb(u, rng);
    const double value = task.value(task.space.At(u), task.epochs);
    if (value < found.back().first) {
      found.back() = {value, std::move(u)};
      std::sort(found.begin(), found.end());
    }
  }
  task.best = found.front().first;
}

double Regret(const CurveTask& task, double truth) {
  return std::isfinite(truth) ? std::max(0.0, (truth - task.best) / (task.reference - task.best))
                              : 10.0;
}

// What is seen of a trial's curve.
double Seen(const CurveTask& task, std::uint64_t seed, TrialId id, const Point& point,
            std::int64_t epoch) {
  Rng rng = Rng(seed, 77).Split(id).Split(static_cast<std::uint64_t>(epoch));
  const double truth = task.value(point, epoch);
  return std::isfinite(truth) ? truth + task.noise * rng.Normal()
                              : std::numeric_limits<double>::quiet_NaN();
}

class Simulation {
 public:
  static Result<Simulation> Create(const CurveTask& task, const CurveMethod& method,
                                   std::uint64_t seed, std::size_t budget) {
    Simulation simulation(task, seed, budget);
    search::SamplerOptions options;
    options.seed = seed;
    options.settings = method.settings;
    if (method.knows_length) {
      options.fidelity = search::Fidelity{1, task.epochs, method.eta};
    }
    simulation.fidelity_ = options.fidelity;
    auto sampler = search::MakeSampler(method.sampler, task.space, options);
    if (!sampler) {
      return sampler.error();
    }
    simulation.sampler_ = *std::move(sampler);
    if (!method.stopper.empty()) {
      search::StopperOptions stop;
      stop.type = method.stopper;
      stop.min_iter = 1;
      stop.max_iter = task.epochs;
      stop.eta = method.eta;
      auto stopper = search::MakeStopper(stop);
      if (!stopper) {
        return stopper.error();
      }
      simulation.stopper_ = *std::move(stopper);
    }
    return simulation;
  }

  CurveResult Run(std::size_t workers) {
    for (std::size_t i = 0; i < workers; ++i) {
      Begin(0);
    }
    while (!events_.empty() && result_.regrets.size() < budget_) {
      const Event event = events_.top();
      events_.pop();
      Epoch(event.time, event.trial);
    }
    CountWrongStops();
    return std::move(result_);
  }

 private:
  Simulation(const CurveTask& task, std::uint64_t seed, std::size_t budget)
      : task_(task), seed_(seed), budget_(budget) {}

  struct Event {
    double time;
    TrialId trial;
    bool operator<(const Event& other) const {
      return time > other.time || (time == other.time && trial > other.trial);
    }
  };
  struct Running {
    Trial trial;
    double seconds = 1;
    double best = kInfinity;
  };

  void Begin(double time) {
    auto suggestions = sampler_->Suggest(running_.size(), 1);
    if (!suggestions || suggestions->empty()) {
      return;
    }
    Running running;
    running.trial.id = running_.size();
    running.trial.values = (*suggestions)[0].values;
    running.trial.state = TrialState::kRunning;
    Rng rng = Rng(seed_, 78).Split(running.trial.id);
    running.seconds = task_.duration(running.trial.values) * std::exp(0.3 * rng.Normal());
    (void)sampler_->Tell(running.trial);
    Expect();
    events_.push({time + running.seconds, running.trial.id});
    running_.push_back(std::move(running));
  }

  void Expect() {
    if (stopper_ && stopper_->wants_expectations()) {
      stopper_->Expect(sampler_->ExpectedEnds());
    }
  }

  void Epoch(double time, TrialId id) {
    Running& running = running_[id];
    Trial& trial = running.trial;
    const auto epoch = static_cast<std::int64_t>(trial.observations.size()) + 1;
    const double seen = Seen(task_, seed_, id, trial.values, epoch);
    trial.observations.push_back({epoch, seen});
    if (seen < best_seen_) {
      best_seen_ = seen;
      regret_ = Regret(task_, task_.value(trial.values, epoch));
    }
    result_.regrets.push_back(static_cast<float>(regret_));
    running.best = std::min(running.best, std::isfinite(seen) ? seen : kInfinity);
    bool stops = false;
    if (stopper_) {
      stopper_->Report(id, epoch, seen);
      // The expectations are those after the last suggestion or rung: as a server's, whose model
      // works in the background, they do not know this value yet.
      stops = epoch < task_.epochs && stopper_->Decide(id).stop;
    }
    const bool blew_up = !std::isfinite(seen);
    if (!blew_up && !stops && epoch < task_.epochs) {
      if (fidelity_) {
        Trial told = trial;
        told.observations = search::AtRungs(*fidelity_, false, trial.observations, false);
        if (!told.observations.empty() && told.observations.back().step == epoch) {
          (void)sampler_->Tell(told);
          Expect();
        }
      }
      events_.push({time + running.seconds, id});
      return;
    }
    if (stopper_) {
      stopper_->SetRunning(id, false);
    }
    if (stops && !blew_up) {
      stopper_->MarkStopped(id);
      stopped_.push_back(id);
    }
    trial.state = blew_up ? TrialState::kFailed : TrialState::kFinished;
    if (!blew_up) {
      trial.objectives = {running.best};
    }
    (void)sampler_->Tell(trial);
    Begin(time);
  }

  void CountWrongStops() {
    std::vector<double> ends;
    for (const Running& running : running_) {
      ends.push_back(Attainable(task_, running.trial.values));
    }
    std::vector<double> sorted = ends;
    std::sort(sorted.begin(), sorted.end());
    result_.trials = ends.size();
    result_.stopped = stopped_.size();
    for (const TrialId id : stopped_) {
      result_.wrongly_stopped += ends[id] < sorted[sorted.size() / 10] ? 1 : 0;
    }
  }

  const CurveTask& task_;
  const std::uint64_t seed_;
  const std::size_t budget_;
  std::optional<search::Fidelity> fidelity_;
  std::unique_ptr<search::Sampler> sampler_;
  std::unique_ptr<search::EarlyStopper> stopper_;
  std::priority_queue<Event> events_;
  std::vector<Running> running_;  // by id
  std::vector<TrialId> stopped_;
  double best_seen_ = kInfinity;
  double regret_ = 10;
  CurveResult result_;
};

}  // namespace

std::size_t CurveTaskCount() { return kTasks; }

CurveTask MakeCurveTask(std::size_t number) {
  Check(number < kTasks, "there is no such task");
  const Task quality = Need(MakeTask("s2", number));
  Rng rng(9000 + number, 3);
  const std::size_t d = quality.space.size();
  const std::size_t kind = number / 2;
  const Family families[] = {Family::kPower, Family::kExponential, Family::kLogPower};
  const double crossings[] = {0, 1.2, -0.5};
  const double noises[] = {0, 0.005, 0.02};
  const auto epochs = static_cast<std::int64_t>(kind % 4 < 2 ? 27 : 81);
  auto shape = std::make_shared<CurveShape>(
      CurveShape{quality, static_cast<double>(epochs), families[kind % 3],
                 crossings[(kind / 3 + kind) % 3], kind % 2 == 0, Ripple(d, rng.Split(1)),
                 Ripple(d, rng.Split(2)), Ripple(d, rng.Split(3)), Ripple(d, rng.Split(4))});
  CurveTask task{fmt::format("curves-{}", number),
                 quality.space,
                 epochs,
                 [shape](const Point& point, std::int64_t epoch) {
                   return std::as_const(*shape)(point, epoch);
                 },
                 [shape](const Point& point) {
                   return std::exp(0.5 * shape->duration(shape->Features(point)));
                 },
                 noises[rng.Below(3)],
                 0,
                 1};
  MeasureEnds(task, rng);
  return task;
}

Result<CurveResult> SimulateCurves(const CurveTask& task, const CurveMethod& method,
                                   std::uint64_t seed, std::size_t workers, std::size_t budget) {
  auto simulation = Simulation::Create(task, method, seed, budget);
  if (!simulation) {
    return simulation.error();
  }
  return simulation->Run(workers);
}

double OneEpochRule(const CurveTask& task, std::uint64_t seed, std::size_t budget) {
  Rng rng(seed, 79);
  const std::size_t full =
      std::max<std::size_t>(1, budget / 2 / static_cast<std::size_t>(task.epochs));
  std::vector<std::pair<double, Point>> ranked;
  double best_seen = kInfinity;
  double truth = kInfinity;
  const auto look = [&](TrialId id, const Point& point, std::int64_t epoch) {
    const double seen = Seen(task, seed, id, point, epoch);
    if (seen < best_seen) {
      best_seen = seen;
      truth = task.value(point, epoch);
    }
    return std::isfinite(seen) ? seen : kInfinity;
  };
  for (TrialId id = 0; id < std::max<std::size_t>(1, budget / 2); ++id) {
    Point point = RandomPoint(task.space, rng);
    const double seen = look(id, point, 1);
    ranked.emplace_back(seen, std::move(point));
  }
  const std::size_t chosen = std::min(full, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(chosen),
                    ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t k = 0; k < chosen; ++k) {
    for (std::int64_t epoch = 2; epoch <= task.epochs; ++epoch) {
      (void)look(1'000'000 + k, ranked[k].second, epoch);
    }
  }
  return Regret(task, truth);
}

}  // namespace regatta::bench
