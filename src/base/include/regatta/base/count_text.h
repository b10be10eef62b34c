// Numbers of things, in sentences.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace regatta {

// "1 result", "0 results", "5 results".
inline std::string CountText(std::uint64_t count, std::string_view thing) {
  std::string text = std::to_string(count) + " " + std::string(thing);
  return count == 1 ? text : text + "s";
}

}  // namespace regatta
