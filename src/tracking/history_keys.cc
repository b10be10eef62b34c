#include "regatta/tracking/history_keys.h"

#include <fmt/format.h>

#include <optional>

#include "regatta/base/json_string.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/json_path.h"
#include "regatta/tracking/row_scanner.h"

namespace regatta::tracking {
namespace {

// Objects nested deeper than this count as one value.
constexpr int kDepthMax = 8;

std::string TypeOf(std::string_view value) {
  switch (value.front()) {
    case '"':
      return "string";
    case 't':
    case 'f':
      return "boolean";
    case 'n':
      return "nil";
    case '[':
      return "list";
    case '{': {
      const std::optional<std::string_view> type = FindAtPath(value, "_type");
      if (type && type->size() > 2 && type->front() == '"') {
        return DecodeJsonText(type->substr(1, type->size() - 2));
      }
      return "map";
    }
    default:
      return "number";
  }
}

}  // namespace

bool HistoryKeys::Add(std::string_view row) {
  if (!ScanStep(row).is_valid) return false;
  AddObject("", row, 0);
  return true;
}

void HistoryKeys::AddObject(const std::string& prefix, std::string_view object, int depth) {
  ScanRow(object, [&](const RowMember& member) {
    AddValue(prefix + DecodeJsonText(member.key), member.value, depth);
  });
}

void HistoryKeys::AddValue(const std::string& name, std::string_view value, int depth) {
  const std::string type = TypeOf(value);
  const bool is_empty_map = value.find_first_not_of(" \t\r\n", 1) == value.size() - 1;
  if (type == "map" && depth < kDepthMax && !is_empty_map) {
    return AddObject(name + ".", value, depth + 1);
  }
  auto found = keys_.find(name);
  if (found == keys_.end()) {
    if (keys_.size() >= kKeysMax) return;
    found = keys_.emplace(name, Key()).first;
    const std::optional<double> number = FiniteNumber(value);
    if (number) found->second.last_number = *number;
  }
  Key& key = found->second;
  key.type_counts[type] += 1;
  const std::optional<double> number = FiniteNumber(value);
  key.monotonic = key.monotonic && number && *number >= key.last_number;
  if (number) key.last_number = *number;
  const bool is_small = value.size() <= kValueBytesMax && value.front() != '{';
  key.last_value = is_small ? QuoteBareNumbers(value) : std::string();
}

std::string HistoryKeys::ToJson(std::int64_t last_step) const {
  std::string json = "{\"keys\":{";
  bool is_first = true;
  for (const auto& [name, key] : keys_) {
    json += fmt::format("{}{}:{{\"typeCounts\":[", is_first ? "" : ",", JsonString(name));
    is_first = false;
    bool is_first_type = true;
    for (const auto& [type, count] : key.type_counts) {
      json += fmt::format("{}{{\"type\":{},\"count\":{}}}", is_first_type ? "" : ",",
                          JsonString(type), count);
      is_first_type = false;
    }
    json += fmt::format("],\"monotonic\":{}", key.monotonic);
    if (!key.last_value.empty()) json += fmt::format(",\"previousValue\":{}", key.last_value);
    json += '}';
  }
  json += fmt::format("}},\"sets\":[],\"lastStep\":{}}}", last_step);
  return json;
}

}  // namespace regatta::tracking
