#include "search_answer.h"

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>

namespace regatta::app {

using sweeps::Value;

namespace {

void SetNumber(Value& map, std::string_view key, const std::optional<double>& number) {
  if (number) map.Set(key, NumberToValue(*number));
}

Value DescribeParameter(const sweeps::Leaf& leaf) {
  using Kind = sweeps::ParameterKind;
  const sweeps::ParameterConfig& config = leaf.config;
  Value value = Map();
  value.Set("name", Text(leaf.dotted));
  value.Set("distribution", Text(sweeps::ParameterKindName(config.kind)));
  if (config.kind == Kind::kConstant) value.Set("value", config.value);
  if (!config.values.empty()) value.Set("values", Value::OfList(config.values));
  if (config.min.is_number()) value.Set("min", config.min);
  if (config.max.is_number()) value.Set("max", config.max);
  return value;
}

}  // namespace

Value Map() { return Value::OfMap({}); }
Value Text(std::string_view text) { return Value::String(std::string(text)); }
Value Count(std::uint64_t number) { return Value::Int(static_cast<std::int64_t>(number)); }

Value WhyProposed(const search::Explanation& why) {
  Value value = Map();
  value.Set("text", Text(search::Describe(why)));
  value.Set("rule", Text(why.rule));
  SetNumber(value, "predicted_value", why.predicted_value);
  SetNumber(value, "predicted_spread", why.predicted_spread);
  SetNumber(value, "expected_improvement", why.expected_improvement);
  SetNumber(value, "success_probability", why.success_probability);
  if (why.nearest_trial) value.Set("nearest_trial", Count(*why.nearest_trial));
  SetNumber(value, "nearest_distance", why.nearest_distance);
  value.Set("trials_known", Count(why.trials_known));
  value.Set("trials_pending", Count(why.trials_pending));
  if (!why.note.empty()) value.Set("note", Text(why.note));
  return value;
}

Value WhyStopped(const search::StopDecision& decision) {
  Value value = Map();
  value.Set("text", Text(decision.reason));
  if (!decision.rule.empty()) {
    value.Set("rule", Text(decision.rule));
  }
  if (decision.rung) value.Set("rung", Value::Int(*decision.rung));
  SetNumber(value, "value", decision.value);
  SetNumber(value, "threshold", decision.threshold);
  return value;
}

Value WithoutWrapping(const Value& run_config) {
  Value plain = Map();
  for (const sweeps::Member& member : run_config.as_map()) {
    const Value* value = member.value.Find("value");
    plain.Set(member.key, value == nullptr ? member.value : *value);
  }
  return plain;
}
Value WithWrapping(const Value& parameters) {
  Value wrapped = Map();
  for (const sweeps::Member& member : parameters.as_map()) {
    Value value = Map();
    value.Set("value", member.value);
    wrapped.Set(member.key, std::move(value));
  }
  return wrapped;
}

Value DescribeSearch(const JournaledSearch& search) {
  Value::List parameters;
  for (const sweeps::Leaf& leaf : search.space().leaves()) {
    parameters.push_back(DescribeParameter(leaf));
  }
  Value::List metrics;
  for (std::size_t i = 0; i < search.metric_names().size(); ++i) {
    Value metric = Map();
    metric.Set("name", Text(search.metric_names()[i]));
    const bool is_maximized = search.options().objectives[i].goal == search::Goal::kMaximize;
    metric.Set("goal", Text(is_maximized ? "maximize" : "minimize"));
    metrics.push_back(std::move(metric));
  }
  Value::List warnings;
  for (const std::string& warning : search.warnings()) warnings.push_back(Text(warning));
  Value answer = Map();
  answer.Set("ok", Value::Bool(true));
  answer.Set("parameters", Value::OfList(std::move(parameters)));
  answer.Set("metrics", Value::OfList(std::move(metrics)));
  answer.Set("sampler", Text(search.sampler_name()));
  answer.Set("seed", Count(search.state().seed));
  answer.Set("trials", Count(search.trials().size()));
  answer.Set("warnings", Value::OfList(std::move(warnings)));
  return answer;
}

Value DescribeOutcome(const JournaledSearch& search, const search::Trial& trial) {
  Value value = Map();
  value.Set("id", Count(trial.id));
  value.Set("parameters", WithoutWrapping(search.space().ToRunConfig(trial.values)));
  if (trial.objectives.size() == 1) value.Set("value", NumberToValue(trial.objectives[0]));
  Value values = Map();
  for (std::size_t i = 0; i < search.metric_names().size(); ++i) {
    values.Set(search.metric_names()[i], NumberToValue(trial.objectives[i]));
  }
  for (std::size_t i = 0; i < trial.constraints.size(); ++i) {
    values.Set(search.constraint_names()[i], NumberToValue(trial.constraints[i]));
  }
  value.Set("values", std::move(values));
  return value;
}

Value DescribeResumed(const JournaledSearch& search, const search::Promotion& promotion) {
  Value why = Map();
  why.Set("text", Text(fmt::format("it is number {} of {} that reached {}", promotion.better + 1,
                                   promotion.size, promotion.rung)));
  why.Set("rule", Text("promotion"));
  why.Set("rung", Value::Int(promotion.rung));
  why.Set("value", NumberToValue(promotion.value));
  Value trial = Map();
  trial.Set("id", Count(promotion.trial));
  trial.Set("parameters",
            WithoutWrapping(search.space().ToRunConfig(search.trials()[promotion.trial].values)));
  trial.Set("resume", Value::Bool(true));
  trial.Set("until", Value::Int(promotion.until));
  trial.Set("why", std::move(why));
  return trial;
}

}  // namespace regatta::app
