// How long a suggestion takes: ten mixed parameters, a history of n results, some trials pending.
#include <benchmark/benchmark.h>

#include <cmath>

#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"

namespace regatta::search {
namespace {

SearchSpace TenMixed() {
  std::vector<Parameter> parameters;
  const auto add = [&parameters](Result<Distribution> distribution) {
    parameters.push_back({"p" + std::to_string(parameters.size()), *distribution, {}, {}});
  };
  for (int i = 0; i < 3; ++i) {
    add(Distribution::LogUniformValues(1e-5, 1e-1));
    add(Distribution::Uniform(0, 1));
  }
  add(Distribution::IntUniform(1, 8));
  add(Distribution::Levels({16, 32, 64, 128, 256}));
  add(Distribution::Categorical(4));
  add(Distribution::IntUniform(10, 2000));
  return *SearchSpace::Create(std::move(parameters));
}

Trial TrialAt(const SearchSpace& space, TrialId id, TrialState state) {
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
  return trial;
}

std::unique_ptr<Sampler> WithHistory(const char* name, std::int64_t results, std::int64_t pending) {
  const SearchSpace space = TenMixed();
  auto sampler = std::move(*MakeSampler(name, space, {}));
  TrialId id = 0;
  for (; id < static_cast<TrialId>(results); ++id) {
    (void)sampler->Tell(TrialAt(space, id, TrialState::kFinished));
  }
  for (; id < static_cast<TrialId>(results + pending); ++id) {
    (void)sampler->Tell(TrialAt(space, id, TrialState::kRunning));
  }
  sampler->Refresh();
  return sampler;
}

void BM_Suggest(benchmark::State& state, const char* name) {
  auto sampler = WithHistory(name, state.range(0), state.range(1));
  auto id = static_cast<TrialId>(state.range(0) + state.range(1));
  for (auto unused : state) {
    benchmark::DoNotOptimize(sampler->Suggest(id++, 1));
  }
}

void BM_Suggest64(benchmark::State& state, const char* name) {
  auto sampler = WithHistory(name, state.range(0), 0);
  auto id = static_cast<TrialId>(state.range(0));
  for (auto unused : state) {
    benchmark::DoNotOptimize(sampler->Suggest(id, 64));
    id += 64;
  }
}

void BM_TellAndRefresh(benchmark::State& state, const char* name) {
  auto sampler = WithHistory(name, state.range(0), 0);
  const SearchSpace space = TenMixed();
  auto id = static_cast<TrialId>(state.range(0));
  for (auto unused : state) {
    (void)sampler->Tell(TrialAt(space, id++, TrialState::kFinished));
    sampler->Refresh();
  }
}

BENCHMARK_CAPTURE(BM_Suggest, bayes, "bayes")
    ->ArgNames({"results", "pending"})
    ->Args({100, 0})
    ->Args({100, 7})
    ->Args({100, 63})
    ->Args({1000, 0})
    ->Args({10000, 0})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Suggest64, bayes, "bayes")->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_TellAndRefresh, bayes, "bayes")
    ->Arg(100)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Suggest, random, "random")
    ->ArgNames({"results", "pending"})
    ->Args({100, 0})
    ->Args({10000, 0})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace regatta::search
