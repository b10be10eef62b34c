#include "regatta/tracking/row_picker.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "regatta/base/json_string.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/json_path.h"
#include "regatta/tracking/row_scanner.h"

namespace regatta::tracking {

std::size_t KeyFinder::Add(const std::string& key) {
  if (const auto known = places_.find(key); known != places_.end()) return known->second;
  const std::size_t place = keys_.size();
  places_.emplace(keys_.emplace_back(key), place);
  return place;
}

bool KeyFinder::Find(std::string_view row, std::vector<std::string_view>& values) const {
  values.assign(keys_.size(), {});
  const bool is_row = ScanRow(row, [&](const RowMember& member) {
    const bool is_escaped = member.key.find('\\') != std::string_view::npos;
    const std::string decoded = is_escaped ? DecodeJsonText(member.key) : std::string();
    const std::string_view name = is_escaped ? std::string_view(decoded) : member.key;
    if (keys_.size() <= kFewKeys) {
      for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (keys_[i] == name) values[i] = member.value;
      }
    } else if (const auto place = places_.find(name); place != places_.end()) {
      values[place->second] = member.value;
    }
  });
  if (!is_row) return false;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!values[i].empty() || keys_[i].find('.') == std::string::npos) continue;
    values[i] = FindAtPath(row, keys_[i]).value_or(std::string_view());
  }
  return true;
}

RowPicker::RowPicker(std::vector<std::string> keys) {
  for (std::string& key : keys) {
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) continue;
    quoted_keys_.push_back(JsonString(key) + ":");
    finder_.Add(key);
    keys_.push_back(std::move(key));
  }
}

bool RowPicker::Find(std::string_view row, std::vector<std::string_view>& values) const {
  return finder_.Find(row, values) &&
         std::none_of(values.begin(), values.end(), [](auto value) { return value.empty(); });
}

std::optional<std::string> RowPicker::Pick(std::string_view row) const {
  std::vector<std::string_view> values;
  if (!Find(row, values)) return std::nullopt;
  std::string picked;
  PickFound(values, picked);
  return picked;
}

double NumberOf(std::string_view value) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_number = error == std::errc() && end == value.data() + value.size();
  return is_number ? number : std::numeric_limits<double>::quiet_NaN();
}

void RowPicker::PickFound(std::span<const std::string_view> values, std::string& out) const {
  out += '{';
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (i > 0) out += ',';
    out += quoted_keys_[i];
    out += QuoteBareNumbers(values[i]);
  }
  out += '}';
}

void EvenSampler::Add(std::string item) {
  AddBy([&](std::string& text) { text = std::move(item); });
}

void EvenSampler::AddBy(FunctionRef<void(std::string&)> write) {
  last_.clear();
  if (seen_++ % stride_ != 0) return write(last_);
  write(items_.emplace_back());
  if (kept_max_ == 0 || items_.size() < kept_max_ * kSlack) return;
  // Every other item goes, and from now on every other one is not even kept.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < items_.size(); i += 2) {
    if (kept != i) items_[kept] = std::move(items_[i]);
    ++kept;
  }
  if (items_.size() % 2 == 0) last_ = std::move(items_.back());
  items_.resize(kept);
  stride_ *= 2;
}

std::vector<std::string> EvenSampler::TakeSample() {
  if (!last_.empty()) items_.push_back(std::move(last_));
  if (kept_max_ == 0 || items_.size() <= kept_max_) return std::move(items_);
  std::vector<std::string> sample;
  for (const std::size_t position : EvenPositions(items_.size(), kept_max_)) {
    sample.push_back(std::move(items_[position]));
  }
  return sample;
}

std::vector<std::size_t> EvenPositions(std::size_t count, std::size_t kept_max) {
  std::vector<std::size_t> positions;
  const std::size_t kept = std::min(count, kept_max);
  positions.reserve(kept);
  if (kept == 1) positions.push_back(0);
  for (std::size_t i = 0; kept > 1 && i < kept; ++i) {
    // Of 64-bit counts the product may need more bits.
    using Wide = unsigned __int128;
    positions.push_back(static_cast<std::size_t>(Wide{i} * (count - 1) / (kept - 1)));
  }
  return positions;
}

}  // namespace regatta::tracking
