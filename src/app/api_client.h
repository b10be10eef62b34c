// Questions to a running server: GraphQL over HTTP, as the person whose key was found.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "credentials.h"
#include "regatta/base/result.h"
#include "regatta/net/client.h"

namespace regatta::app {

// Not thread-safe.
class ApiClient {
 public:
  explicit ApiClient(Credentials credentials);

  const Credentials& credentials() const { return credentials_; }

  // The answer's `data`. Errors: those that the server names; kUnauthenticated, with what to do
  // about it; kUnavailable when the server is not reached.
  Result<nlohmann::json> Ask(std::string_view query, const nlohmann::json& variables = {});

  // Any other route; an answer that is not 2xx is an error.
  Result<nlohmann::json> Call(std::string_view method, std::string_view path);

  // A second connection with the same credentials, for an event stream.
  std::unique_ptr<net::HttpClient> NewConnection() const;

  // The entity that the key's owner works in when none is named; asked once.
  Result<std::string> DefaultEntity();

 private:
  Error Explain(Error error) const;

  Credentials credentials_;
  std::unique_ptr<net::HttpClient> http_;
  std::string default_entity_;
};

// ENTITY/PROJECT/NAME of a run or a sweep.
struct ItemPath {
  std::string entity;
  std::string project;
  std::string name;

  std::string text() const { return entity + "/" + project + "/" + name; }
};

// What --entity and --project say, else $WANDB_ENTITY and $WANDB_PROJECT; empty where nothing does.
struct Defaults {
  std::string entity;
  std::string project;
};
Defaults WithEnvironment(Defaults given, const Environment& environment);

// "id", "project/id" or "entity/project/id", completed from `defaults`; what stays empty is not
// known. Errors: kInvalidArgument.
Result<ItemPath> ParseItemPath(std::string_view text, const Defaults& defaults);
// "project" or "entity/project" for a project.
Result<ItemPath> ParseProjectPath(std::string_view text, const Defaults& defaults);

// The project of a command's argument with its entity, which is the person's own where nothing says
// otherwise. Errors: kInvalidArgument; without a project it names those that there are.
Result<ItemPath> LocateProject(ApiClient& client, std::string_view text, const Defaults& defaults,
                               std::string_view command);

enum class ItemKind : std::uint8_t { kRun, kSweep };

// Completes the path from the server: the entity is the person's own, the project the one of theirs
// that has the run or sweep. Errors: kNotFound; kFailedPrecondition when several projects have it.
Result<ItemPath> Locate(ApiClient& client, ItemKind kind, ItemPath path);

}  // namespace regatta::app
