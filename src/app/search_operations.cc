#include "search_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "regatta/search/pbt.h"
#include "regatta/search/promotion.h"
#include "regatta/search/stopper.h"
#include "regatta/sweeps/problem.h"
#include "search_answer.h"
#include "search_request.h"
#include "search_results.h"

namespace regatta::app {
namespace {

using search::Trial;
using search::TrialState;
using sweeps::Value;

constexpr std::int64_t kAskMax = 10'000;

Result<const Trial*> Find(const JournaledSearch& search, const Value& request) {
  const Value* id = request.Find("id");
  if (id == nullptr || !id->is_int()) {
    return InvalidArgument("the request needs \"id\", the number that `ask` gave to the trial");
  }
  if (id->as_int() < 0 || static_cast<std::uint64_t>(id->as_int()) >= search.trials().size()) {
    return NotFound(fmt::format("there is no trial {}: {} were asked for or added", id->as_int(),
                                search.trials().size()));
  }
  return &search.trials()[static_cast<std::size_t>(id->as_int())];
}

Result<Value> Ask(JournaledSearch& search, const Value& request) {
  const auto n = WholeNumber(request, "n", 1, kAskMax);
  if (!n) return n.error();
  auto count = static_cast<std::size_t>((*n).value_or(1));
  Value::List trials;
  while (count > 0 && search.promoter() != nullptr) {
    const std::optional<search::Promotion> promotion = search.promoter()->Next();
    if (!promotion) break;
    JournalEntry entry{.kind = JournalEntry::Kind::kResumed, .id = promotion->trial};
    if (Result<void> applied = search.Apply(std::move(entry)); !applied) return applied.error();
    trials.push_back(DescribeResumed(search, *promotion));
    --count;
  }
  Result<std::vector<search::Suggestion>> suggestions = std::vector<search::Suggestion>();
  if (count > 0) suggestions = search.Suggest(count);
  if (!suggestions) return suggestions.error();
  for (const search::Suggestion& suggestion : *suggestions) {
    JournalEntry entry{.kind = JournalEntry::Kind::kAsked, .id = search.trials().size()};
    entry.point = suggestion.values;
    entry.grid_index = suggestion.grid_index;
    Value trial = Map();
    trial.Set("id", Count(entry.id));
    trial.Set("parameters", WithoutWrapping(search.space().ToRunConfig(suggestion.values)));
    trial.Set("why", WhyProposed(suggestion.why));
    if (search.promoter() != nullptr) {
      trial.Set("until", Value::Int(search.promoter()->PauseAfter(0)));
    }
    if (Result<void> applied = search.Apply(std::move(entry)); !applied) return applied.error();
    trials.push_back(std::move(trial));
  }
  Value answer = Map();
  answer.Set("trials", Value::OfList(std::move(trials)));
  // The space is used up: asking again gives nothing more.
  if (suggestions->size() < count) answer.Set("exhausted", Value::Bool(true));
  return answer;
}

Result<Value> Tell(JournaledSearch& search, const Value& request) {
  const Result<const Trial*> trial = Find(search, request);
  if (!trial) return trial.error();
  JournalEntry entry{.kind = JournalEntry::Kind::kTold, .id = (*trial)->id};
  const Value* state = request.Find("state");
  const bool is_stopped = state != nullptr && state->is_string() && state->as_string() == "stopped";
  const Result<void> read = is_stopped ? ReadStopped(search, request, **trial, entry)
                                       : ReadOutcome(search, request, entry);
  if (!read) return read.error();
  const bool is_failed = entry.state == TrialState::kFailed;
  if (Result<void> applied = search.Apply(std::move(entry)); !applied) return applied.error();
  Value answer = Map();
  answer.Set("ok", Value::Bool(true));
  if (is_failed) answer.Set("state", Text("failed"));
  return answer;
}

Result<Value> Report(JournaledSearch& search, const Value& request) {
  const Result<const Trial*> trial = Find(search, request);
  if (!trial) return trial.error();
  const Result<std::optional<double>> value = Number(request, "value");
  if (!value) return value.error();
  if (!*value) return InvalidArgument("\"report\" needs \"value\", the metric at this step");
  const auto step = WholeNumber(request, "step", 0, std::numeric_limits<std::int64_t>::max());
  if (!step) return step.error();
  const auto& seen = (*trial)->observations;
  if (!*step && !seen.empty() && seen.back().step == std::numeric_limits<std::int64_t>::max()) {
    return InvalidArgument(fmt::format("trial {} has reported the last step that there is, {}",
                                       (*trial)->id, seen.back().step));
  }
  JournalEntry entry{.kind = JournalEntry::Kind::kReported, .id = (*trial)->id};
  entry.step = (*step).value_or(seen.empty() ? 1 : seen.back().step + 1);
  entry.value = **value;
  const search::TrialId id = entry.id;
  if (Result<void> applied = search.Apply(std::move(entry)); !applied) return applied.error();
  const search::StopDecision decision = search.Decide(id);
  Value answer = Map();
  answer.Set("stop", Value::Bool(decision.stop));
  if (search.promoter() != nullptr) {
    answer.Set("pause", Value::Bool(search.promoter()->IsPaused(id)));
  }
  answer.Set("why", WhyStopped(decision));
  return answer;
}

Value DescribeStep(const JournaledSearch& search, const PopulationStep& step) {
  Value why = Map();
  why.Set("text", Text(step.reason));
  Value answer = Map();
  answer.Set("parent", step.parent ? Count(*step.parent) : Value::Null());
  answer.Set("parameters", WithoutWrapping(search.space().ToRunConfig(step.values)));
  answer.Set("why", std::move(why));
  return answer;
}

Result<Value> Exploit(JournaledSearch& search, const Value& request) {
  const Result<const Trial*> trial = Find(search, request);
  if (!trial) return trial.error();
  const auto given = WholeNumber(request, "interval", 0, std::numeric_limits<std::int64_t>::max());
  if (!given) return given.error();
  if (!*given) {
    return InvalidArgument("\"exploit\" needs \"interval\", the number of the one that has ended");
  }
  const auto interval = static_cast<std::uint64_t>(**given);
  if (Result<void> checked = search.CheckMember(**trial); !checked) return checked.error();
  const search::PbtOptions& options = search.population_options();
  const bool learns = options.explore == search::Explore::kPb2;
  if (const PopulationStep* step = search.population().Find(**trial, interval); step != nullptr) {
    return DescribeStep(search, *step);
  }
  std::vector<search::PopulationMember> population;
  for (const Trial& member : search.trials()) {
    if (member.state != TrialState::kRunning) continue;
    population.push_back({member.id, member.values, member.observations.back().value});
  }
  std::vector<search::PopulationInterval> history;
  if (learns) history = search.population().History(search.trials(), interval);
  Result<search::PbtDecision> decision = search::DecidePbt(
      search.space().search_space(), population, (*trial)->id, interval, options, history);
  if (!decision) return decision.error();
  const PopulationStep step{interval, decision->parent, std::move(decision->values),
                            std::move(decision->reason)};
  if (step.parent || learns) {
    JournalEntry entry{.kind = JournalEntry::Kind::kExploited, .id = (*trial)->id};
    entry.point = step.values;
    if (learns) {
      entry.interval = interval;
      entry.parent = step.parent;
      entry.why = step.reason;
    }
    if (Result<void> applied = search.Apply(std::move(entry)); !applied) return applied.error();
  }
  return DescribeStep(search, step);
}

Result<Value> Add(JournaledSearch& search, const Value& request) {
  const Value* parameters = request.Find("parameters");
  if (parameters == nullptr || !parameters->is_map()) {
    return InvalidArgument("\"add\" needs \"parameters\", an object as `ask` gives it");
  }
  std::vector<std::string_view> known;
  for (const sweeps::Leaf& leaf : search.space().leaves()) {
    // The leaves of a group follow each other.
    if (known.empty() || known.back() != leaf.path.front()) known.push_back(leaf.path.front());
  }
  for (const sweeps::Member& member : parameters->as_map()) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      return InvalidArgument(fmt::format("there is no parameter \"{}\"; {}", member.key,
                                         sweeps::SpellingSuggestion(member.key, known)));
    }
  }
  Result<search::Point> point = search.space().FromRunConfig(WithWrapping(*parameters));
  if (!point) return point.error();
  JournalEntry entry{.kind = JournalEntry::Kind::kAdded, .id = search.trials().size()};
  entry.point = *std::move(point);
  const bool has_outcome = request.Find("value") != nullptr || request.Find("values") != nullptr ||
                           request.Find("state") != nullptr || request.Find("cost") != nullptr;
  if (!has_outcome) {
    entry.state = TrialState::kPending;
  } else if (Result<void> read = ReadOutcome(search, request, entry); !read) {
    return read.error();
  }
  const search::TrialId id = entry.id;
  if (Result<void> applied = search.Apply(std::move(entry)); !applied) return applied.error();
  Value answer = Map();
  answer.Set("ok", Value::Bool(true));
  answer.Set("id", Count(id));
  return answer;
}

}  // namespace

Result<std::unique_ptr<JournaledSearch>> OpenSearch(const Value& request) {
  if (const Value* state = request.Find("state"); state != nullptr) {
    if (request.Find("config") != nullptr || request.Find("seed") != nullptr ||
        request.Find("resumable") != nullptr) {
      return InvalidArgument("\"state\" holds config and seed already: leave them out");
    }
    Result<SearchState> read = StateFromValue(*state);
    if (!read) return read.error();
    return JournaledSearch::Restore(*read);
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
  return JournaledSearch::Create(*config, given, resumable != nullptr && resumable->as_bool());
}

Result<Value> Perform(JournaledSearch& search, const SearchRequest& request) {
  const std::string& op = request.op;
  const Value& fields = request.fields;
  if (op == "ask") return Ask(search, fields);
  if (op == "tell") return Tell(search, fields);
  if (op == "report") return Report(search, fields);
  if (op == "exploit") return Exploit(search, fields);
  if (op == "add") return Add(search, fields);
  if (op == "best") return Best(search);
  if (op == "importance") return Importance(search);
  Value answer = Map();
  answer.Set("state", StateToValue(search.state()));
  return answer;
}

}  // namespace regatta::app
