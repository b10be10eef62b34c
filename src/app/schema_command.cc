// `regatta schema`: what the wire's schema holds and which fields are answered, for
// tools/compatibility.py.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "command_line.h"
#include "regatta/wandb/wire.h"

namespace regatta::app {
namespace {

constexpr const char* kIntrospection = R"gql({
  __schema {
    queryType { name } mutationType { name }
    types { name kind possibleTypes { name }
      fields { name type { name ofType { name ofType { name ofType { name } } } } } }
  }
})gql";

int PrintSchema() {
  const std::unique_ptr<graphql::Engine> engine = wandb::MakeEngine();
  const graphql::Response response = engine->Execute({.query = kIntrospection});
  nlohmann::json document = nlohmann::json::parse(response.body, nullptr, false);
  nlohmann::json unsupported = nlohmann::json::array();
  for (const graphql::FieldCoverage& field : engine->Coverage()) {
    if (!field.has_resolver) unsupported.push_back(fmt::format("{}.{}", field.type, field.field));
  }
  document["unsupported"] = std::move(unsupported);
  fmt::print("{}\n", document.dump());
  return kExitOk;
}

}  // namespace

void AddSchemaCommand(CLI::App& app, int& exit_code) {
  app.add_subcommand("schema", "Print the wire's schema and what of it is answered, as JSON")
      ->callback([&exit_code] { exit_code = PrintSchema(); });
}

}  // namespace regatta::app
