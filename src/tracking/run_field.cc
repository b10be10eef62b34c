#include "run_field.h"

#include <charconv>
#include <cstdlib>
#include <limits>

#include "regatta/tracking/json_path.h"
#include "regatta/tracking/row_scanner.h"

namespace regatta::tracking {
namespace {

using Kind = FieldValue::Kind;

FieldValue TextOrMissing(const std::string& text) {
  return text.empty() ? FieldValue() : FieldValue::Text(text);
}

FieldValue Time(Timestamp time) {
  FieldValue value;
  value.kind = Kind::kTime;
  value.time = time;
  return value;
}

FieldValue JsonOrMissing(std::optional<std::string_view> text) {
  return text ? FieldValue::Json(*text) : FieldValue();
}

// Configs are kept as {"lr": {"desc": null, "value": 0.1}}. `path` may name the value itself
// ("lr", "lr.value"), something inside of it ("net.depth", "net.value.depth", "net.depth.value"),
// or the entry's other members ("lr.desc").
std::optional<std::string_view> FindInConfig(std::string_view config, std::string_view path) {
  // Keys may hold dots themselves: the longest key that fits wins.
  std::size_t key_length = 0;
  std::string_view entry;
  const bool is_object = ScanRow(config, [&](const RowMember& member) {
    const std::string key = DecodeJsonText(member.key);
    const bool fits =
        path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.');
    if (!fits || key.empty() || key.size() < key_length) return;
    key_length = key.size();
    entry = member.value;
  });
  if (!is_object || key_length == 0) return std::nullopt;
  const std::string_view rest =
      key_length < path.size() ? path.substr(key_length + 1) : std::string_view();
  const std::optional<std::string_view> value = FindAtPath(entry, "value");
  if (!value) return rest.empty() ? entry : FindAtPath(entry, rest);
  if (rest.empty()) return value;
  if (const auto found = FindAtPath(entry, rest)) return found;
  if (const auto found = FindAtPath(*value, rest)) return found;
  constexpr std::string_view kSuffix = ".value";
  if (!rest.ends_with(kSuffix)) return std::nullopt;
  return FindAtPath(*value, rest.substr(0, rest.size() - kSuffix.size()));
}

}  // namespace

FieldValue FieldValue::Text(std::string text) {
  FieldValue value;
  value.kind = Kind::kText;
  value.text = std::move(text);
  return value;
}

FieldValue FieldValue::Number(double number) {
  FieldValue value;
  value.kind = Kind::kNumber;
  value.number = number;
  return value;
}

FieldValue FieldValue::Whole(std::int64_t whole) {
  FieldValue value = Number(static_cast<double>(whole));
  value.whole = whole;
  return value;
}

FieldValue FieldValue::Json(std::string_view text) {
  FieldValue value;
  switch (text.empty() ? 'n' : text.front()) {
    case 'n':
      value.kind = Kind::kNull;
      return value;
    case 't':
    case 'f':
      value.kind = Kind::kBool;
      value.boolean = text.front() == 't';
      return value;
    case '"':
      return Text(DecodeJsonText(text.substr(1, text.size() - 2)));
    case '{':
    case '[':
      value.kind = Kind::kDocument;
      value.text = std::string(text);
      return value;
    case 'N':
      return Number(std::numeric_limits<double>::quiet_NaN());
    case 'I':
      return Number(std::numeric_limits<double>::infinity());
    default:
      break;
  }
  if (text.starts_with("-I")) return Number(-std::numeric_limits<double>::infinity());
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, whole);
      error == std::errc() && stop == end) {
    return Whole(whole);
  }
  double number = 0;
  if (std::from_chars(text.data(), end, number).ec == std::errc::result_out_of_range) {
    number = std::strtod(std::string(text).c_str(), nullptr);
  }
  return Number(number);
}

int CompareNumbers(const FieldValue& a, const FieldValue& b) {
  if (a.whole && b.whole) return *a.whole < *b.whole ? -1 : *a.whole > *b.whole ? 1 : 0;
  return a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
}

