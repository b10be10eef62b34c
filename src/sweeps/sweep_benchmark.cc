// The CPU time of one heartbeat that takes a finished run's successor, late in a large sweep.
#include <benchmark/benchmark.h>

#include "number_source.h"
#include "regatta/sweeps/sweep.h"

namespace regatta::sweeps {
namespace {

void HeartbeatWithNextPoint(benchmark::State& state) {
  const auto runs = static_cast<std::size_t>(state.range(0));
  const auto agents = static_cast<std::size_t>(state.range(1));
  SweepSettings settings;
  settings.name = "large";
  settings.metric = MetricConfig{};
  NumberSource::Options options;
  options.grid_size = 100'000'000;
  auto sweep = Sweep::Create(settings, std::make_unique<NumberSource>(options), nullptr);
  Timestamp now{std::chrono::hours(1000)};
  for (std::size_t i = 0; i < agents; ++i) {
    AgentRecord agent;
    agent.id = fmt::format("agent{}", i);
    (void)sweep->RegisterAgent(agent, now);
  }
  std::size_t next = 0;
  const auto step = [&] {
    const std::string agent = fmt::format("agent{}", next++ % agents);
    now += std::chrono::milliseconds(5);
    const Result<Transition> made = sweep->Heartbeat(agent, {}, now);
    const std::string run = made->commands.at(0).run_id;
    (void)sweep->RunStarted(run, now);
    MetricUpdate update;
    update.run_id = run;
    update.values = {{0, 0, 1.0}};
    update.lines_end = 1;
    (void)sweep->Metrics(update, now);
    (void)sweep->RunFinished(run, 0, now);
  };
  for (std::size_t i = 0; i < runs; ++i) {
    step();
  }
  for (auto _ : state) {
    step();
  }
}
BENCHMARK(HeartbeatWithNextPoint)
    ->Args({1, 1})
    ->Args({10'000, 8})
    ->Args({10'000, 1'000})
    ->Unit(benchmark::kMicrosecond);

void RestoreTenThousandRuns(benchmark::State& state) {
  SweepSettings settings;
  settings.name = "large";
  NumberSource::Options options;
  options.grid_size = 1'000'000;
  auto sweep = Sweep::Create(settings, std::make_unique<NumberSource>(options), nullptr);
  Timestamp now{std::chrono::hours(1000)};
  AgentRecord agent;
  agent.id = "a";
  (void)sweep->RegisterAgent(agent, now);
  for (int i = 0; i < 10'000; ++i) {
    const Result<Transition> made = sweep->Heartbeat("a", {}, now);
    const std::string run = made->commands.at(0).run_id;
    (void)sweep->RunFinished(run, 0, now);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(Sweep::Restore(settings, std::make_unique<NumberSource>(options),
                                            nullptr, sweep->Records()));
  }
}
BENCHMARK(RestoreTenThousandRuns)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace regatta::sweeps
