// Chosen keys of rows: what charts and scans of single metrics read.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "regatta/base/function_ref.h"

namespace regatta::tracking {

// Finds the values of any number of keys in one reading of a row.
class KeyFinder {
 public:
  KeyFinder() = default;
  KeyFinder(KeyFinder&&) noexcept = default;
  KeyFinder& operator=(KeyFinder&&) noexcept = default;

  // The place of the key's value in what Find gives; one that is there already keeps its place.
  // Keys are dotted as FindAtPath has them.
  std::size_t Add(const std::string& key);

  // The values by place, as they are written in the row; empty where it lacks the key.
  // False if `row` is no row.
  bool Find(std::string_view row, std::vector<std::string_view>& values) const;

 private:
  // So few are compared one by one.
  static constexpr std::size_t kFewKeys = 8;

  std::deque<std::string> keys_;
  std::unordered_map<std::string_view, std::size_t> places_;  // of keys_
};

class RowPicker {
 public:
  // Keys are dotted as FindAtPath has them; repeated ones count once.
  explicit RowPicker(std::vector<std::string> keys);

  const std::vector<std::string>& keys() const { return keys_; }

  // The row of only these keys, in their order, as strict JSON: NaN and infinities as the texts
  // "NaN", "Infinity", "-Infinity". Nothing if `row` lacks one of the keys. Reads the row once.
  std::optional<std::string> Pick(std::string_view row) const;

  // Appends the same for values that were found already, in the order of the keys, all present.
  void PickFound(std::span<const std::string_view> values, std::string& out) const;

  // The values alone, in the order of the keys, as they are written in the row.
  // False if `row` lacks one of them.
  bool Find(std::string_view row, std::vector<std::string_view>& values) const;

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> quoted_keys_;  // "key":
  KeyFinder finder_;
};

// The number that a row's value is written as; NaN for what is none, such as the text "NaN".
double NumberOf(std::string_view value);

// Keeps about evenly spaced items of a sequence whose length is not known beforehand, the first and
// the last always among them.
class EvenSampler {
 public:
  // `kept_max`: how many items TakeSample answers at most; 0 means all.
  explicit EvenSampler(std::size_t kept_max) : kept_max_(kept_max) {}

  void Add(std::string item);
  // The same for an item that `write` appends to the text that it is given.
  void AddBy(FunctionRef<void(std::string&)> write);
  std::vector<std::string> TakeSample();

 private:
  // Enough that the final choice is even to a sixteenth of its spacing.
  static constexpr std::size_t kSlack = 16;

  const std::size_t kept_max_;
  std::vector<std::string> items_;
  std::string last_;
  std::size_t seen_ = 0;
  std::size_t stride_ = 1;
};

// Which of `count` items to take so that `kept_max` remain, evenly, first and last among them.
std::vector<std::size_t> EvenPositions(std::size_t count, std::size_t kept_max);

}  // namespace regatta::tracking
