#include "sweep_command.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "regatta/command/command.h"

namespace regatta::agent {
namespace {

using Json = nlohmann::ordered_json;

bool IsOneOf(std::string_view text, const std::array<std::string_view, 12>& words) {
  return std::ranges::find(words, text) != words.end();
}

// A plain scalar that YAML 1.1 takes for a bool or null reads as Python prints it; all others keep
// their spelling, which is also how Python prints the numbers that stand in command lines.
Json ItemOf(const YAML::Node& node) {
  if (!node.IsScalar()) {
    return node.IsNull() ? Json() : Json::array();
  }
  const std::string& text = node.Scalar();
  const bool is_plain = node.Tag() == "?";
  constexpr std::array<std::string_view, 12> kTrue = {"true", "True", "TRUE", "yes", "Yes",
                                                      "YES",  "on",   "On",   "ON"};
  constexpr std::array<std::string_view, 12> kFalse = {"false", "False", "FALSE", "no", "No",
                                                       "NO",    "off",   "Off",   "OFF"};
  if (is_plain && !text.empty() && IsOneOf(text, kTrue)) {
    return true;
  }
  if (is_plain && !text.empty() && IsOneOf(text, kFalse)) {
    return false;
  }
  return text;
}

}  // namespace

Result<std::vector<std::string>> CommandItemsOfSweep(const std::string& config_yaml) {
  try {
    const YAML::Node config = YAML::Load(config_yaml);
    const YAML::Node command = config.IsMap() ? config["command"] : YAML::Node();
    if (!command || command.IsNull()) {
      return command::CommandItems(Json());
    }
    if (!command.IsSequence()) {
      return command::CommandItems(Json(command.IsScalar() ? command.Scalar() : "mapping"));
    }
    Json items = Json::array();
    for (const YAML::Node& item : command) {
      items.push_back(ItemOf(item));
    }
    return command::CommandItems(items);
  } catch (const YAML::Exception& error) {
    return InvalidArgument(fmt::format("its file cannot be read: {}", error.what()));
  }
}

}  // namespace regatta::agent
