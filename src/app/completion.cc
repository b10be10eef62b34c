#include "completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace regatta::app {
namespace {

// One command: the words before it ("run ls"), and what may come next.
struct Place {
  std::string path;
  std::vector<std::pair<std::string, std::string>> commands;  // name, help
  std::vector<std::pair<std::string, std::string>> options;   // "--limit", help
};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void Collect(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
  const std::size_t at = places.size();
  places.push_back({.path = path, .commands = {}, .options = {}});
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      places[at].options.emplace_back("--" + name, FirstLine(option->get_description()));
    }
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    places[at].commands.emplace_back(command->get_name(), FirstLine(command->get_description()));
    Collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(),
            places);
  }
}

std::string Words(const Place& place) {
  std::string words;
  for (const auto& [name, help] : place.commands) words += (words.empty() ? "" : " ") + name;
  for (const auto& [name, help] : place.options) words += (words.empty() ? "" : " ") + name;
  return words;
}

// Lines `PATH) offered="..." ;;` of a case over the words typed so far.
std::string CaseLines(const std::vector<Place>& places) {
  std::string text;
  for (const Place& place : places) {
    text += fmt::format("    '{}') offered='{}' ;;\n", place.path, Words(place));
  }
  return text;
}

// The words that are commands, in order, make up the path; so options may stand anywhere.
std::string Bash(const std::vector<Place>& places) {
  std::string known;
  for (const Place& place : places) {
    known += fmt::format("      '{}') path=$next ;;\n", place.path);
  }
  return fmt::format(R"(# bash completion of regatta: source <(regatta completion bash)
_regatta() {{
  local path='' next word offered='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    next="${{path:+$path }}$word"
    case "$next" in
{}    esac
  done
  case "$path" in
{}  esac
  COMPREPLY=($(compgen -W "$offered" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _regatta regatta
)",
                     known, CaseLines(places));
}

std::string Zsh(const std::vector<Place>& places) {
  std::string known;
  for (const Place& place : places) {
    known += fmt::format("      '{}') path_so_far=$next ;;\n", place.path);
  }
  return fmt::format(R"(#compdef regatta
# zsh completion of regatta: source <(regatta completion zsh)
_regatta() {{
  local path_so_far="" next word
  for word in ${{words[2,CURRENT-1]}}; do
    next="${{path_so_far:+$path_so_far }}$word"
    case "$next" in
{}    esac
  done
  local offered=''
  case "$path_so_far" in
{}  esac
  compadd -- ${{=offered}}
  _files
}}
compdef _regatta regatta
)",
                     known, CaseLines(places));
}

std::string FishQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + "'";
}

std::string Fish(const std::vector<Place>& places) {
  std::string text = R"(# fish completion of regatta: regatta completion fish | source
function __regatta_at
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$path $word")
    contains -- "$next" $__regatta_paths; and set path $next
  end
  test "$path" = "$argv"
end
set -g __regatta_paths)";
  for (const Place& place : places) {
    if (!place.path.empty()) text += " " + FishQuoted(place.path);
  }
  text += "\n";
  for (const Place& place : places) {
    const std::string condition = FishQuoted("__regatta_at " + place.path);
    for (const auto& [name, help] : place.commands) {
      text += fmt::format("complete -c regatta -f -n {} -a {} -d {}\n", condition, name,
                          FishQuoted(help));
    }
    for (const auto& [name, help] : place.options) {
      text += fmt::format("complete -c regatta -n {} -l {} -d {}\n", condition, name.substr(2),
                          FishQuoted(help));
    }
  }
  return text;
}

}  // namespace

Result<std::string> CompletionScript(const CLI::App& app, std::string_view shell) {
  std::vector<Place> places;
  Collect(app, "", places);
  if (shell == "bash") return Bash(places);
  if (shell == "zsh") return Zsh(places);
  if (shell == "fish") return Fish(places);
  return InvalidArgument(fmt::format("no completion for \"{}\": choose bash, zsh or fish", shell));
}

}  // namespace regatta::app
