// What metrics a history holds: their types, last values and whether they only grow.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace regatta::tracking {

// Grows row by row, so a longer history costs only its new rows. Keys are dotted: a nested object
// counts by its members, a media object (one with `_type`) as a value of that type.
class HistoryKeys {
 public:
  // False if `row` is no row; nothing is counted then.
  bool Add(std::string_view row);

  std::size_t size() const { return keys_.size(); }

  // {"keys":{"loss":{"typeCounts":[{"type":"number","count":12}],"monotonic":false,
  // "previousValue":0.1}},"sets":[],"lastStep":11}, strict JSON.
  std::string ToJson(std::int64_t last_step) const;

 private:
  struct Key {
    std::map<std::string, std::int64_t> type_counts;
    bool monotonic = true;  // numbers that never fall
    double last_number = 0;
    std::string last_value;  // strict JSON; empty where it is large or an object
  };
  void AddObject(const std::string& prefix, std::string_view object, int depth);
  void AddValue(const std::string& name, std::string_view value, int depth);

  // More keys than this in one run are not told apart: the answer stays of a size that can be sent.
  static constexpr std::size_t kKeysMax = 20'000;
  static constexpr std::size_t kValueBytesMax = 256;

  std::map<std::string, Key, std::less<>> keys_;
};

}  // namespace regatta::tracking
