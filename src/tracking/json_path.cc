#include "regatta/tracking/json_path.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/row_scanner.h"

namespace regatta::tracking {
namespace {

struct Candidate {
  std::size_t key_length = 0;
  std::string_view value;
};

// True if `key` is the first part, or parts, of the longer `path`.
bool IsParentOf(std::string_view key, std::string_view path) {
  return key.size() < path.size() && path[key.size()] == '.' && path.starts_with(key);
}

void Replace(std::vector<Candidate>& candidates, Candidate candidate) {
  for (Candidate& known : candidates) {
    if (known.key_length == candidate.key_length) {
      known = candidate;
      return;
    }
  }
  candidates.push_back(candidate);
}

}  // namespace

std::optional<std::string_view> FindAtPath(std::string_view object, std::string_view path) {
  std::optional<std::string_view> exact;
  std::vector<Candidate> parents;
  const bool is_object = ScanRow(object, [&](const RowMember& member) {
    std::string decoded;
    std::string_view key = member.key;
    if (key.find('\\') != std::string_view::npos) {
      decoded = DecodeJsonText(key);
      key = decoded;
    }
    if (key == path) {
      exact = member.value;
    } else if (IsParentOf(key, path)) {
      Replace(parents, {key.size(), member.value});
    }
  });
  if (!is_object) return std::nullopt;
  if (exact) return exact;
  std::sort(parents.begin(), parents.end(),
            [](const Candidate& a, const Candidate& b) { return a.key_length > b.key_length; });
  for (const Candidate& parent : parents) {
    if (auto found = FindAtPath(parent.value, path.substr(parent.key_length + 1))) return found;
  }
  return std::nullopt;
}

std::string DecodeJsonText(std::string_view content) {
  if (content.find('\\') == std::string_view::npos) return std::string(content);
  std::string quoted;
  quoted.reserve(content.size() + 2);
  quoted += '"';
  quoted += content;
  quoted += '"';
  const std::optional<nlohmann::json> text = ParseExtendedJson(quoted);
  return text && text->is_string() ? text->get<std::string>() : std::string(content);
}

}  // namespace regatta::tracking
