#include "search_stdio.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "regatta/search/analysis.h"
#include "regatta/search/pbt.h"
#include "regatta/search/promotion.h"
#include "regatta/search/sampler.h"
#include "regatta/search/stopper.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/problem.h"
#include "regatta/sweeps/sweep_config.h"
#include "search_journal.h"

namespace regatta::app {
namespace {

using search::Trial;
using search::TrialState;
using sweeps::Value;

constexpr std::int64_t kAskMax = 10'000;

Value Map() { return Value::OfMap({}); }
Value Text(std::string_view text) { return Value::String(std::string(text)); }
Value Count(std::uint64_t number) { return Value::Int(static_cast<std::int64_t>(number)); }

void SetNumber(Value& map, std::string_view key, const std::optional<double>& number) {
  if (number) map.Set(key, NumberToValue(*number));
}

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
  if (decision.rung) value.Set("rung", Value::Int(*decision.rung));
  SetNumber(value, "value", decision.value);
  SetNumber(value, "threshold", decision.threshold);
  return value;
}

// {"name":{"value":v}} as {"name":v}, and back.
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

// The keys that a request may have besides "op".
struct Operation {
  std::string_view name;
  std::vector<std::string_view> keys;
};

const std::vector<Operation>& Operations() {
  static const std::vector<Operation> kOperations = {
      {"open", {"config", "seed", "state", "resumable"}},
      {"ask", {"n"}},
      {"tell", {"id", "value", "values", "state", "cost"}},
      {"report", {"id", "step", "value"}},
      {"exploit", {"id", "interval"}},
      {"add", {"parameters", "value", "values", "state", "cost"}},
      {"best", {}},
      {"importance", {}},
      {"state", {}}};
  return kOperations;
}

// Errors: kInvalidArgument for an unknown operation or key.
Result<std::string> CheckRequest(const Value& request) {
  if (!request.is_map()) return InvalidArgument("a request is a JSON object with an \"op\"");
  std::vector<std::string_view> names;
  for (const Operation& operation : Operations()) names.push_back(operation.name);
  const Value* op = request.Find("op");
  if (op == nullptr || !op->is_string()) {
    return InvalidArgument(
        fmt::format("the request has no \"op\"; {}", sweeps::SpellingSuggestion("", names)));
  }
  const auto found = std::find(names.begin(), names.end(), op->as_string());
  if (found == names.end()) {
    return InvalidArgument(fmt::format("there is no op \"{}\"; {}", op->as_string(),
                                       sweeps::SpellingSuggestion(op->as_string(), names)));
  }
  const Operation& operation = Operations()[static_cast<std::size_t>(found - names.begin())];
  for (const sweeps::Member& member : request.as_map()) {
    if (member.key == "op") continue;
    if (std::find(operation.keys.begin(), operation.keys.end(), member.key) !=
        operation.keys.end()) {
      continue;
    }
    const std::string suggestion = operation.keys.empty()
                                       ? "it takes none"
                                       : sweeps::SpellingSuggestion(member.key, operation.keys);
    return InvalidArgument(
        fmt::format("op \"{}\" has no key \"{}\"; {}", operation.name, member.key, suggestion));
  }
  return op->as_string();
}

// Whether `text` is UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) {
      return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const unsigned lead = byte(0);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4) return false;
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return false;
    }
    const bool is_overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
    const bool is_beyond = (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
    if (is_overlong || is_beyond) return false;
    at += length;
  }
  return true;
}

// A whole number at `key`; nothing if it is not there.
Result<std::optional<std::int64_t>> WholeNumber(const Value& request, std::string_view key,
                                                std::int64_t min, std::int64_t max) {
  const Value* found = request.Find(key);
  if (found == nullptr) return std::optional<std::int64_t>();
  if (!found->is_int() || found->as_int() < min || found->as_int() > max) {
    return InvalidArgument(fmt::format("\"{}\" is no whole number from {} to {}", key, min, max));
  }
  return std::optional(found->as_int());
}

Result<std::optional<double>> Number(const Value& request, std::string_view key) {
  const Value* found = request.Find(key);
  if (found == nullptr) return std::optional<double>();
  const std::optional<double> number = NumberFromValue(*found);
  if (!number) return InvalidArgument(fmt::format("\"{}\" is no number", key));
  return number;
}

}  // namespace

