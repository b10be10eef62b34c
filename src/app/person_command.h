// What the person's commands have in common: options, credentials, how failures end.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "api_client.h"
#include "regatta/base/error.h"
#include "terminal.h"

namespace regatta::app {

struct PersonOptions {
  std::string server;
  std::string entity;
  std::string project;
  bool as_json = false;

  Defaults defaults() const {
    return WithEnvironment({.entity = entity, .project = project}, ProcessEnvironment());
  }
};

// --server and --json; with `has_project` also --entity and --project.
void AddPersonOptions(CLI::App& command, const std::shared_ptr<PersonOptions>& options,
                      bool has_project);

// Prints the message and returns the exit code that fits it.
int Fail(const Error& error);
int ExitCodeOf(ErrorCode code);

// A client with the credentials that were found.
Result<std::unique_ptr<ApiClient>> Connect(const PersonOptions& options);

// Indented, ending in a line break; bytes that are not UTF-8 are replaced.
void PrintJson(const nlohmann::json& document);

// A field of an answer; null and missing are the fallback.
std::string TextOf(const nlohmann::json& object, const char* key, std::string fallback = "");
std::int64_t CountOf(const nlohmann::json& object, const char* key);
// The nodes of {"edges":[{"node":...}]}.
std::vector<nlohmann::json> NodesOf(const nlohmann::json& connection);
// A JSONString field as what it holds; an empty object when it holds none.
nlohmann::json DocumentOf(const nlohmann::json& object, const char* key);
// A value for people: strings without quotes, numbers short, the rest as JSON.
std::string ShortText(const nlohmann::json& value);
// "2026-01-02T03:04:05Z" as "3 min ago"; empty stays empty.
std::string AgeText(const std::string& time);

// Asks on the terminal, where "y" or "yes" means yes. Without a terminal: no, with what to do.
bool Confirm(const std::string& question, bool is_sure);

}  // namespace regatta::app
