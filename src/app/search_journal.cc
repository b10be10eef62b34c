#include "search_journal.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace regatta::app {
namespace {

using search::CategoryIndex;
using search::ParameterValue;
using search::TrialState;
using sweeps::Value;

constexpr std::int64_t kVersion = 1;
constexpr std::array<std::string_view, 6> kKinds = {"ask",    "add",    "tell",
                                                    "report", "resume", "exploit"};
constexpr std::array<std::pair<TrialState, std::string_view>, 4> kStates = {
    {{TrialState::kPending, "pending"},
     {TrialState::kFinished, "finished"},
     {TrialState::kFailed, "failed"},
     {TrialState::kLost, "lost"}}};

bool HasPoint(JournalEntry::Kind kind) {
  using Kind = JournalEntry::Kind;
  return kind == Kind::kAsked || kind == Kind::kAdded || kind == Kind::kExploited;
}

// A mapping that is read key by key; the first thing wrong is remembered.
class Reader {
 public:
  Reader(const Value& value, std::string place) : value_(value), place_(std::move(place)) {
    if (!value.is_map()) Fail("is no mapping");
  }

  const Value* Find(std::string_view key) const { return value_.Find(key); }

  const Value* Require(std::string_view key) {
    const Value* found = value_.Find(key);
    if (found == nullptr) Fail(fmt::format("has no \"{}\"", key));
    return found;
  }
  std::uint64_t Number(std::string_view key) {
    const Value* found = Require(key);
    if (found == nullptr) return 0;
    if (!found->is_int() || found->as_int() < 0) {
      Fail(fmt::format("\"{}\" is no number from 0", key));
      return 0;
    }
    return static_cast<std::uint64_t>(found->as_int());
  }
  std::vector<double> Numbers(std::string_view key) {
    std::vector<double> numbers;
    const Value* found = value_.Find(key);
    if (found == nullptr) return numbers;
    if (!found->is_list()) {
      Fail(fmt::format("\"{}\" is no list", key));
      return numbers;
    }
    for (const Value& item : found->as_list()) {
      const std::optional<double> number = NumberFromValue(item);
      if (!number) Fail(fmt::format("\"{}\" holds something that is no number", key));
      numbers.push_back(number.value_or(0));
    }
    return numbers;
  }
  void Fail(std::string_view what) {
    if (!error_) error_ = InvalidArgument(fmt::format("{} {}", place_, what));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Value& value_;
  std::string place_;
  std::optional<Error> error_;
};

Value PointToValue(const search::Point& point) {
  Value::List items;
  for (const std::optional<ParameterValue>& value : point) {
    if (!value) {
      items.push_back(Value::Null());
    } else if (const auto* category = std::get_if<CategoryIndex>(&*value)) {
      items.push_back(Value::OfList({Value::Int(category->index)}));
    } else if (const auto* whole = std::get_if<std::int64_t>(&*value)) {
      items.push_back(Value::Int(*whole));
    } else {
      items.push_back(Value::Float(std::get<double>(*value)));
    }
  }
  return Value::OfList(std::move(items));
}

search::Point ReadPoint(Reader& reader) {
  search::Point point;
  const Value* given = reader.Require("point");
  if (given == nullptr) return point;
  if (!given->is_list()) {
    reader.Fail("\"point\" is no list");
    return point;
  }
  for (const Value& item : given->as_list()) {
    if (item.is_null()) {
      point.emplace_back();
    } else if (item.is_int()) {
      point.emplace_back(item.as_int());
    } else if (item.is_float()) {
      point.emplace_back(item.as_number());
    } else if (item.is_list() && item.as_list().size() == 1 && item.as_list()[0].is_int()) {
      point.emplace_back(CategoryIndex{item.as_list()[0].as_int()});
    } else {
      reader.Fail("\"point\" holds something that is no value");
    }
  }
  return point;
}

Value NumbersToValue(const std::vector<double>& numbers) {
  Value::List items;
  for (const double number : numbers) items.push_back(NumberToValue(number));
  return Value::OfList(std::move(items));
}

Value EntryToValue(const JournalEntry& entry) {
  using Kind = JournalEntry::Kind;
  Value value = Value::OfMap({});
  value.Set("op", Value::String(std::string(kKinds[static_cast<std::size_t>(entry.kind)])));
  value.Set("id", Value::Int(static_cast<std::int64_t>(entry.id)));
  if (HasPoint(entry.kind)) value.Set("point", PointToValue(entry.point));
  if (entry.grid_index) {
    value.Set("grid_index", Value::Int(static_cast<std::int64_t>(*entry.grid_index)));
  }
  if (entry.kind == Kind::kAdded || entry.kind == Kind::kTold) {
    for (const auto& [state, name] : kStates) {
      if (state == entry.state) value.Set("state", Value::String(std::string(name)));
    }
    value.Set("objectives", NumbersToValue(entry.objectives));
    if (!entry.constraints.empty()) value.Set("constraints", NumbersToValue(entry.constraints));
    if (entry.cost) value.Set("cost", Value::Float(*entry.cost));
  }
  if (entry.kind == Kind::kReported) {
    value.Set("step", Value::Int(entry.step));
    value.Set("value", NumberToValue(entry.value));
  }
  if (entry.interval) {
    value.Set("interval", Value::Int(static_cast<std::int64_t>(*entry.interval)));
    if (entry.parent) value.Set("parent", Value::Int(static_cast<std::int64_t>(*entry.parent)));
    value.Set("why", Value::String(entry.why));
  }
  return value;
}

void ReadOutcome(Reader& reader, JournalEntry& entry) {
  entry.objectives = reader.Numbers("objectives");
  entry.constraints = reader.Numbers("constraints");
  if (const Value* cost = reader.Find("cost"); cost != nullptr) {
    if (!cost->is_number()) reader.Fail("\"cost\" is no number");
    if (cost->is_number()) entry.cost = cost->as_number();
  }
  const Value* given = reader.Require("state");
  bool is_known = false;
  for (const auto& [state, name] : kStates) {
    if (given == nullptr || !given->is_string() || given->as_string() != name) continue;
    entry.state = state;
    is_known = true;
  }
  if (!is_known) reader.Fail("\"state\" is not pending, finished, failed or lost");
}

Result<JournalEntry> EntryFromValue(const Value& value, std::string place) {
  using Kind = JournalEntry::Kind;
  Reader reader(value, std::move(place));
  JournalEntry entry;
  const Value* op = reader.Require("op");
  bool is_known = false;
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (op == nullptr || !op->is_string() || op->as_string() != kKinds[i]) continue;
    entry.kind = static_cast<Kind>(i);
    is_known = true;
  }
  if (!is_known) reader.Fail("\"op\" is not ask, add, tell, report, resume or exploit");
  entry.id = reader.Number("id");
  if (HasPoint(entry.kind)) entry.point = ReadPoint(reader);
  if (entry.kind == Kind::kExploited && reader.Find("interval") != nullptr) {
    entry.interval = reader.Number("interval");
    if (reader.Find("parent") != nullptr) entry.parent = reader.Number("parent");
    const Value* why = reader.Require("why");
    if (why != nullptr && !why->is_string()) reader.Fail("\"why\" is no text");
    if (why != nullptr && why->is_string()) entry.why = why->as_string();
  }
  if (reader.Find("grid_index") != nullptr) entry.grid_index = reader.Number("grid_index");
  if (entry.kind == Kind::kAdded || entry.kind == Kind::kTold) ReadOutcome(reader, entry);
  if (entry.kind == Kind::kReported) {
    const Value* step = reader.Require("step");
    const Value* reported = reader.Require("value");
    const std::optional<double> number =
        reported == nullptr ? std::nullopt : NumberFromValue(*reported);
    if (step == nullptr || !step->is_int() || !number) {
      reader.Fail("\"step\" and \"value\" are no numbers");
    } else {
      entry.step = step->as_int();
      entry.value = *number;
    }
  }
  if (reader.error()) return *reader.error();
  return entry;
}

}  // namespace