// One open search. Every change of a trial is a JournalEntry that Apply carries out, whether it
// comes from a request or from a state.
class SearchSession::Search {
 public:
  static Result<std::unique_ptr<Search>> Open(const Value& request) {
    if (const Value* state = request.Find("state"); state != nullptr) {
      if (request.Find("config") != nullptr || request.Find("seed") != nullptr ||
          request.Find("resumable") != nullptr) {
        return InvalidArgument("\"state\" holds config and seed already: leave them out");
      }
      Result<SearchState> read = StateFromValue(*state);
      if (!read) return read.error();
      return Restore(*read);
    }
    const Value* config = request.Find("config");
    if (config == nullptr) {
      return InvalidArgument(
          "\"open\" needs \"config\", a sweep file as a JSON object or as its text, or \"state\"");
    }
    const auto seed = WholeNumber(request, "seed", 0, std::numeric_limits<std::int64_t>::max());
    if (!seed) return seed.error();
    std::optional<std::uint64_t> given;
    if (*seed) given = static_cast<std::uint64_t>(**seed);
    const Value* resumable = request.Find("resumable");
    if (resumable != nullptr && !resumable->is_bool()) {
      return InvalidArgument("\"resumable\" is not true or false");
    }
    return Create(*config, given, resumable != nullptr && resumable->as_bool());
  }

  Value Describe() const {
    Value::List parameters;
    for (const sweeps::Leaf& leaf : space_.leaves()) parameters.push_back(DescribeParameter(leaf));
    Value::List metrics;
    for (std::size_t i = 0; i < metric_names_.size(); ++i) {
      Value metric = Map();
      metric.Set("name", Text(metric_names_[i]));
      const bool is_maximized = options_.objectives[i].goal == search::Goal::kMaximize;
      metric.Set("goal", Text(is_maximized ? "maximize" : "minimize"));
      metrics.push_back(std::move(metric));
    }
    Value::List warnings;
    for (const std::string& warning : warnings_) warnings.push_back(Text(warning));
    Value answer = Map();
    answer.Set("ok", Value::Bool(true));
    answer.Set("parameters", Value::OfList(std::move(parameters)));
    answer.Set("metrics", Value::OfList(std::move(metrics)));
    answer.Set("sampler", Text(sampler_name_));
    answer.Set("seed", Count(state_.seed));
    answer.Set("trials", Count(trials_.size()));
    answer.Set("warnings", Value::OfList(std::move(warnings)));
    return answer;
  }

  Result<Value> Do(std::string_view op, const Value& request) {
    if (op == "ask") return Ask(request);
    if (op == "tell") return Tell(request);
    if (op == "report") return Report(request);
    if (op == "exploit") return Exploit(request);
    if (op == "add") return Add(request);
    if (op == "best") return Best();
    if (op == "importance") return Importance();
    Value answer = Map();
    answer.Set("state", StateToValue(state_));
    return answer;
  }

 private:
  explicit Search(sweeps::ParameterSpace space) : space_(std::move(space)) {}

  static Result<std::unique_ptr<Search>> Create(const Value& config,
                                                std::optional<std::uint64_t> seed,
                                                bool is_resumable);
  static Result<std::unique_ptr<Search>> Restore(const SearchState& state);

  Result<Value> Ask(const Value& request);
  Result<Value> Tell(const Value& request);
  Result<Value> Report(const Value& request);
  Result<Value> Exploit(const Value& request);
  Result<Value> Add(const Value& request);
  Result<Value> Best() const;
  Result<Value> Importance() const;

  Result<const Trial*> Find(const Value& request) const;
  Result<void> ReadOutcome(const Value& request, JournalEntry& entry) const;
  Result<void> ReadStopped(const Value& request, const Trial& trial, JournalEntry& entry) const;
  Result<void> ReadValues(const Value& values, JournalEntry& entry) const;
  bool IsFeasible(const Trial& trial) const;
  Result<void> CheckPoint(const search::Point& point) const;
  Result<void> CheckMember(const Trial& trial) const;
  std::span<const search::Observation> ReportedSinceChange(const Trial& trial) const;
  bool Dominates(const Trial& better, const Trial& worse) const;
  Value Outcome(const Trial& trial) const;
  Value Resumed(const search::Promotion& promotion) const;

  Result<void> Apply(JournalEntry entry);
  Result<Trial> Changed(const JournalEntry& entry) const;
  Trial AsTold(Trial trial) const;
  void TellStopper(const JournalEntry& entry, const Trial& trial);
  void TellPromoter(const JournalEntry& entry, const Trial& trial);

  // Constant after Create.
  sweeps::ParameterSpace space_;
  std::string sampler_name_;
  search::SamplerOptions options_;
  std::vector<std::string> metric_names_;      // of the objectives
  std::vector<std::string> constraint_names_;  // of the outcome constraints
  std::vector<std::string> warnings_;
  bool counts_values_ = true;  // stopping counts values, not steps

  std::unique_ptr<search::Sampler> sampler_;
  std::unique_ptr<search::EarlyStopper> stopper_;  // null: nothing is stopped early
  std::optional<search::Promoter> promoter_;       // absent: nothing pauses
  std::vector<Trial> trials_;                      // by id
  // Of trials that go on with other parameters: how many values they had reported before.
  std::map<search::TrialId, std::size_t> reported_before_change_;
  SearchState state_;
};

