#include "regatta/tracking/account.h"

#include <cctype>

namespace regatta::tracking {

std::string EntityNameProblem(std::string_view name) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  if (name.empty()) return "is empty";
  if (name.size() > 128) return "is longer than 128 characters";
  if (!is_word(name.front())) return "does not start with a letter or digit";
  for (const char c : name) {
    if (!is_word(c) && c != '-' && c != '_' && c != '.') {
      return "holds something else than letters, digits, '-', '_' and '.'";
    }
  }
  return "";
}

}  // namespace regatta::tracking
