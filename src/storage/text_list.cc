#include "text_list.h"

#include <nlohmann/json.hpp>

namespace regatta::storage {

std::string TextsToJson(const std::vector<std::string>& texts) {
  return texts.empty() ? std::string() : nlohmann::json(texts).dump();
}

std::vector<std::string> TextsFromJson(std::string_view json) {
  if (json.empty()) return {};
  return nlohmann::json::parse(json, nullptr, false).get<std::vector<std::string>>();
}

}  // namespace regatta::storage
