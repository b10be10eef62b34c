#include "regatta/command/parameter_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "regatta/base/utf8.h"
#include "regatta/command/python_text.h"

namespace regatta::command {
namespace {

using Json = nlohmann::ordered_json;

// A double-quoted YAML scalar in ASCII. Each character is one escape: PyYAML does not join
// surrogates.
std::string YamlQuoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = ReadUtf8(text, at);
    at += step.length;
    const auto number = static_cast<std::uint32_t>(step.character);
    if (number == '"' || number == '\\') {
      out += '\\';
      out += static_cast<char>(number);
    } else if (number >= 0x20 && number < 0x7F) {
      out += static_cast<char>(number);
    } else if (number == '\n') {
      out += "\\n";
    } else if (number < 0x100) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", number);
    } else if (number < 0x10000) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", number);
    } else {
      fmt::format_to(std::back_inserter(out), "\\U{:08x}", number);
    }
  }
  return out + '"';
}

// Plain where nothing else can be read into it: an ASCII word that YAML 1.1 takes for no bool or
// null.
std::string YamlKey(std::string_view key) {
  constexpr std::array<std::string_view, 10> kReserved = {"y",   "n",    "yes",   "no",   "on",
                                                          "off", "true", "false", "null", "nan"};
  std::string lower(key);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const bool is_word = !lower.empty() && lower[0] >= 'a' && lower[0] <= 'z' && lower.size() <= 64 &&
                       std::ranges::all_of(lower, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                       });
  if (is_word && std::ranges::find(kReserved, lower) == kReserved.end()) {
    return std::string(key);
  }
  // A simple key may be 1024 characters long; a longer one is marked.
  const std::string quoted = YamlQuoted(key);
  return quoted.size() > 1000 ? "? " + quoted + "\n" : quoted;
}

std::string YamlFloat(double value) {
  if (std::isnan(value)) {
    return ".nan";
  }
  if (std::isinf(value)) {
    return value > 0 ? ".inf" : "-.inf";
  }
  // YAML 1.1 reads a float only with a point in it: 1e-05 would be a string.
  std::string text = PythonFloat(value);
  const std::size_t exponent = text.find('e');
  if (exponent != text.npos && text.find('.') == text.npos) {
    text.insert(exponent, ".0");
  }
  return text;
}

std::string YamlScalar(const Json& value) {
  if (value.is_string()) {
    return YamlQuoted(value.get_ref<const std::string&>());
  }
  if (value.is_number_float()) {
    return YamlFloat(value.get<double>());
  }
  return value.dump();
}

void AppendFlow(std::string& out, const Json& value) {
  if (!value.is_structured()) {
    out += YamlScalar(value);
    return;
  }
  out += value.is_array() ? '[' : '{';
  const char* separator = "";
  for (const auto& [key, item] : value.items()) {
    out += separator;
    if (value.is_object()) {
      out += YamlQuoted(key) + ": ";
    }
    AppendFlow(out, item);
    separator = ", ";
  }
  out += value.is_array() ? ']' : '}';
}

// "key:" and its value at `indent`: mappings and lists of scalars as blocks, what lies in lists as
// flow.
void AppendEntry(std::string& out, std::string_view key, const Json& value, std::size_t indent) {
  const std::string margin(indent, ' ');
  out += margin + YamlKey(key);
  if (out.ends_with('\n')) {
    out += margin;
  }
  out += ':';
  if (value.is_object() && !value.empty()) {
    out += '\n';
    for (const auto& [name, item] : value.items()) {
      AppendEntry(out, name, item, indent + 2);
    }
  } else if (value.is_array() && !value.empty()) {
    out += '\n';
    for (const Json& item : value) {
      out += margin + "- ";
      AppendFlow(out, item);
      out += '\n';
    }
  } else {
    out += ' ';
    AppendFlow(out, value);
    out += '\n';
  }
}

}  // namespace

Result<Json> PlainParameters(const Json& args) {
  if (!args.is_object()) {
    return InvalidArgument("the run's \"args\" must be a mapping from name to {\"value\": ...}");
  }
  Json plain = Json::object();
  for (const auto& [name, entry] : args.items()) {
    if (name == "_wandb") {
      continue;
    }
    if (!entry.is_object() || !entry.contains("value")) {
      return InvalidArgument(fmt::format("the run's parameter \"{}\" has no \"value\"", name));
    }
    plain[name] = entry["value"];
  }
  return plain;
}

std::string ParameterFile(const Json& parameters) {
  std::string out = "wandb_version: 1\n\n";
  for (const auto& [name, value] : parameters.items()) {
    AppendEntry(out, name, Json{{"value", value}}, 0);
  }
  return out;
}

}  // namespace regatta::command
