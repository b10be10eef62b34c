// What one request costs: a mutation as training programs send it, and a listing of a thousand
// runs.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "regatta/base/json_string.h"
#include "regatta/graphql/engine.h"

namespace regatta::graphql {
namespace {

constexpr std::string_view kSdl = R"sdl(
scalar JSONString
type Query { runs(first: Int): RunConnection }
type Mutation { upsertBucket(input: UpsertBucketInput!): UpsertBucketPayload }
input UpsertBucketInput { id: String name: String modelName: String entityName: String groupName: String
  description: String displayName: String notes: String commit: String config: JSONString host: String
  debug: Boolean jobProgram: String jobRepo: String jobType: String state: String sweep: String
  tags: [String!] summaryMetrics: JSONString }
type UpsertBucketPayload { bucket: Run inserted: Boolean }
type Run { id: ID! name: String! displayName: String description: String config: JSONString
  sweepName: String state: String project: Project historyLineCount: Int }
type Project { id: ID! name: String! entity: Entity }
type Entity { id: ID! name: String! }
type RunConnection { edges: [RunEdge!]! }
type RunEdge { node: Run! cursor: String! }
)sdl";

constexpr std::string_view kUpsert = R"(mutation UpsertBucket($id: String, $name: String,
  $project: String, $entity: String, $groupName: String, $description: String, $displayName: String,
  $notes: String, $commit: String, $config: JSONString, $host: String, $debug: Boolean, $program: String,
  $repo: String, $jobType: String, $state: String, $sweep: String, $tags: [String!],
  $summaryMetrics: JSONString) {
  upsertBucket(input: {id: $id, name: $name, groupName: $groupName, modelName: $project,
    entityName: $entity, description: $description, displayName: $displayName, notes: $notes,
    config: $config, commit: $commit, host: $host, debug: $debug, jobProgram: $program, jobRepo: $repo,
    jobType: $jobType, state: $state, sweep: $sweep, tags: $tags, summaryMetrics: $summaryMetrics}) {
    bucket { id name displayName description config sweepName project { id name entity { id name } }
      historyLineCount }
    inserted } })";

struct BenchRun {
  std::string id = "UnVuOnYxOjEyMw==";
  std::string name = "ab12cd34";
  std::string display_name = "calm-tree-1";
  std::string config = R"({"lr":{"value":0.001},"optimizer":{"value":"adam"}})";
  std::string state = "running";
  int line_count = 100;
};

std::unique_ptr<Engine> MakeEngine(std::size_t cache_bytes) {
  ResolverMap map;
  map.Member("Run", "id", &BenchRun::id);
  map.Member("Run", "name", &BenchRun::name);
  map.Member("Run", "displayName", &BenchRun::display_name);
  map.Member("Run", "config", &BenchRun::config);
  map.Member("Run", "state", &BenchRun::state);
  map.Member("Run", "historyLineCount", &BenchRun::line_count);
  map.Field<BenchRun>("Run", "description", [](const BenchRun&) { return nullptr; });
  map.Field<BenchRun>("Run", "sweepName", [](const BenchRun&) { return nullptr; });
  map.Field<BenchRun>("Run", "project", [](const BenchRun&) {
    return Record("Project")
        .Set("id", "UDox")
        .Set("name", "p")
        .Set("entity", Record("Entity").Set("id", "RTox").Set("name", "e"));
  });
  map.Record("Project", {"id", "name", "entity"});
  map.Record("Entity", {"id", "name"});
  map.Record("UpsertBucketPayload", {"bucket", "inserted"});
  map.Record("RunConnection", {"edges"});
  map.Record("RunEdge", {"node", "cursor"});
  map.Add("Mutation", "upsertBucket", [](const FieldContext&) -> Result<Resolved> {
    return Record("UpsertBucketPayload")
        .Set("bucket", Resolved::Own("Run", BenchRun{}))
        .Set("inserted", true);
  });
  map.Add("Query", "runs", [](const FieldContext&) -> Result<Resolved> {
    static const auto run = std::make_shared<const BenchRun>();
    std::vector<Resolved> edges;
    edges.reserve(1000);
    for (int i = 0; i < 1000; ++i) {
      edges.emplace_back(
          Record("RunEdge").Set("node", Resolved::Object("Run", run)).Set("cursor", "c"));
    }
    return Record("RunConnection").Set("edges", std::move(edges));
  });
  EngineOptions options;
  options.cache_bytes = cache_bytes;
  return *Engine::Create(*Schema::Parse(kSdl), std::move(map), options);
}

std::string UpsertBody() {
  std::string body = "{\"query\":";
  AppendJsonString(kUpsert, body);
  return body + R"(,"variables":{"name":"ab12cd34","project":"p","entity":null,"tags":["a"],)" +
         R"("config":"{\"lr\":{\"value\":0.001}}"},"operationName":"UpsertBucket"})";
}

// Argument: bytes of the document cache; 0 parses and validates every time.
void BM_Upsert(benchmark::State& state) {
  const auto engine = MakeEngine(static_cast<std::size_t>(state.range(0)));
  const std::string body = UpsertBody();
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine->Execute(*ParseRequest(body)));
  }
}
BENCHMARK(BM_Upsert)->Arg(0)->Arg(1 << 24)->Unit(benchmark::kMicrosecond);

void BM_ListThousandRuns(benchmark::State& state) {
  const auto engine = MakeEngine(std::size_t{1} << 24);
  const Request request{
      "{runs(first:1000){edges{node{id name displayName config state historyLineCount} cursor}}}",
      "",
      {}};
  for (auto _ : state) {
    const Response response = engine->Execute(request);
    state.SetBytesProcessed(state.bytes_processed() +
                            static_cast<std::int64_t>(response.body.size()));
  }
}
BENCHMARK(BM_ListThousandRuns)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace regatta::graphql
