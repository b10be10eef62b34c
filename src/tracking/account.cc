#include "regatta/tracking/account.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace regatta::tracking {

namespace {

// Pages of the server, and what it answers itself: an entity's page, /NAME, would not be reachable.
constexpr std::array<std::string_view, 13> kReserved = {
    "api",     "artifacts", "artifactsV2", "assets", "authorize", "files",      "graphql",
    "healthz", "login",     "metrics",     "ready",  "settings",  "favicon.svg"};

}  // namespace

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
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
    return "is a page of the server itself; choose another one";
  }
  return "";
}

}  // namespace regatta::tracking