Value NumberToValue(double number) {
  if (std::isnan(number)) return Value::String("NaN");
  if (std::isinf(number)) return Value::String(number < 0 ? "-Infinity" : "Infinity");
  return Value::Float(number);
}

std::optional<double> NumberFromValue(const Value& value) {
  if (value.is_number()) return value.as_number();
  if (!value.is_string()) return std::nullopt;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value.as_string() == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value.as_string() == "Infinity") return kInfinity;
  if (value.as_string() == "-Infinity") return -kInfinity;
  return std::nullopt;
}

Value StateToValue(const SearchState& state) {
  Value::List log;
  for (const JournalEntry& entry : state.journal) log.push_back(EntryToValue(entry));
  Value value = Value::OfMap({});
  value.Set("version", Value::Int(kVersion));
  value.Set("config", state.config);
  // A text, since JSON's numbers end at 2^53 for many readers.
  value.Set("seed", Value::String(fmt::format("{}", state.seed)));
  if (state.is_resumable) value.Set("resumable", Value::Bool(true));
  value.Set("log", Value::OfList(std::move(log)));
  return value;
}

Result<SearchState> StateFromValue(const Value& value) {
  Reader reader(value, "state");
  SearchState state;
  const Value* version = reader.Require("version");
  if (version != nullptr && (!version->is_int() || version->as_int() != kVersion)) {
    reader.Fail(
        fmt::format("has a version that this program does not know; it knows {}", kVersion));
  }
  if (const Value* config = reader.Require("config"); config != nullptr) state.config = *config;
  const Value* seed = reader.Require("seed");
  if (seed != nullptr && seed->is_string()) {
    const std::string& text = seed->as_string();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), state.seed);
    if (error != std::errc() || end != text.data() + text.size()) {
      reader.Fail("\"seed\" is no number");
    }
  } else {
    reader.Fail("\"seed\" is no text");
  }
  if (const Value* resumable = reader.Find("resumable"); resumable != nullptr) {
    if (!resumable->is_bool()) reader.Fail("\"resumable\" is not true or false");
    state.is_resumable = resumable->is_bool() && resumable->as_bool();
  }
  const Value* log = reader.Require("log");
  if (log != nullptr && !log->is_list()) reader.Fail("\"log\" is no list");
  if (reader.error()) return *reader.error();
  for (std::size_t i = 0; i < log->as_list().size(); ++i) {
    Result<JournalEntry> entry = EntryFromValue(log->as_list()[i], fmt::format("state.log[{}]", i));
    if (!entry) return entry.error();
    state.journal.push_back(*std::move(entry));
  }
  return state;
}

}  // namespace regatta::app