Result<std::unique_ptr<SearchSession::Search>> SearchSession::Search::Create(
    const Value& config, std::optional<std::uint64_t> seed, bool is_resumable) {
  if (!config.is_map() && !config.is_string()) {
    return InvalidArgument("\"config\" is a sweep file as a JSON object or as its text");
  }
  const std::string text = config.is_string() ? config.as_string() : sweeps::ToJson(config);
  Result<sweeps::ParsedSweep> parsed = sweeps::ParseSweepConfig(text);
  if (!parsed) return parsed.error();
  const Result<sweeps::ParameterSpace> space = sweeps::ParameterSpace::Build(parsed->config);
  if (!space) return space.error();
  auto made = std::unique_ptr<Search>(new Search(*space));
  Result<search::SamplerOptions> options =
      sweeps::MakeSamplerOptions(parsed->config, *space, seed.value_or(0));
  if (!options) return options.error();
  if (seed) options->seed = *seed;
  made->options_ = *std::move(options);
  made->sampler_name_ = sweeps::SamplerName(parsed->config);
  auto sampler = search::MakeSampler(made->sampler_name_, space->search_space(), made->options_);
  if (!sampler) return sampler.error();
  made->sampler_ = *std::move(sampler);
  if (parsed->config.early_terminate) {
    auto stopper = search::MakeStopper(sweeps::MakeStopperOptions(parsed->config));
    if (!stopper) return stopper.error();
    made->stopper_ = *std::move(stopper);
    made->counts_values_ = parsed->config.early_terminate->resource.empty();
  }
  if (is_resumable) {
    if (!parsed->config.early_terminate ||
        parsed->config.early_terminate->type != sweeps::EarlyTerminateType::kAsha ||
        !made->options_.fidelity) {
      return InvalidArgument(
          "\"resumable\" needs one objective and early_terminate of type asha with max_iter");
    }
    auto promoter =
        search::Promoter::Create(*made->options_.fidelity, made->options_.objectives.front().goal);
    if (!promoter) return promoter.error();
    made->promoter_ = *std::move(promoter);
    made->stopper_.reset();  // who does not go on waits
  }
  if (parsed->config.metric) {
    made->metric_names_.push_back(parsed->config.metric->name);
  } else {
    for (const sweeps::MetricEntry& entry : parsed->config.metrics) {
      (entry.is_objective() ? made->metric_names_ : made->constraint_names_).push_back(entry.name);
    }
    if (made->metric_names_.empty()) made->metric_names_.emplace_back("value");
  }
  made->warnings_ = sweeps::WarningTexts(parsed->problems);
  made->state_.config = config;
  made->state_.seed = made->options_.seed;
  made->state_.is_resumable = is_resumable;
  return made;
}

Result<std::unique_ptr<SearchSession::Search>> SearchSession::Search::Restore(
    const SearchState& state) {
  Result<std::unique_ptr<Search>> made = Create(state.config, state.seed, state.is_resumable);
  if (!made) return made.error();
  for (std::size_t i = 0; i < state.journal.size(); ++i) {
    if (Result<void> applied = (*made)->Apply(state.journal[i]); !applied) {
      return WithContext(fmt::format("state.log[{}]", i), applied.error());
    }
  }
  return made;
}

// --- operations
// ------------------------------------------------------------------------------------

Result<Value> SearchSession::Search::Ask(const Value& request) {
  const auto n = WholeNumber(request, "n", 1, kAskMax);
  if (!n) return n.error();
  auto count = static_cast<std::size_t>((*n).value_or(1));
  Value::List trials;
  while (count > 0 && promoter_) {
    const std::optional<search::Promotion> promotion = promoter_->Next();
    if (!promotion) break;
    JournalEntry entry{.kind = JournalEntry::Kind::kResumed, .id = promotion->trial};
    if (Result<void> applied = Apply(std::move(entry)); !applied) return applied.error();
    trials.push_back(Resumed(*promotion));
    --count;
  }
  Result<std::vector<search::Suggestion>> suggestions = std::vector<search::Suggestion>();
  if (count > 0) suggestions = sampler_->Suggest(trials_.size(), count);
  if (!suggestions) return suggestions.error();
  for (const search::Suggestion& suggestion : *suggestions) {
    JournalEntry entry{.kind = JournalEntry::Kind::kAsked, .id = trials_.size()};
    entry.point = suggestion.values;
    entry.grid_index = suggestion.grid_index;
    Value trial = Map();
    trial.Set("id", Count(entry.id));
    trial.Set("parameters", WithoutWrapping(space_.ToRunConfig(suggestion.values)));
    trial.Set("why", WhyProposed(suggestion.why));
    if (promoter_) trial.Set("until", Value::Int(promoter_->PauseAfter(0)));
    if (Result<void> applied = Apply(std::move(entry)); !applied) return applied.error();
    trials.push_back(std::move(trial));
  }
  Value answer = Map();
  answer.Set("trials", Value::OfList(std::move(trials)));
  // The space is used up: asking again gives nothing more.
  if (suggestions->size() < count) answer.Set("exhausted", Value::Bool(true));
  return answer;
}

