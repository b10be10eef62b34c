#include "regatta/tracking/run_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "run_field.h"

namespace regatta::tracking {

using Kind = FieldValue::Kind;

struct RunOrder::Key {
  RunField field;
  bool descending = false;
};

namespace {

constexpr std::size_t kKeysMax = 16;

// Values of a lower rank come first, whatever the direction.
int RankOf(const FieldValue& value) {
  switch (value.kind) {
    case Kind::kNumber:
      return std::isnan(value.number) ? 4 : 0;
    case Kind::kText:
      return 1;
    case Kind::kBool:
      return 2;
    case Kind::kDocument:
      return 3;
    default:
      return 5;
  }
}

// Times as numbers and tags as one text, so that few kinds are left to compare.
FieldValue Simplify(FieldValue value) {
  if (value.kind == Kind::kTime) return FieldValue::Whole(ToMicros(value.time));
  if (value.kind == Kind::kTexts) {
    return FieldValue::Text(fmt::format("{}", fmt::join(*value.texts, ",")));
  }
  return value;
}

int Compare(const FieldValue& a, const FieldValue& b, bool descending) {
  const int rank = RankOf(a);
  if (rank != RankOf(b)) return rank < RankOf(b) ? -1 : 1;
  int order = 0;
  if (rank == 0) order = CompareNumbers(a, b);
  if (rank == 1 || rank == 3) order = a.text.compare(b.text);
  if (rank == 2) order = int{a.boolean} - int{b.boolean};
  return descending ? -order : order;
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

Result<RunOrder> RunOrder::Parse(std::string_view order) {
  std::vector<Key> keys;
  for (std::size_t at = 0; at <= order.size();) {
    const std::size_t comma = std::min(order.find(',', at), order.size());
    std::string_view part = Trim(order.substr(at, comma - at));
    at = comma + 1;
    if (part.empty()) continue;
    const bool descending = part.front() == '-';
    if (part.front() == '-' || part.front() == '+') part = Trim(part.substr(1));
    Key key{.field = RunField(part), .descending = descending};
    if (!key.field.is_known()) {
      return InvalidArgument(fmt::format("order: \"{}\" is no field of a run; known are {}",
                                         part.substr(0, 100), RunField::KnownNames()));
    }
    if (keys.size() == kKeysMax) {
      return InvalidArgument(fmt::format("order: more than {} keys", kKeysMax));
    }
    keys.push_back(std::move(key));
  }
  RunOrder parsed;
  if (!keys.empty()) parsed.keys_ = std::make_shared<const std::vector<Key>>(std::move(keys));
  return parsed;
}

bool RunOrder::is_by_creation() const {
  // Runs are created one after the other, so nothing can tie.
  return keys_ == nullptr || keys_->front().field.is_creation();
}

bool RunOrder::newest_first() const { return keys_ != nullptr && keys_->front().descending; }

const std::vector<RunOrder::Key>& RunOrder::keys() const {
  static const std::vector<Key> kNone;
  return keys_ == nullptr ? kNone : *keys_;
}

struct RunSorter::Entry {
  RunId run{};
  std::vector<FieldValue> values;
};

RunSorter::RunSorter(RunOrder order) : order_(std::move(order)) {}
RunSorter::~RunSorter() = default;

void RunSorter::Add(const Run& run, const RunSurroundings& around) {
  Entry entry{.run = run.id, .values = {}};
  if (!order_.is_by_creation()) {
    for (const RunOrder::Key& key : order_.keys()) {
      entry.values.push_back(Simplify(key.field.Read(run, around)));
    }
  }
  entries_.push_back(std::move(entry));
}

std::vector<RunId> RunSorter::TakeSorted() {
  if (!order_.is_by_creation()) {
    const std::vector<RunOrder::Key>& keys = order_.keys();
    std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const int order = Compare(a.values[i], b.values[i], keys[i].descending);
        if (order != 0) return order < 0;
      }
      return ToInt(a.run) < ToInt(b.run);
    });
  } else if (order_.newest_first()) {
    std::reverse(entries_.begin(), entries_.end());
  }
  std::vector<RunId> sorted;
  sorted.reserve(entries_.size());
  for (const Entry& entry : entries_) sorted.push_back(entry.run);
  entries_.clear();
  return sorted;
}

}  // namespace regatta::tracking
