// The engine: a schema, its resolvers, and the way from a request to the text of its response.
//
//   Result<Schema> schema = Schema::Parse(sdl);
//   Result<std::unique_ptr<Engine>> engine = Engine::Create(*std::move(schema),
//   std::move(resolvers)); Result<Request> request = ParseRequest(http_body); Response response =
//   (*engine)->Execute(*request, my_context);
//
// Follows the specification of October 2021, except where real clients need more room: variables
// may be sent without being declared and declared without being used; fragments may be unused; a
// nullable variable may stand in a non-null place (checked when it is null); an empty operation
// name means the only operation. There are no subscriptions.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <unordered_map>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/graphql/document.h"
#include "regatta/graphql/json.h"
#include "regatta/graphql/resolver.h"
#include "regatta/graphql/schema.h"
#include "regatta/graphql/value.h"

namespace regatta::graphql {

struct Request {
  std::string query;
  // Empty: the only operation of the document.
  std::string operation_name;
  // An object, or null for none.
  Value variables;
};

// Reads {"query": ..., "variables": ..., "operationName": ...}; unknown members are ignored.
// Errors: kInvalidArgument naming the member, kResourceExhausted naming the limit.
Result<Request> ParseRequest(std::string_view body, const JsonLimits& limits = {});

// {"errors":[{"message":...,"extensions":{"code":...}}]}, for a request that never reached the
// engine.
std::string ErrorBody(const Error& error);

struct Response {
  // {"data":...} with "errors" when there were any; only "errors" when the request was rejected.
  std::string body;
  bool had_errors = false;
  // 200 when the operation ran (also with errors), 400 when the document, the variables or an
  // unsupported field kept it from running at all: nothing was changed then.
  int http_status = 200;
  // Of the first error, for callers that answer some of them by another status.
  std::optional<ErrorCode> error_code;
  // Its message.
  std::string error_message;
  // Of the operation that ran, for logs and metrics. Empty if it has none.
  std::string operation_name;
  // What `body` has of EngineOptions::max_responses_bytes: keep it as long as the text. May outlive
  // the engine.
  std::shared_ptr<const void> memory;
};

// What a request is about, before it runs.
struct Outline {
  bool is_mutation = false;
  // It selects a field of EngineOptions::is_extensive, or more fields than a small request does.
  bool is_extensive = false;
};

// Turns an input value, literal or variable alike, into what resolvers get. Errors are shown to the
// client.
using ScalarParser = std::function<Result<Value>(const Value&)>;

struct EngineOptions {
  ParseLimits document;
  // Nested fields, fragments expanded.
  std::size_t max_depth = 64;
  // Answered in one request, items of lists included.
  std::size_t max_fields = 5'000'000;
  // Of the answer's text; past it the request fails with kResourceExhausted.
  std::size_t max_response_bytes = std::size_t{128} << 20;
  // Of the texts of all answers that are being made or are held (Response::memory), in steps of a
  // MiB; past it requests fail with kUnavailable.
  std::size_t max_responses_bytes = std::size_t{512} << 20;
  // Listed in one response; more are counted only.
  std::size_t max_errors = 100;
  // Of parsed documents kept.
  std::size_t cache_bytes = std::size_t{32} << 20;
  // Drop fields of input objects that the schema does not have, instead of refusing the request.
  bool ignore_unknown_input_fields = false;
  // Whether answering the field may take long; none may if unset. Asked once for each.
  std::function<bool(const FieldDef&)> is_extensive;
  // By the name of a custom scalar. Without one, `Int64` takes integers and every other scalar
  // takes anything.
  std::unordered_map<std::string, ScalarParser> scalars;
};

// Whether a field of the schema is answered.
struct FieldCoverage {
  std::string_view type;
  std::string_view field;
  bool has_resolver = false;
};

// Thread-safe: Execute may run on any number of threads at once.
class Engine {
 public:
  // Errors: kInvalidArgument if a resolver names a type or field that the schema does not have.
  static Result<std::unique_ptr<Engine>> Create(Schema schema, ResolverMap resolvers,
                                                EngineOptions options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Runs one request on the calling thread. `context` is what resolvers reach by request<T>().
  //
  // A request that selects a field without a resolver is rejected before anything runs, each such
  // field named: "Run.foo is not supported by this server yet", code UNSUPPORTED.
  template <typename T>
  Response Execute(const Request& request, T& context) const {
    return ExecuteWith(request, &context, &typeid(T));
  }
  // Without a context.
  Response Execute(const Request& request) const { return ExecuteWith(request, nullptr, nullptr); }

  // The first look at a request, for callers that choose where it runs. Nothing if it cannot run at
  // all: Execute says why.
  std::optional<Outline> OutlineOf(const Request& request) const;

  // Every field of the schema's own object types, in the order of the SDL.
  std::vector<FieldCoverage> Coverage() const;

  // What keeps the document from running: syntax, validation, and fields without resolver. Empty if
  // nothing does. For tests and generated documentation.
  std::vector<Error> CheckDocument(std::string_view query) const;

  const Schema& schema() const;

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  Response ExecuteWith(const Request& request, void* context, const std::type_info* type) const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace regatta::graphql