Result<Value> SearchSession::Search::Tell(const Value& request) {
  const Result<const Trial*> trial = Find(request);
  if (!trial) return trial.error();
  JournalEntry entry{.kind = JournalEntry::Kind::kTold, .id = (*trial)->id};
  const Value* state = request.Find("state");
  const bool is_stopped = state != nullptr && state->is_string() && state->as_string() == "stopped";
  if (Result<void> read =
          is_stopped ? ReadStopped(request, **trial, entry) : ReadOutcome(request, entry);
      !read) {
    return read.error();
  }
  const bool is_failed = entry.state == TrialState::kFailed;
  if (Result<void> applied = Apply(std::move(entry)); !applied) return applied.error();
  Value answer = Map();
  answer.Set("ok", Value::Bool(true));
  if (is_failed) answer.Set("state", Text("failed"));
  return answer;
}

Result<Value> SearchSession::Search::Report(const Value& request) {
  const Result<const Trial*> trial = Find(request);
  if (!trial) return trial.error();
  const Result<std::optional<double>> value = Number(request, "value");
  if (!value) return value.error();
  if (!*value) return InvalidArgument("\"report\" needs \"value\", the metric at this step");
  const auto step = WholeNumber(request, "step", 0, std::numeric_limits<std::int64_t>::max());
  if (!step) return step.error();
  const auto& seen = (*trial)->observations;
  JournalEntry entry{.kind = JournalEntry::Kind::kReported, .id = (*trial)->id};
  entry.step = (*step).value_or(seen.empty() ? 1 : seen.back().step + 1);
  entry.value = **value;
  const search::TrialId id = entry.id;
  if (Result<void> applied = Apply(std::move(entry)); !applied) return applied.error();
  const search::StopDecision decision =
      stopper_ == nullptr ? search::StopDecision{} : stopper_->Decide(id);
  Value answer = Map();
  answer.Set("stop", Value::Bool(decision.stop));
  if (promoter_) answer.Set("pause", Value::Bool(promoter_->IsPaused(id)));
  answer.Set("why", WhyStopped(decision));
  return answer;
}

Result<Value> SearchSession::Search::Exploit(const Value& request) {
  const Result<const Trial*> trial = Find(request);
  if (!trial) return trial.error();
  const auto interval =
      WholeNumber(request, "interval", 0, std::numeric_limits<std::int64_t>::max());
  if (!interval) return interval.error();
  if (!*interval) {
    return InvalidArgument("\"exploit\" needs \"interval\", the number of the one that has ended");
  }
  if (Result<void> checked = CheckMember(**trial); !checked) return checked.error();
  std::vector<search::PopulationMember> population;
  for (const Trial& member : trials_) {
    if (member.state != TrialState::kRunning) continue;
    population.push_back({member.id, member.values, member.observations.back().value});
  }
  search::PbtOptions options;
  options.goal = options_.objectives.front().goal;
  options.seed = options_.seed;
  options.allowed = options_.allowed;
  const Result<search::PbtDecision> decision =
      search::DecidePbt(space_.search_space(), population, (*trial)->id,
                        static_cast<std::uint64_t>(**interval), options);
  if (!decision) return decision.error();
  if (decision->parent) {
    JournalEntry entry{.kind = JournalEntry::Kind::kExploited, .id = (*trial)->id};
    entry.point = decision->values;
    if (Result<void> applied = Apply(std::move(entry)); !applied) return applied.error();
  }
  Value why = Map();
  why.Set("text", Text(decision->reason));
  Value answer = Map();
  answer.Set("parent", decision->parent ? Count(*decision->parent) : Value::Null());
  answer.Set("parameters", WithoutWrapping(space_.ToRunConfig(decision->values)));
  answer.Set("why", std::move(why));
  return answer;
}

