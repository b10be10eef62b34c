// How long a sampler takes to suggest and to learn, by the number of results, parameters and open
// trials; how much memory it keeps; how many suggestions two threads give over 100 sweeps.
//
// Counters, in milliseconds unless said: cpu_p50 and cpu_p99, processor time of the thread for one
// call; wall_p50 and wall_p99, which a busy machine makes longer. `--benchmark_format=json` gives
// all of it to a program, `--benchmark_filter=d:10/` the cases that docs/search-evidence.md lists.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>
#include <thread>

#include "linalg.h"
#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"

namespace {

// Bytes on the heap now, and the most there were since `StartPeak`.
std::atomic<std::int64_t> g_held = 0;
std::atomic<std::int64_t> g_peak = 0;

void* Counted(void* p) {
  if (p == nullptr) {
    throw std::bad_alloc();
  }
  const std::int64_t held = g_held.fetch_add(static_cast<std::int64_t>(malloc_usable_size(p)),
                                             std::memory_order_relaxed) +
                            static_cast<std::int64_t>(malloc_usable_size(p));
  std::int64_t peak = g_peak.load(std::memory_order_relaxed);
  while (held > peak && !g_peak.compare_exchange_weak(peak, held, std::memory_order_relaxed)) {
  }
  return p;
}

void Uncounted(void* p) {
  g_held.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(p)), std::memory_order_relaxed);
  std::free(p);
}

}  // namespace

