#include "search_results.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "regatta/search/analysis.h"
#include "search_answer.h"

namespace regatta::app {
namespace {

using search::Trial;
using search::TrialState;
using sweeps::Value;

// At least as good in every objective and better in one.
bool Dominates(const JournaledSearch& search, const Trial& better, const Trial& worse) {
  bool is_better_somewhere = false;
  for (std::size_t i = 0; i < search.options().objectives.size(); ++i) {
    const double sign = search.options().objectives[i].goal == search::Goal::kMaximize ? -1 : 1;
    const double left = sign * better.objectives[i];
    const double right = sign * worse.objectives[i];
    if (left > right) return false;
    is_better_somewhere = is_better_somewhere || left < right;
  }
  return is_better_somewhere || (search.options().objectives.size() == 1 && better.id < worse.id);
}

}  // namespace

Result<Value> Best(const JournaledSearch& search) {
  std::vector<const Trial*> front;
  for (const Trial& trial : search.trials()) {
    const bool counts = trial.state == TrialState::kFinished &&
                        search::MeetsConstraints(trial, search.options().constraints);
    if (!counts) continue;
    const auto beats_it = [&](const Trial* other) { return Dominates(search, *other, trial); };
    if (std::any_of(front.begin(), front.end(), beats_it)) continue;
    std::erase_if(front, [&](const Trial* other) { return Dominates(search, trial, *other); });
    front.push_back(&trial);
  }
  Value answer = Map();
  if (search.options().objectives.size() == 1) {
    answer.Set("best", front.empty() ? Value::Null() : DescribeOutcome(search, *front.front()));
    return answer;
  }
  Value::List items;
  for (const Trial* trial : front) items.push_back(DescribeOutcome(search, *trial));
  answer.Set("front", Value::OfList(std::move(items)));
  return answer;
}

Result<Value> Importance(const JournaledSearch& search) {
  std::vector<Trial> trials;
  for (const Trial& trial : search.trials()) {
    trials.push_back(search.AsTold(trial));
  }
  Result<search::Analysis> analysis =
      search::Analysis::Create(search.space().search_space(), trials, search.options());
  if (!analysis) return analysis.error();
  const search::Importance found = analysis->ParameterImportances();
  Value::List items;
  for (const search::ParameterImportance& parameter : found.parameters) {
    Value item = Map();
    item.Set("name", Text(search.space().search_space()[parameter.parameter].name));
    item.Set("alone", NumberToValue(parameter.alone));
    item.Set("total", NumberToValue(parameter.total));
    items.push_back(std::move(item));
  }
  const search::PredictedOptimum best = analysis->Optimum();
  Value optimum = Map();
  optimum.Set("parameters", WithoutWrapping(search.space().ToRunConfig(best.values)));
  optimum.Set("mean", NumberToValue(best.predicted.mean));
  optimum.Set("spread", NumberToValue(best.predicted.spread));
  const search::Outlook gain = analysis->FurtherGain();
  Value outlook = Map();
  outlook.Set("expected_improvement", NumberToValue(gain.expected_improvement));
  outlook.Set("share_of_spread", NumberToValue(gain.share_of_spread));
  outlook.Set("gain_unlikely", Value::Bool(gain.gain_unlikely));
  Value answer = Map();
  answer.Set("trust", NumberToValue(found.trust));
  answer.Set("parameters", Value::OfList(std::move(items)));
  answer.Set("optimum", std::move(optimum));
  answer.Set("outlook", std::move(outlook));
  if (const search::FarOff& far_off = analysis->far_off(); far_off.results > 0) {
    Value far = Map();
    far.Set("results", Value::Int(static_cast<std::int64_t>(far_off.results)));
    far.Set("counted_as", NumberToValue(far_off.counted_as));
    answer.Set("far_off", std::move(far));
  }
  return answer;
}

}  // namespace regatta::app