Result<Value> SearchSession::Search::Add(const Value& request) {
  const Value* parameters = request.Find("parameters");
  if (parameters == nullptr || !parameters->is_map()) {
    return InvalidArgument("\"add\" needs \"parameters\", an object as `ask` gives it");
  }
  std::vector<std::string_view> known;
  for (const sweeps::Leaf& leaf : space_.leaves()) known.push_back(leaf.path.front());
  for (const sweeps::Member& member : parameters->as_map()) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      return InvalidArgument(fmt::format("there is no parameter \"{}\"; {}", member.key,
                                         sweeps::SpellingSuggestion(member.key, known)));
    }
  }
  Result<search::Point> point = space_.FromRunConfig(WithWrapping(*parameters));
  if (!point) return point.error();
  JournalEntry entry{.kind = JournalEntry::Kind::kAdded, .id = trials_.size()};
  entry.point = *std::move(point);
  const bool has_outcome = request.Find("value") != nullptr || request.Find("values") != nullptr ||
                           request.Find("state") != nullptr || request.Find("cost") != nullptr;
  if (!has_outcome) {
    entry.state = TrialState::kPending;
  } else if (Result<void> read = ReadOutcome(request, entry); !read) {
    return read.error();
  }
  const search::TrialId id = entry.id;
  if (Result<void> applied = Apply(std::move(entry)); !applied) return applied.error();
  Value answer = Map();
  answer.Set("ok", Value::Bool(true));
  answer.Set("id", Count(id));
  return answer;
}

Result<Value> SearchSession::Search::Best() const {
  std::vector<const Trial*> front;
  for (const Trial& trial : trials_) {
    if (trial.state != TrialState::kFinished || !IsFeasible(trial)) continue;
    const auto beats_it = [&](const Trial* other) { return Dominates(*other, trial); };
    if (std::any_of(front.begin(), front.end(), beats_it)) continue;
    std::erase_if(front, [&](const Trial* other) { return Dominates(trial, *other); });
    front.push_back(&trial);
  }
  Value answer = Map();
  if (options_.objectives.size() == 1) {
    answer.Set("best", front.empty() ? Value::Null() : Outcome(*front.front()));
    return answer;
  }
  Value::List items;
  for (const Trial* trial : front) items.push_back(Outcome(*trial));
  answer.Set("front", Value::OfList(std::move(items)));
  return answer;
}

Result<Value> SearchSession::Search::Importance() const {
  Result<search::Analysis> analysis =
      search::Analysis::Create(space_.search_space(), trials_, options_);
  if (!analysis) return analysis.error();
  const search::Importance found = analysis->ParameterImportances();
  Value::List items;
  for (const search::ParameterImportance& parameter : found.parameters) {
    Value item = Map();
    item.Set("name", Text(space_.search_space()[parameter.parameter].name));
    item.Set("alone", NumberToValue(parameter.alone));
    item.Set("total", NumberToValue(parameter.total));
    items.push_back(std::move(item));
  }
  const search::PredictedOptimum best = analysis->Optimum();
  Value optimum = Map();
  optimum.Set("parameters", WithoutWrapping(space_.ToRunConfig(best.values)));
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
  return answer;
}

// --- reading and showing trials
// --------------------------------------------------------------------

Result<const Trial*> SearchSession::Search::Find(const Value& request) const {
  const Value* id = request.Find("id");
  if (id == nullptr || !id->is_int()) {
    return InvalidArgument("the request needs \"id\", the number that `ask` gave to the trial");
  }
  if (id->as_int() < 0 || static_cast<std::uint64_t>(id->as_int()) >= trials_.size()) {
    return NotFound(fmt::format("there is no trial {}: {} were asked for or added", id->as_int(),
                                trials_.size()));
  }
  return &trials_[static_cast<std::size_t>(id->as_int())];
}

