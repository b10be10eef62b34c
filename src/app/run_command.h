// What the commands of `regatta run` share.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api_client.h"
#include "person_command.h"
#include "regatta/base/error.h"
#include "regatta/base/result.h"

namespace regatta::app {

struct RunOptions : PersonOptions {
  std::string path;
  std::vector<std::string> paths;
  std::string filter = "{}";
  std::string order = "-created_at";
  std::vector<std::string> keys;
  std::int64_t limit = 50;
  bool follows = false;
  bool is_sure = false;
};

// A run as the server described it, and the connection that it was asked over.
struct FoundRun {
  std::unique_ptr<ApiClient> client;
  ItemPath path;
  nlohmann::json run;
};

// The run that a person named: ID, PROJECT/ID or ENTITY/PROJECT/ID. Errors: those of the server;
// kNotFound.
Result<FoundRun> FindRun(const RunOptions& options, const std::string& text);

// kNotFound, naming the run.
Error NoRun(const ItemPath& path);

// `regatta run history` and `regatta run logs`. The exit code.
int RunHistory(const RunOptions& options);
int RunLogs(const RunOptions& options);

}  // namespace regatta::app