const RunField::Name RunField::kNames[] = {
    {"name", Id::kName},
    {"display_name", Id::kDisplayName},
    {"displayName", Id::kDisplayName},
    {"state", Id::kState},
    {"group", Id::kGroup},
    {"jobType", Id::kJobType},
    {"job_type", Id::kJobType},
    {"tags", Id::kTags},
    {"sweep", Id::kSweep},
    {"sweepName", Id::kSweep},
    {"username", Id::kUser},
    {"user.username", Id::kUser},
    {"user", Id::kUser},
    {"created_at", Id::kCreatedAt},
    {"createdAt", Id::kCreatedAt},
    {"updated_at", Id::kUpdatedAt},
    {"updatedAt", Id::kUpdatedAt},
    {"heartbeat_at", Id::kHeartbeatAt},
    {"heartbeatAt", Id::kHeartbeatAt},
    {"duration", Id::kDuration},
    {"host", Id::kHost},
    {"commit", Id::kCommit},
    {"program", Id::kProgram},
    {"notes", Id::kNotes},
    {"description", Id::kDescription},
    {"entity", Id::kEntity},
    {"project", Id::kProject},
    {"historyLineCount", Id::kHistoryLineCount},
    {"history_line_count", Id::kHistoryLineCount},
};

RunField::RunField(std::string_view name) {
  for (const Name& known : kNames) {
    if (known.text == name) {
      id_ = known.id;
      return;
    }
  }
  for (const Name& prefix : {Name{"config.", Id::kConfig}, Name{"summary_metrics.", Id::kSummary},
                             Name{"summaryMetrics.", Id::kSummary}, Name{"summary.", Id::kSummary},
                             Name{"keys_info.keys.", Id::kKeysInfo}}) {
    if (name.starts_with(prefix.text) && name.size() > prefix.text.size()) {
      id_ = prefix.id;
      path_ = std::string(name.substr(prefix.text.size()));
      return;
    }
  }
}

std::string_view RunField::KnownNames() {
  return "name, display_name, state, group, jobType, tags, sweep, username, created_at, "
         "updated_at, heartbeat_at, duration, host, commit, program, notes, description, entity, "
         "project, historyLineCount, config.<key>, summary_metrics.<key>, keys_info.keys.<key>";
}

FieldValue RunField::Read(const Run& run, const RunSurroundings& around) const {
  switch (id_) {
    case Id::kName:
      return FieldValue::Text(run.name);
    case Id::kDisplayName:
      return TextOrMissing(run.display_name);
    case Id::kState:
      return FieldValue::Text(std::string(RunStateName(run.state)));
    case Id::kGroup:
      return TextOrMissing(run.group);
    case Id::kJobType:
      return TextOrMissing(run.job_type);
    case Id::kTags: {
      FieldValue value;
      value.kind = run.tags.empty() ? Kind::kMissing : Kind::kTexts;
      value.texts = &run.tags;
      return value;
    }
    case Id::kSweep:
      return TextOrMissing(run.sweep_name);
    case Id::kUser:
      return TextOrMissing(around.UserName(run.user));
    case Id::kCreatedAt:
      return Time(run.created_at);
    case Id::kUpdatedAt:
      return Time(run.updated_at);
    case Id::kHeartbeatAt:
      return Time(run.heartbeat_at);
    case Id::kDuration:
      return FieldValue::Number(
          std::chrono::duration<double>(run.heartbeat_at - run.created_at).count());
    case Id::kHost:
      return TextOrMissing(run.host);
    case Id::kCommit:
      return TextOrMissing(run.commit);
    case Id::kProgram:
      return TextOrMissing(run.program);
    case Id::kNotes:
      return TextOrMissing(run.notes);
    case Id::kDescription:
      return TextOrMissing(run.description);
    case Id::kEntity:
      return FieldValue::Text(std::string(around.EntityName()));
    case Id::kProject:
      return FieldValue::Text(std::string(around.ProjectName()));
    case Id::kHistoryLineCount:
      return FieldValue::Whole(around.HistoryLineCount(run.id));
    case Id::kConfig:
      return JsonOrMissing(FindInConfig(run.config_json, path_));
    case Id::kSummary:
      return JsonOrMissing(FindAtPath(run.summary_json, path_));
    case Id::kKeysInfo:
      // A key that was ever logged stands in the summary with its last value.
      return JsonOrMissing(FindAtPath(run.summary_json, path_));
    case Id::kUnknown:
      break;
  }
  return {};
}

}  // namespace regatta::tracking
