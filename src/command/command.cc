#include "regatta/command/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "regatta/command/python_text.h"

namespace regatta::command {
namespace {

using Arguments = std::vector<std::string>;

bool IsEnvironmentNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// `${...}` at the start of a text: what stands between the braces, and how long the whole is.
struct Macro {
  std::string_view name;
  std::size_t length = 0;
};

std::optional<Macro> MacroAt(std::string_view text) {
  if (!text.starts_with("${")) {
    return std::nullopt;
  }
  const std::size_t end = text.find('}');
  if (end == text.npos) {
    return std::nullopt;
  }
  return Macro{.name = text.substr(2, end - 2), .length = end + 1};
}

// `${envvar:NAME}` or `${envvar:NAME:-default}`. Other spellings are no environment macros.
struct EnvironmentMacro {
  std::string_view name;
  std::optional<std::string_view> fallback;
};

std::optional<EnvironmentMacro> AsEnvironmentMacro(std::string_view macro_name) {
  constexpr std::string_view kPrefix = "envvar:";
  if (!macro_name.starts_with(kPrefix)) {
    return std::nullopt;
  }
  EnvironmentMacro result{.name = macro_name.substr(kPrefix.size()), .fallback = std::nullopt};
  const std::size_t mark = result.name.find(":-");
  if (mark != result.name.npos) {
    result.fallback = result.name.substr(mark + 2);
    result.name = result.name.substr(0, mark);
  }
  if (result.name.empty() || !std::ranges::all_of(result.name, IsEnvironmentNameCharacter)) {
    return std::nullopt;
  }
  return result;
}

Result<std::string> ExpandEnvironment(std::string_view item, EnvironmentLookup environment) {
  std::string out;
  for (std::size_t at = 0; at < item.size();) {
    const std::optional<Macro> macro = MacroAt(item.substr(at));
    const auto wanted = macro ? AsEnvironmentMacro(macro->name) : std::nullopt;
    if (!wanted) {
      out += item[at];
      ++at;
      continue;
    }
    const std::optional<std::string> value = environment(wanted->name);
    if (!value && !wanted->fallback) {
      return FailedPrecondition(
          fmt::format("command item \"{}\": the environment variable {} is not set: set it for the "
                      "agent, or write "
                      "${{envvar:{}:-default}}",
                      item, wanted->name, wanted->name));
    }
    out += value ? *value : std::string(*wanted->fallback);
    at += macro->length;
  }
  return out;
}

// How one `${args...}` macro writes a parameter.
struct ArgumentStyle {
  std::string_view macro;
  std::string_view prefix;
  enum Form { kEquals, kTwoArguments, kFlags, kNameOnly } form;
};

constexpr std::array<ArgumentStyle, 7> kArgumentStyles = {{
    {"args", "--", ArgumentStyle::kEquals},
    {"args_no_equals", "--", ArgumentStyle::kTwoArguments},
    {"args_no_hyphens", "", ArgumentStyle::kEquals},
    {"args_no_boolean_flags", "--", ArgumentStyle::kFlags},
    {"args_append_hydra", "+", ArgumentStyle::kEquals},
    {"args_override_hydra", "++", ArgumentStyle::kEquals},
    {"args_dict", "", ArgumentStyle::kNameOnly},
}};

template <typename Json>
class Expander {
 public:
  Expander(const Json& parameters, const CommandContext& context)
      : parameters_(parameters), context_(context) {}

  Result<void> Append(const std::string& item) {
    const std::optional<Macro> whole = MacroAt(item);
    if (whole && whole->length == item.size()) {
      return AppendMacro(item, whole->name);
    }
    const bool is_framed = item.starts_with("${") && item.ends_with('}');
    return AppendEmbedded(item, is_framed);
  }

  CommandLine Take() { return std::move(line_); }

 private:
  Result<void> AppendMacro(const std::string& item, std::string_view name) {
    for (const ArgumentStyle& style : kArgumentStyles) {
      if (style.macro == name) {
        AppendParameters(style);
        return Ok();
      }
    }
    if (name == "env" && context_.windows) {
      return Ok();
    }
    Result<std::optional<std::string>> value = Single(item, name);
    if (!value) {
      return std::move(value).error();
    }
    if (!*value) {
      return InvalidArgument(fmt::format(
          "command item \"{}\": there is no macro and no parameter \"{}\"", item, name));
    }
    line_.arguments.push_back(**std::move(value));
    return Ok();
  }

  // A longer item. One that upstream would drop (`is_framed`) must expand completely; in any other,
  // what is not known stays as it stands, for it may be meant for a shell.
  Result<void> AppendEmbedded(const std::string& item, bool is_framed) {
    std::string out;
    const std::string_view text = item;
    for (std::size_t at = 0; at < text.size();) {
      const std::optional<Macro> macro = MacroAt(text.substr(at));
      if (!macro) {
        out += text[at];
        ++at;
        continue;
      }
      Result<std::optional<std::string>> value = Single(item, macro->name);
      if (!value) {
        return std::move(value).error();
      }
      if (*value) {
        out += **value;
      } else if (is_framed) {
        return InvalidArgument(
            fmt::format("command item \"{}\": ${{{}}} does not yield exactly one argument, so it "
                        "must be an item of "
                        "its own: write one list item for each macro",
                        item, macro->name));
      } else {
        out += text.substr(at, macro->length);
        line_.warnings.push_back(fmt::format(
            "command item \"{}\": ${{{}}} is passed on as it stands", item, macro->name));
      }
      at += macro->length;
    }
    line_.arguments.push_back(std::move(out));
    return Ok();
  }