Result<void> SearchSession::Search::ReadValues(const Value& values, JournalEntry& entry) const {
  std::vector<std::string_view> known(metric_names_.begin(), metric_names_.end());
  known.insert(known.end(), constraint_names_.begin(), constraint_names_.end());
  if (!values.is_map()) return InvalidArgument("\"values\" is an object of metrics");
  for (const sweeps::Member& member : values.as_map()) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      return InvalidArgument(fmt::format("the sweep has no metric \"{}\"; {}", member.key,
                                         sweeps::SpellingSuggestion(member.key, known)));
    }
  }
  for (const std::string& name : metric_names_) {
    Result<std::optional<double>> number = Number(values, name);
    if (!number) return number.error();
    if (!*number) return InvalidArgument(fmt::format("\"values\" has no \"{}\"", name));
    entry.objectives.push_back(**number);
  }
  for (const std::string& name : constraint_names_) {
    Result<std::optional<double>> number = Number(values, name);
    if (!number) return number.error();
    entry.constraints.push_back((*number).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return Ok();
}

Result<void> SearchSession::Search::ReadOutcome(const Value& request, JournalEntry& entry) const {
  if (const Value* state = request.Find("state"); state != nullptr) {
    const std::string name = state->is_string() ? state->as_string() : "";
    if (name == "failed") {
      entry.state = TrialState::kFailed;
    } else if (name == "lost") {
      entry.state = TrialState::kLost;
    } else if (name != "finished") {
      return InvalidArgument(
          "\"state\" is not \"finished\", \"failed\", \"lost\" or, in \"tell\", \"stopped\"");
    }
  }
  const Result<std::optional<double>> cost = Number(request, "cost");
  if (!cost) return cost.error();
  if (*cost && !(std::isfinite(**cost) && **cost >= 0)) {
    return InvalidArgument("\"cost\" is no number from 0");
  }
  entry.cost = *cost;
  const Result<std::optional<double>> value = Number(request, "value");
  if (!value) return value.error();
  const Value* values = request.Find("values");
  if (*value && values != nullptr) {
    return InvalidArgument("give \"value\" or \"values\", not both");
  }
  if (entry.state != TrialState::kFinished) {
    if (*value || values != nullptr) {
      return InvalidArgument("a trial that is not finished has no \"value\"");
    }
    return Ok();
  }
  if (values != nullptr) {
    if (Result<void> read = ReadValues(*values, entry); !read) return read;
  } else if (!*value) {
    return InvalidArgument("a finished trial needs \"value\" or \"values\"; else say \"state\"");
  } else if (metric_names_.size() != 1) {
    return InvalidArgument("the sweep has several metrics: give \"values\", by their names");
  } else {
    entry.objectives.push_back(**value);
  }
  const bool is_finite = std::all_of(entry.objectives.begin(), entry.objectives.end(),
                                     [](double number) { return std::isfinite(number); });
  if (!is_finite) {
    entry.state = TrialState::kFailed;
    entry.objectives.clear();
  }
  return Ok();
}

// A trial that ended before its full length, with its best reported value unless it gives another.
Result<void> SearchSession::Search::ReadStopped(const Value& request, const Trial& trial,
                                                JournalEntry& entry) const {
  Value finished = Map();
  for (const sweeps::Member& member : request.as_map()) {
    if (member.key != "state") finished.Set(member.key, member.value);
  }
  if (request.Find("value") == nullptr && request.Find("values") == nullptr) {
    std::optional<double> best;
    const bool is_maximized = options_.objectives.front().goal == search::Goal::kMaximize;
    for (const search::Observation& observation : ReportedSinceChange(trial)) {
      const bool is_better =
          !best || (is_maximized ? observation.value > *best : observation.value < *best);
      if (std::isfinite(observation.value) && is_better) best = observation.value;
    }
    if (!best) {
      return InvalidArgument(fmt::format(
          "trial {} reported no finite value {}before it was stopped: give \"value\", or "
          "\"state\":\"failed\"",
          trial.id,
          reported_before_change_.contains(trial.id) ? "since `exploit` changed it and " : ""));
    }
    finished.Set("value", NumberToValue(*best));
  }
  return ReadOutcome(finished, entry);
}

// The values that belong to the trial's present parameters.
std::span<const search::Observation> SearchSession::Search::ReportedSinceChange(
    const Trial& trial) const {
  const auto change = reported_before_change_.find(trial.id);
  const std::span<const search::Observation> all = trial.observations;
  return change == reported_before_change_.end() ? all : all.subspan(change->second);
}

bool SearchSession::Search::IsFeasible(const Trial& trial) const {
  for (std::size_t i = 0; i < options_.constraints.size() && i < trial.constraints.size(); ++i) {
    const search::OutcomeConstraint& bound = options_.constraints[i];
    // NaN: not known, so not held against the trial.
    if (bound.min && trial.constraints[i] < *bound.min) return false;
    if (bound.max && trial.constraints[i] > *bound.max) return false;
  }
  return true;
}

// Whether the point of a state is one that this space could have made.
Result<void> SearchSession::Search::CheckPoint(const search::Point& point) const {
  const search::SearchSpace& space = space_.search_space();
  if (point.size() != space.size()) {
    return InvalidArgument(
        fmt::format("the point has {} values for {} parameters", point.size(), space.size()));
  }
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (!point[i]) continue;
    const search::Distribution& distribution = space[i].distribution;
    const auto* category = std::get_if<search::CategoryIndex>(&*point[i]);
    const bool is_sound = distribution.is_categorical()
                              ? category != nullptr && category->index >= 0 &&
                                    category->index < distribution.spec().categories
                              : category == nullptr && std::isfinite(search::AsNumber(*point[i]));
    if (!is_sound) {
      return InvalidArgument(fmt::format("the point has no value of \"{}\"", space[i].name));
    }
  }
  return Ok();
}

