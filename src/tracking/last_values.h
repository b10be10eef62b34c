// The last value of each key in some rows, as a summary.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "regatta/tracking/row_scanner.h"

namespace regatta::tracking {

// Takes time in proportion to the rows: of a fork it happens inside the Write.
class LastValues {
 public:
  void Add(std::string_view row) {
    (void)ScanRow(row, [&](const RowMember& member) {
      auto place = places_.find(member.key);
      if (place == places_.end()) {
        place = places_.emplace(member.key, members_.size()).first;
        members_.emplace_back(member.key, "");
      }
      members_[place->second].second = member.value;
    });
  }
  std::string Summary() const {
    std::string text = "{";
    for (const auto& [key, value] : members_) {
      if (text.size() > 1) text += ',';
      text += fmt::format("\"{}\":{}", key, value);
    }
    return text + "}";
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::vector<std::pair<std::string, std::string>> members_;  // in the order in which keys came
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> places_;
};

}  // namespace regatta::tracking
