// Finds a minimum with Regatta's search library alone.
#include <cstdio>

#include "regatta/search/sampler.h"

using namespace regatta::search;

int main() {
  const auto space = SearchSpace::Create({{"x", *Distribution::Uniform(-5, 10), {}, {}},
                                          {"y", *Distribution::LogUniformValues(1e-4, 1), {}, {}}});
  const auto sampler = MakeSampler("bayes", *space, {});
  double best = 1e9;
  for (TrialId id = 0; id < 40; ++id) {
    const Suggestion next = (*sampler)->Suggest(id, 1)->front();
    const double x = AsNumber(*next.values[0]), y = AsNumber(*next.values[1]);
    const double loss = (x - 2) * (x - 2) + (y - 0.01) * (y - 0.01) * 1e4;
    best = loss < best ? loss : best;
    (void)(*sampler)->Tell({id, next.values, TrialState::kFinished, {}, {loss}, {}, {}, {}});
  }
  std::printf("best of 40: %g\n", best);
  return best < 0.01 ? 0 : 1;
}
