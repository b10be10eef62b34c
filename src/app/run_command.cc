#include "run_command.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace regatta::app {

using nlohmann::json;

namespace {

constexpr std::string_view kRunQuery = R"(
query Run($entity: String, $project: String, $name: String!) {
  project(name: $project, entityName: $entity) { run(name: $name) {
    id name displayName state createdAt heartbeatAt updatedAt computeSeconds historyLineCount logLineCount
    sweepName group jobType tags notes host program commit exitcode why config summaryMetrics
    user { username }
  } }
})";

Result<json> AskForRun(ApiClient& client, const ItemPath& path) {
  const Result<json> answer = client.Ask(
      kRunQuery, {{"entity", path.entity}, {"project", path.project}, {"name", path.name}});
  if (!answer) return answer.error();
  json run = answer->value("/project/run"_json_pointer, json());
  if (!run.is_object()) return NoRun(path);
  return run;
}

}  // namespace

Error NoRun(const ItemPath& path) {
  return NotFound(fmt::format("there is no run {}: `regatta run ls {}/{}` lists those there are",
                              path.text(), path.entity, path.project));
}

Result<FoundRun> FindRun(const RunOptions& options, const std::string& text) {
  FoundRun found;
  Result<ItemPath> given = ParseItemPath(text, options.defaults());
  if (!given) return given.error();
  Result<std::unique_ptr<ApiClient>> client = Connect(options);
  if (!client) return client.error();
  found.client = *std::move(client);
  Result<ItemPath> path = Locate(*found.client, ItemKind::kRun, *std::move(given));
  if (!path) return path.error();
  found.path = *std::move(path);
  Result<json> run = AskForRun(*found.client, found.path);
  if (!run) return run.error();
  found.run = *std::move(run);
  return found;
}

}  // namespace regatta::app