  // The one argument that `name` stands for; nullopt when it is none that yields exactly one.
  Result<std::optional<std::string>> Single(std::string_view item, std::string_view name) {
    if (name == "env" && !context_.windows) {
      return std::optional<std::string>("/usr/bin/env");
    }
    if (name == "interpreter") {
      return std::optional<std::string>("python");
    }
    if (name == "program") {
      if (context_.program.empty()) {
        return InvalidArgument(fmt::format(
            "command item \"{}\": the sweep has no program: add `program: train.py` to its file",
            item));
      }
      return std::optional<std::string>(context_.program);
    }
    if (name == "args_json") {
      return std::optional<std::string>(PythonJson(parameters_));
    }
    if (name == "args_json_file") {
      line_.uses_args_json_file = true;
      return std::optional<std::string>(context_.args_json_file);
    }
    if (const Json* parameter = FindParameter(parameters_, name)) {
      return std::optional<std::string>(PythonStr(*parameter));
    }
    const auto variable = context_.variables.find(name);
    if (variable != context_.variables.end()) {
      return std::optional<std::string>(variable->second);
    }
    return std::optional<std::string>();
  }

  // The parameter `name`; with dots, also the leaf of a group. A name that holds dots itself comes
  // first.
  static const Json* FindParameter(const Json& group, std::string_view name) {
    if (!group.is_object()) {
      return nullptr;
    }
    const auto exact = group.find(std::string(name));
    if (exact != group.end()) {
      return &*exact;
    }
    for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
      const auto inner = group.find(std::string(name.substr(0, dot)));
      if (inner != group.end()) {
        if (const Json* leaf = FindParameter(*inner, name.substr(dot + 1))) {
          return leaf;
        }
      }
    }
    return nullptr;
  }

  void AppendParameters(const ArgumentStyle& style) {
    for (const auto& [name, value] : parameters_.items()) {
      const std::string key = std::string(style.prefix) + name;
      const bool is_flag = style.form == ArgumentStyle::kFlags && value.is_boolean();
      if (style.form == ArgumentStyle::kNameOnly) {
        line_.arguments.push_back(key);
      } else if (style.form == ArgumentStyle::kTwoArguments) {
        line_.arguments.push_back(key);
        line_.arguments.push_back(PythonStr(value));
      } else if (!is_flag) {
        line_.arguments.push_back(key + "=" + PythonStr(value));
      } else if (value.template get<bool>()) {
        line_.arguments.push_back(key);
      }
    }
  }

  const Json& parameters_;
  const CommandContext& context_;
  CommandLine line_;
};

template <typename Json>
Result<CommandLine> Expand(std::span<const std::string> items, const Json& parameters,
                           const CommandContext& context, EnvironmentLookup environment) {
  if (!parameters.is_object()) {
    return InvalidArgument("the parameters of a run must be a mapping from name to value");
  }
  Expander<Json> expander(parameters, context);
  for (const std::string& item : items.empty() ? std::span(DefaultCommand()) : items) {
    const Result<std::string> with_environment = ExpandEnvironment(item, environment);
    if (!with_environment) {
      return with_environment.error();
    }
    if (Result<void> appended = expander.Append(*with_environment); !appended) {
      return std::move(appended).error();
    }
  }
  CommandLine line = expander.Take();
  if (line.arguments.empty() || line.arguments.front().empty()) {
    return InvalidArgument("the command names no program to run: its first argument is empty");
  }
  const bool has_null = std::ranges::any_of(line.arguments, [](const std::string& argument) {
    return argument.find('\0') != std::string::npos;
  });
  if (has_null) {
    return InvalidArgument(
        "the command has an argument with a NUL character, which cannot be passed");
  }
  return line;
}

template <typename Json>
Result<std::vector<std::string>> Items(const Json& command) {
  if (command.is_null()) {
    return DefaultCommand();
  }
  if (!command.is_array()) {
    return InvalidArgument(
        "\"command\" must be a list of arguments, as in [python, train.py, ${args}]");
  }
  std::vector<std::string> items;
  for (const auto& item : command) {
    if (item.is_structured()) {
      return InvalidArgument(fmt::format("\"command\": item {} is a collection, not a text: {}",
                                         items.size() + 1, PythonRepr(item)));
    }
    items.push_back(PythonStr(item));
  }
  return items.empty() ? DefaultCommand() : items;
}

}  // namespace

const std::vector<std::string>& DefaultCommand() {
  static const std::vector<std::string> command = {"${env}", "${interpreter}", "${program}",
                                                   "${args}"};
  return command;
}

Result<std::vector<std::string>> CommandItems(const nlohmann::json& command) {
  return Items(command);
}
Result<std::vector<std::string>> CommandItems(const nlohmann::ordered_json& command) {
  return Items(command);
}

Result<CommandLine> ExpandCommand(std::span<const std::string> items,
                                  const nlohmann::ordered_json& parameters,
                                  const CommandContext& context, EnvironmentLookup environment) {
  return Expand(items, parameters, context, environment);
}
Result<CommandLine> ExpandCommand(std::span<const std::string> items,
                                  const nlohmann::json& parameters, const CommandContext& context,
                                  EnvironmentLookup environment) {
  return Expand(items, parameters, context, environment);
}

}  // namespace regatta::command