// Whether the trial belongs to the population that is running.
Result<void> SearchSession::Search::CheckMember(const Trial& trial) const {
  if (stopper_ != nullptr || promoter_) {
    return FailedPrecondition(
        "a trial that exploits has no curve of one setting, which `early_terminate` compares: "
        "open the search without it");
  }
  if (trial.state == TrialState::kPending) {
    return FailedPrecondition(
        fmt::format("trial {} has reported nothing: `report` its value first", trial.id));
  }
  if (trial.state != TrialState::kRunning) {
    return FailedPrecondition(
        fmt::format("trial {} has ended: `exploit` is for running trials", trial.id));
  }
  return Ok();
}

// At least as good in every objective and better in one.
bool SearchSession::Search::Dominates(const Trial& better, const Trial& worse) const {
  bool is_better_somewhere = false;
  for (std::size_t i = 0; i < options_.objectives.size(); ++i) {
    const double sign = options_.objectives[i].goal == search::Goal::kMaximize ? -1 : 1;
    const double left = sign * better.objectives[i];
    const double right = sign * worse.objectives[i];
    if (left > right) return false;
    is_better_somewhere = is_better_somewhere || left < right;
  }
  return is_better_somewhere || (options_.objectives.size() == 1 && better.id < worse.id);
}

Value SearchSession::Search::Outcome(const Trial& trial) const {
  Value value = Map();
  value.Set("id", Count(trial.id));
  value.Set("parameters", WithoutWrapping(space_.ToRunConfig(trial.values)));
  if (trial.objectives.size() == 1) value.Set("value", NumberToValue(trial.objectives[0]));
  Value values = Map();
  for (std::size_t i = 0; i < metric_names_.size(); ++i) {
    values.Set(metric_names_[i], NumberToValue(trial.objectives[i]));
  }
  for (std::size_t i = 0; i < trial.constraints.size(); ++i) {
    values.Set(constraint_names_[i], NumberToValue(trial.constraints[i]));
  }
  value.Set("values", std::move(values));
  return value;
}

// A paused trial that is to go on.
Value SearchSession::Search::Resumed(const search::Promotion& promotion) const {
  Value why = Map();
  why.Set("text", Text(fmt::format("it is number {} of {} that reached {}", promotion.better + 1,
                                   promotion.size, promotion.rung)));
  why.Set("rule", Text("promotion"));
  why.Set("rung", Value::Int(promotion.rung));
  why.Set("value", NumberToValue(promotion.value));
  Value trial = Map();
  trial.Set("id", Count(promotion.trial));
  trial.Set("parameters", WithoutWrapping(space_.ToRunConfig(trials_[promotion.trial].values)));
  trial.Set("resume", Value::Bool(true));
  trial.Set("until", Value::Int(promotion.until));
  trial.Set("why", std::move(why));
  return trial;
}

// --- changing trials
// -------------------------------------------------------------------------------

// The trial as it will be. Errors: the entry does not fit what is there.
Result<Trial> SearchSession::Search::Changed(const JournalEntry& entry) const {
  using Kind = JournalEntry::Kind;
  const bool is_new = entry.kind == Kind::kAsked || entry.kind == Kind::kAdded;
  if (is_new ? entry.id != trials_.size() : entry.id >= trials_.size()) {
    return InvalidArgument(fmt::format("trial {} is out of order", entry.id));
  }
  if (is_new || entry.kind == Kind::kExploited) {
    if (Result<void> checked = CheckPoint(entry.point); !checked) return checked.error();
  }
  Trial trial = is_new ? Trial{.id = entry.id, .values = entry.point} : trials_[entry.id];
  if (entry.kind == Kind::kAsked) trial.grid_index = entry.grid_index;
  if (entry.kind == Kind::kAdded || entry.kind == Kind::kTold) {
    const bool is_finished = entry.state == TrialState::kFinished;
    if (entry.kind == Kind::kTold && entry.state == TrialState::kPending) {
      return InvalidArgument("what was told is how a trial ended: it cannot be pending");
    }
    if (entry.objectives.size() != (is_finished ? metric_names_.size() : 0) ||
        entry.constraints.size() > constraint_names_.size()) {
      return InvalidArgument("the number of values is not the number of metrics");
    }
    trial.state = entry.state;
    trial.objectives = entry.objectives;
    trial.constraints = entry.constraints;
    trial.cost = entry.cost;
  }
  if (entry.kind == Kind::kReported) {
    if (trial.state != TrialState::kPending && trial.state != TrialState::kRunning) {
      return FailedPrecondition(
          fmt::format("trial {} has ended: report its steps before `tell`", entry.id));
    }
    if (!trial.observations.empty() && entry.step <= trial.observations.back().step) {
      return InvalidArgument(fmt::format("step {} of trial {} does not come after step {}",
                                         entry.step, entry.id, trial.observations.back().step));
    }
    trial.state = TrialState::kRunning;
    trial.observations.push_back({entry.step, entry.value});
  }
  if (entry.kind == Kind::kExploited) {
    if (Result<void> checked = CheckMember(trial); !checked) return checked.error();
    // From here on it is a trial of its new parameters: what it is told counts for them.
    trial.values = entry.point;
  }
  if (entry.kind == Kind::kResumed && (!promoter_ || !promoter_->IsPaused(entry.id))) {
    return FailedPrecondition(fmt::format("trial {} does not wait", entry.id));
  }
  return trial;
}

