// Any document against a schema: validation and, when it passes, execution end with an answer that
// is valid JSON, within the engine's limits.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "regatta/graphql/engine.h"

namespace {

using namespace regatta;
using namespace regatta::graphql;

constexpr std::string_view kSdl = R"sdl(
scalar JSON
interface Node { id: ID! }
type Run implements Node { id: ID! name: String strict: String! parent: Run list: [Run!] config(keys: [String!]): JSON }
type Other implements Node { id: ID! name: Int! }
union Thing = Run | Other
enum E { A B }
input In { a: Int! b: [Int!] = [1] c: In e: E }
type Query { run(name: String, in: In): Run node: Node thing: Thing runs(count: Int! = 2): [Run] }
type Mutation { set(in: In!): Run }
)sdl";

std::unique_ptr<Engine> MakeEngine() {
  ResolverMap map;
  const auto run = [](const FieldContext&) -> Result<Resolved> {
    return Resolved::Own("Run", int{1});
  };
  for (const char* field : {"run", "node", "thing"}) {
    map.Add("Query", field, run);
  }
  map.Add("Mutation", "set", run);
  const auto list = [](const FieldContext&) -> Result<Resolved> {
    return std::vector<Resolved>(2, Resolved::Own("Run", int{1}));
  };
  map.Add("Query", "runs", list);
  map.Add("Run", "list", list);
  map.Add("Run", "parent", run);
  map.Field<int>("Run", "id", [](const int& id) { return id; });
  map.Field<int>("Run", "name", [](const int&) { return "n"; });
  map.Field<int>("Run", "strict", [](const int&) { return nullptr; });
  map.Field<int>("Run", "config", [](const int&) { return Resolved::Json("{}"); });
  EngineOptions options;
  options.max_fields = 2'000;
  options.cache_bytes = 1 << 20;
  return *Engine::Create(*Schema::Parse(kSdl), std::move(map), options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Engine> engine = MakeEngine();
  Request request;
  request.query.assign(reinterpret_cast<const char*>(data), size);
  const Response response = engine->Execute(request);
  if (!ParseJson(response.body)) {
    std::abort();
  }
  return 0;
}