void* operator new(std::size_t size) { return Counted(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t align) {
  const auto to = static_cast<std::size_t>(align);
  return Counted(std::aligned_alloc(to, (size + to - 1) / to * to));
}
void operator delete(void* p) noexcept { Uncounted(p); }
void operator delete(void* p, std::size_t /*size*/) noexcept { Uncounted(p); }
void operator delete(void* p, std::align_val_t /*align*/) noexcept { Uncounted(p); }
void operator delete(void* p, std::size_t /*size*/, std::align_val_t /*align*/) noexcept {
  Uncounted(p);
}

namespace regatta::search {
namespace {

// At least so many calls stand behind a percentile.
constexpr int kCalls = 200;
constexpr double kMegabyte = 1 << 20;

// A third each of logarithmic and uniform ranges; the rest integers, lists and categories.
SearchSpace Mixed(std::int64_t dimensions) {
  std::vector<Parameter> parameters;
  const auto add = [&parameters](Result<Distribution> distribution) {
    parameters.push_back({"p" + std::to_string(parameters.size()), *distribution, {}, {}});
  };
  const auto kinds = dimensions < 10 ? std::vector<int>{0, 1, 2, 3, 4}
                                     : std::vector<int>{0, 1, 0, 1, 0, 1, 2, 3, 4, 5};
  for (std::size_t i = 0; i < static_cast<std::size_t>(dimensions); ++i) {
    switch (kinds[i % kinds.size()]) {
      case 0:
        add(Distribution::LogUniformValues(1e-5, 1e-1));
        break;
      case 1:
        add(Distribution::Uniform(0, 1));
        break;
      case 2:
        add(Distribution::IntUniform(1, 8));
        break;
      case 3:
        add(Distribution::Levels({16, 32, 64, 128, 256}));
        break;
      case 4:
        add(Distribution::Categorical(4));
        break;
      default:
        add(Distribution::IntUniform(10, 2000));
    }
  }
  return *SearchSpace::Create(std::move(parameters));
}

Trial TrialAt(const SearchSpace& space, TrialId id, TrialState state, std::size_t objectives = 1) {
  Rng rng(3, id);
  std::vector<double> u(space.size());
  for (double& coordinate : u) {
    coordinate = rng.UniformOpen();
  }
  Trial trial;
  trial.id = id;
  trial.values = space.At(u);
  trial.state = state;
  double sum = 0;
  for (const double coordinate : u) {
    sum += (coordinate - 0.3) * (coordinate - 0.3);
  }
  trial.objectives = {sum + 0.01 * rng.Normal()};
  // Lowest where another coordinate is low.
  for (std::size_t k = 1; k < objectives; ++k) {
    trial.objectives.push_back(u[k % u.size()] + 0.1 * trial.objectives.front());
  }
  return trial;
}

struct History {
  std::int64_t results = 100;
  std::int64_t dimensions = 10;
  std::int64_t pending = 0;
  std::uint64_t seed = 0;
  std::size_t objectives = 1;
};

std::unique_ptr<Sampler> WithHistory(const char* name, const History& history) {
  const SearchSpace space = Mixed(history.dimensions);
  SamplerOptions options;
  options.seed = history.seed;
  options.objectives.assign(history.objectives, {});
  if (std::string_view(name) == "bayes") {
    options.settings["restarts"] = 0;  // a search begun afresh has fewer results to look at
  }
  auto sampler = std::move(*MakeSampler(name, space, options));
  TrialId id = 0;
  for (; id < static_cast<TrialId>(history.results); ++id) {
    (void)sampler->Tell(TrialAt(space, id, TrialState::kFinished, history.objectives));
  }
  for (; id < static_cast<TrialId>(history.results + history.pending); ++id) {
    (void)sampler->Tell(TrialAt(space, id, TrialState::kRunning));
  }
  sampler->Refresh();
  return sampler;
}

History HistoryOf(const benchmark::State& state) {
  return {state.range(0), state.range(1), state.range(2)};
}

double Milliseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

// What each call of a loop took.
class Laps {
 public:
  void Start() {
    cpu_start_ = Milliseconds(CLOCK_THREAD_CPUTIME_ID);
    wall_start_ = Milliseconds(CLOCK_MONOTONIC);
  }
  void Stop() {
    wall_.push_back(Milliseconds(CLOCK_MONOTONIC) - wall_start_);
    cpu_.push_back(Milliseconds(CLOCK_THREAD_CPUTIME_ID) - cpu_start_);
  }
  void Report(benchmark::State& state) {
    state.counters["cpu_p50"] = Quantile(cpu_, 0.5);
    state.counters["cpu_p99"] = Quantile(cpu_, 0.99);
    state.counters["wall_p50"] = Quantile(wall_, 0.5);
    state.counters["wall_p99"] = Quantile(wall_, 0.99);
  }

 private:
  // The smallest lap that a share `q` of all does not exceed.
  static double Quantile(std::vector<double>& laps, double q) {
    std::sort(laps.begin(), laps.end());
    const double rank = std::ceil(q * static_cast<double>(laps.size()));
    return laps[static_cast<std::size_t>(std::max(1.0, rank)) - 1];
  }

  double cpu_start_ = 0;
  double wall_start_ = 0;
  std::vector<double> cpu_;
  std::vector<double> wall_;
};

void Suggesting(benchmark::State& state, const char* name, const History& history) {
  auto sampler = WithHistory(name, history);
  auto id = static_cast<TrialId>(history.results + history.pending);
  Laps laps;
  for (auto unused : state) {
    laps.Start();
    benchmark::DoNotOptimize(sampler->Suggest(id++, 1));
    laps.Stop();
  }
  laps.Report(state);
}

void BM_Suggest(benchmark::State& state, const char* name) {
  Suggesting(state, name, HistoryOf(state));
}

void BM_SuggestForFront(benchmark::State& state, const char* name) {
  Suggesting(state, name,
             {.results = state.range(0),
              .dimensions = state.range(1),
              .objectives = static_cast<std::size_t>(state.range(2))});
}

// On a lattice of d × d points, of which each proposal has to leave out those that are taken.
void BM_SuggestOfFew(benchmark::State& state, const char* name) {
  const SearchSpace space =
      *SearchSpace::Create({{"a", *Distribution::IntUniform(1, state.range(1)), {}, {}},
                            {"b", *Distribution::IntUniform(1, state.range(1)), {}, {}}});
  auto sampler = std::move(*MakeSampler(name, space, {}));
  const auto results = static_cast<TrialId>(state.range(0));
  for (TrialId id = 0; id < results; ++id) {
    (void)sampler->Tell(TrialAt(space, id, TrialState::kFinished));
  }
  sampler->Refresh();
  Laps laps;
  TrialId id = results;
  for (auto unused : state) {
    laps.Start();
    benchmark::DoNotOptimize(sampler->Suggest(id++, 1));
    laps.Stop();
  }
  laps.Report(state);
}

// 64 suggestions in one call.
void BM_Suggest64(benchmark::State& state, const char* name) {
  const History history = HistoryOf(state);
  auto sampler = WithHistory(name, history);
  auto id = static_cast<TrialId>(history.results);
  Laps laps;
  for (auto unused : state) {
    laps.Start();
    benchmark::DoNotOptimize(sampler->Suggest(id, 64));
    laps.Stop();
    id += 64;
  }
  laps.Report(state);
}

// A result is told and the posterior brought up to it; the number of results grows meanwhile, by a
// fifth in all, so that the ensemble meets epochs of its own.
void BM_TellAndRefresh(benchmark::State& state, const char* name) {
  const History history = HistoryOf(state);
  const SearchSpace space = Mixed(history.dimensions);
  const std::int64_t rounds = std::max<std::int64_t>(history.results / 5, 1);
  Laps laps;
  std::unique_ptr<Sampler> sampler;
  std::int64_t told = rounds;
  std::uint64_t seed = 0;
  for (auto unused : state) {
    if (told == rounds) {
      state.PauseTiming();
      sampler = WithHistory(name, {history.results - rounds / 2, history.dimensions, 0, seed++});
      told = 0;
      state.ResumeTiming();
    }
    const Trial trial = TrialAt(space, static_cast<TrialId>(history.results - rounds / 2 + told++),
                                TrialState::kFinished);
    laps.Start();
    (void)sampler->Tell(trial);
    sampler->Refresh();
    laps.Stop();
  }
  laps.Report(state);
}

// Megabytes: held after a refresh and some suggestions, of that the packed factors of an ensemble
// of eight in both precisions, the rest, what is left after Release, and the most that suggesting
// and learning took.
void BM_Memory(benchmark::State& state, const char* name) {
  const History history = HistoryOf(state);
  for (auto unused : state) {
    const auto before = static_cast<double>(g_held.load());
    auto sampler = WithHistory(name, history);
    g_peak = g_held.load();
    benchmark::DoNotOptimize(sampler->Suggest(static_cast<TrialId>(history.results), 64));
    const SearchSpace space = Mixed(history.dimensions);
    (void)sampler->Tell(
        TrialAt(space, static_cast<TrialId>(history.results), TrialState::kFinished));
    sampler->Refresh();
    const std::int64_t rows = history.results > 512 ? 384 : history.results;
    const double factors = 8.0 * (sizeof(double) + sizeof(float)) *
                           static_cast<double>(PackedSize(static_cast<std::size_t>(rows)));
    const auto held = static_cast<double>(g_held.load());
    state.counters["held_mb"] = (held - before) / kMegabyte;
    state.counters["factors_mb"] = factors / kMegabyte;
    state.counters["besides_mb"] = (held - before - factors) / kMegabyte;
    state.counters["peak_mb"] = (static_cast<double>(g_peak.load()) - before) / kMegabyte;
    sampler->Release();
    state.counters["released_mb"] = (static_cast<double>(g_held.load()) - before) / kMegabyte;
  }
}

// 100 sweeps with 100 results each, two threads with half of them each: every step tells a result,
// refreshes and suggests (learn 1), or suggests only (learn 0). Suggestions a second of wall time,
// and what the two threads' processor time would allow on two idle cores.
void BM_HundredSweeps(benchmark::State& state, const char* name) {
  constexpr std::size_t kSweeps = 100;
  constexpr std::size_t kThreads = 2;
  const bool learn = state.range(0) != 0;
  std::vector<std::unique_ptr<Sampler>> samplers;
  for (std::size_t i = 0; i < kSweeps; ++i) {
    samplers.push_back(WithHistory(name, {100, 10, 0, i}));
  }
  const SearchSpace space = Mixed(10);
  double wall = 0;
  double cpu[kThreads] = {};
  std::size_t suggestions = 0;
  TrialId id = 100;
  for (auto unused : state) {
    const double start = Milliseconds(CLOCK_MONOTONIC);
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const double cpu_start = Milliseconds(CLOCK_THREAD_CPUTIME_ID);
        for (std::size_t i = thread; i < kSweeps; i += kThreads) {
          if (learn) {
            (void)samplers[i]->Tell(TrialAt(space, id, TrialState::kFinished));
            samplers[i]->Refresh();
          }
          benchmark::DoNotOptimize(samplers[i]->Suggest(id + 1, 1));
        }
        cpu[thread] += Milliseconds(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    wall += Milliseconds(CLOCK_MONOTONIC) - start;
    suggestions += kSweeps;
    ++id;
  }
  state.counters["wall_per_s"] = 1e3 * static_cast<double>(suggestions) / wall;
  state.counters["cpu_per_s"] = 1e3 * static_cast<double>(suggestions) / std::max(cpu[0], cpu[1]);
}

const std::vector<std::string> kHistoryNames = {"n", "d", "pending"};

BENCHMARK_CAPTURE(BM_Suggest, bayes, "bayes")
    ->ArgNames(kHistoryNames)
    ->ArgsProduct({{10, 100, 1000, 10000}, {5, 10, 30}, {0, 7, 63}})
    ->Iterations(kCalls)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_SuggestForFront, bayes, "bayes")
    ->ArgNames({"n", "d", "objectives"})
    ->ArgsProduct({{100, 1000}, {10}, {2, 3, 4}})
    ->Iterations(50)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_SuggestOfFew, bayes, "bayes")
    ->ArgNames({"n", "d"})
    ->ArgsProduct({{100, 1000}, {64}})
    ->Iterations(kCalls)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Suggest64, bayes, "bayes")
    ->ArgNames(kHistoryNames)
    ->ArgsProduct({{100, 1000}, {5, 10, 30}, {0}})
    ->Iterations(20)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_TellAndRefresh, bayes, "bayes")
    ->ArgNames(kHistoryNames)
    ->ArgsProduct({{10, 100, 1000, 10000}, {5, 10, 30}, {0}})
    ->Iterations(kCalls)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Memory, bayes, "bayes")
    ->ArgNames(kHistoryNames)
    ->ArgsProduct({{100, 1000, 10000}, {10}, {0}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_HundredSweeps, bayes, "bayes")
    ->ArgName("learn")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(8)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Suggest, tpe, "tpe")
    ->ArgNames(kHistoryNames)
    ->ArgsProduct({{100, 1000, 10000}, {10}, {0}})
    ->Iterations(kCalls)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Suggest, random, "random")
    ->ArgNames(kHistoryNames)
    ->ArgsProduct({{100, 10000}, {10}, {0}})
    ->Iterations(kCalls)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace regatta::search
