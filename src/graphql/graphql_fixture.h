// A small service of runs that the tests of this module query.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "regatta/graphql/engine.h"

namespace regatta::graphql {

inline constexpr std::string_view kTestSdl = R"sdl(
scalar JSON
scalar Int64
interface Node { id: ID! }
"A tracked execution."
type Run implements Node {
  id: ID!
  name: String!
  state: String @deprecated(reason: "use status")
  status: Status
  tags: [String!]
  config(keys: [String!]): JSON
  steps: Int64
  best: Float
  broken: String
  brokenNonNull: String!
  sampled(specs: [JSON!]!): JSON
  later: String
  parent: Run
}
type Project implements Node { id: ID! runs(first: Int = 50): RunConnection }
union Thing = Run | Project
enum Status { RUNNING FINISHED }
type RunConnection { edges: [RunEdge!]! pageInfo: PageInfo! }
type RunEdge { node: Run! cursor: String! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
input Inner { a: Int! b: [Int!] = [1, 2] }
input UpsertInput { name: String tags: [String!] debug: Boolean = false inner: Inner minStep: Int64 }
type UpsertPayload { run: Run inserted: Boolean echo: String }
type Query {
  run(name: String): Run
  runs(count: Int!): [Run]
  node(id: ID!): Node
  thing(project: Boolean = false): Thing
  project: Project
  echo(i: Int, f: Float, s: String, b: Boolean, id: ID, e: Status, list: [Int], big: Int64, json: JSON, input: UpsertInput, need: String! = "d"): String
  strictRun: Run!
  strictList: [Run!]
  selected: Run
}
type Mutation { upsert(input: UpsertInput!): UpsertPayload bump: Int }
)sdl";

struct TestRun {
  std::string id = "1";
  std::string name = "one";
  std::optional<std::string> state = "running";
  std::vector<std::string> tags = {"a", "b"};
  std::int64_t steps = 5'000'000'000;
};
struct TestProject {
  std::string id = "p";
};
struct TestRequest {
  int bumps = 0;
};

inline void AddRunResolvers(ResolverMap& map) {
  map.Member("Run", "id", &TestRun::id);
  map.Member("Run", "name", &TestRun::name);
  map.Member("Run", "state", &TestRun::state);
  map.Member("Run", "tags", &TestRun::tags);
  map.Member("Run", "steps", &TestRun::steps);
  map.Field<TestRun>("Run", "status", [](const TestRun&) { return "RUNNING"; });
  map.Field<TestRun>("Run", "best", [](const TestRun&) { return 0.5; });
  map.Field<TestRun>("Run", "config",
                     [](const TestRun&) { return Resolved::Json(R"({"lr":1e-3})"); });
  map.Field<TestRun>("Run", "broken",
                     [](const TestRun&) -> Result<Resolved> { return NotFound("no such part"); });
  map.Field<TestRun>("Run", "brokenNonNull", [](const TestRun&) { return nullptr; });
  map.Field<TestRun>("Run", "sampled", [](const TestRun&, const FieldContext& field) {
    return Resolved(*field.args().Find("specs"));
  });
  map.Field<TestRun>("Run", "parent", [](const TestRun&, const FieldContext& field) {
    return Resolved::Object("Run", field.shared_parent<TestRun>());
  });
}

inline ResolverMap TestResolvers() {
  ResolverMap map;
  AddRunResolvers(map);
  const auto run = [](const FieldContext&) -> Result<Resolved> {
    return Resolved::Own("Run", TestRun{});
  };
  map.Add("Query", "run", run);
  map.Add("Query", "node", run);
  map.Add("Query", "strictRun", run);
  map.Add("Query", "strictList", [](const FieldContext&) -> Result<Resolved> {
    Resolved::Items items;
    items.push_back(Resolved::Own("Run", TestRun{}));
    return items;
  });
  map.Add("Query", "runs", [](const FieldContext& field) -> Result<Resolved> {
    Resolved::Items items;
    for (std::int64_t i = 0; i < field.args().IntOr("count", 0); ++i) {
      items.push_back(Resolved::Own("Run", TestRun{.id = std::to_string(i)}));
    }
    return items;
  });
  map.Add("Query", "thing", [](const FieldContext& field) -> Result<Resolved> {
    return field.args().BoolOr("project", false) ? Resolved::Own("Project", TestProject{})
                                                 : Resolved::Own("Run", TestRun{});
  });
  map.Add("Query", "project", [](const FieldContext&) -> Result<Resolved> {
    return Resolved::Own("Project", TestProject{});
  });
  map.Member("Project", "id", &TestProject::id);
  map.Add("Project", "runs", [](const FieldContext&) -> Result<Resolved> {
    Resolved::Items edges;
    edges.push_back(
        Record("RunEdge").Set("node", Resolved::Own("Run", TestRun{})).Set("cursor", "c"));
    return Record("RunConnection")
        .Set("edges", std::move(edges))
        .Set("pageInfo", Record("PageInfo").Set("hasNextPage", false));
  });
  map.Record("RunConnection", {"edges", "pageInfo"});
  map.Record("RunEdge", {"node", "cursor"});
  map.Record("PageInfo", {"hasNextPage", "endCursor"});
  map.Record("UpsertPayload", {"run", "inserted", "echo"});
  map.Add("Query", "echo", [](const FieldContext& field) -> Result<Resolved> {
    Resolved text = std::string();
    std::string out;
    for (const char* name : {"i", "f", "s", "b", "id", "e", "list", "big", "json", "input"}) {
      if (const Value* value = field.args().Find(name)) {
        out += std::string(name) + "=" + ToJson(*value) + ";";
      }
    }
    return out;
  });
  map.Add("Query", "selected", [](const FieldContext& field) -> Result<Resolved> {
    return Resolved::Own("Run", TestRun{.name = field.Selects("parent.name") ? "yes" : "no"});
  });
  map.Add("Mutation", "upsert", [](const FieldContext& field) -> Result<Resolved> {
    const Arguments input = field.input();
    std::string echo = input.Has("tags") ? (input.IsNull("tags") ? "null" : "set") : "absent";
    return Record("UpsertPayload")
        .Set("run", Resolved::Own("Run", TestRun{.name = input.StringOr("name", "?")}))
        .Set("inserted", input.Bool("debug"))
        .Set("echo", std::move(echo));
  });
  map.Add("Mutation", "bump", [](const FieldContext& field) -> Result<Resolved> {
    return ++field.request<TestRequest>().bumps;
  });
  return map;
}

inline std::unique_ptr<Engine> TestEngine(EngineOptions options = {}) {
  Result<Schema> schema = Schema::Parse(kTestSdl);
  EXPECT_TRUE(schema.has_value()) << (schema ? "" : schema.error().message);
  auto engine = Engine::Create(*std::move(schema), TestResolvers(), std::move(options));
  EXPECT_TRUE(engine.has_value()) << (engine ? "" : engine.error().message);
  return *std::move(engine);
}

// The body of the answer; `variables` is JSON.
inline std::string Ask(const Engine& engine, std::string query, std::string_view variables = "null",
                       std::string operation = "") {
  TestRequest context;
  Result<Value> sent = ParseJson(variables);
  EXPECT_TRUE(sent.has_value());
  return engine.Execute(Request{std::move(query), std::move(operation), *sent}, context).body;
}

// The message of the first error, empty if there is none.
inline std::string FirstError(std::string query, std::string_view variables = "null") {
  TestRequest context;
  const auto engine = TestEngine();
  return engine->Execute(Request{std::move(query), "", *ParseJson(variables)}, context)
      .error_message;
}

}  // namespace regatta::graphql