// The trial as the sampler hears of it: with its curve at rungs if the search stops trials early,
// and as ended there while it pauses.
Trial SearchSession::Search::AsTold(Trial trial) const {
  if (!options_.fidelity) {
    trial.observations.clear();
    return trial;
  }
  const bool is_open = trial.state == TrialState::kPending || trial.state == TrialState::kRunning;
  const bool is_maximized = options_.objectives.front().goal == search::Goal::kMaximize;
  const bool is_paused = is_open && promoter_ && promoter_->IsPaused(trial.id);
  trial.observations =
      search::AtRungs(*options_.fidelity, is_maximized,
                      counts_values_ ? search::Counted(trial.observations) : trial.observations,
                      !is_open || is_paused);
  if (is_paused && !trial.observations.empty()) {
    trial.state = TrialState::kFinished;
    trial.objectives = {trial.observations.back().value};
  }
  return trial;
}

void SearchSession::Search::TellStopper(const JournalEntry& entry, const Trial& trial) {
  if (promoter_) TellPromoter(entry, trial);
  if (stopper_ == nullptr) return;
  if (entry.kind == JournalEntry::Kind::kReported) {
    const auto values = static_cast<std::int64_t>(trial.observations.size());
    stopper_->Report(trial.id, counts_values_ ? values : entry.step, entry.value);
  } else if (entry.kind == JournalEntry::Kind::kTold) {
    stopper_->SetRunning(trial.id, false);
  }
}

void SearchSession::Search::TellPromoter(const JournalEntry& entry, const Trial& trial) {
  using Kind = JournalEntry::Kind;
  if (entry.kind == Kind::kReported) {
    const auto values = static_cast<std::int64_t>(trial.observations.size());
    promoter_->Report(trial.id, counts_values_ ? values : entry.step, entry.value);
  } else if (entry.kind == Kind::kTold) {
    promoter_->End(trial.id);
  } else if (entry.kind == Kind::kResumed) {
    promoter_->Resume(trial.id);
  }
}

Result<void> SearchSession::Search::Apply(JournalEntry entry) {
  Result<Trial> trial = Changed(entry);
  if (!trial) return trial.error();
  // Only a point that came with the request can be refused.
  const bool is_new = entry.id == trials_.size();
  if (is_new) {
    if (Result<void> told = sampler_->Tell(AsTold(*trial)); !told) return told;
  }
  TellStopper(entry, *trial);
  if (!is_new) {
    // What the sampler hears depends on whether the trial pauses now.
    if (Result<void> told = sampler_->Tell(AsTold(*trial)); !told) return told;
  }
  if (entry.kind == JournalEntry::Kind::kExploited) {
    reported_before_change_[entry.id] = trial->observations.size();
  }
  if (entry.id == trials_.size()) {
    trials_.push_back(*std::move(trial));
  } else {
    trials_[entry.id] = *std::move(trial);
  }
  state_.journal.push_back(std::move(entry));
  return Ok();
}

// --- the session
// -----------------------------------------------------------------------------------

SearchSession::SearchSession() = default;
SearchSession::~SearchSession() = default;

std::string SearchSession::Answer(std::string_view line) {
  const auto answer = [&]() -> Result<Value> {
    // What is wrong with a line is quoted in its answer, which has to be JSON.
    if (!IsUtf8(line)) return InvalidArgument("the line is not UTF-8, as JSON is");
    const Result<Value> request = sweeps::ParseJsonStrict(line);
    if (!request) return request.error();
    const Result<std::string> op = CheckRequest(*request);
    if (!op) return op.error();
    if (*op == "open") {
      Result<std::unique_ptr<Search>> opened = Search::Open(*request);
      if (!opened) return opened.error();
      search_ = *std::move(opened);
      return search_->Describe();
    }
    if (search_ == nullptr) {
      return FailedPrecondition("no search is open: begin with {\"op\":\"open\",\"config\":{...}}");
    }
    return search_->Do(*op, *request);
  }();
  if (answer) return sweeps::ToJson(*answer);
  Value error = Map();
  error.Set("code", Text(ErrorCodeName(answer.error().code)));
  error.Set("message", Text(answer.error().message));
  Value document = Map();
  document.Set("error", std::move(error));
  return sweeps::ToJson(document);
}

}  // namespace regatta::app
