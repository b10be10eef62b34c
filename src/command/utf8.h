// One step of reading UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace regatta::command {

struct Utf8Step {
  // Bytes read, at least 1. A byte that starts no valid sequence is one step with `is_valid` false
  // and its value in `character`.
  std::size_t length = 1;
  char32_t character = 0;
  bool is_valid = false;
};

// Requires: `at` < text.size().
Utf8Step ReadUtf8(std::string_view text, std::size_t at);

}  // namespace regatta::command
