#include "search_stdio.h"

#include <utility>

#include "journaled_search.h"
#include "search_answer.h"
#include "search_operations.h"
#include "search_request.h"

namespace regatta::app {
namespace {

using sweeps::Value;

Value ErrorToValue(const Error& error) {
  Value value = Map();
  value.Set("code", Text(ErrorCodeName(error.code)));
  value.Set("message", Text(error.message));
  Value document = Map();
  document.Set("error", std::move(value));
  return document;
}

}  // namespace

SearchSession::SearchSession() = default;
SearchSession::~SearchSession() = default;

std::string SearchSession::Answer(std::string_view line) {
  const auto answer = [&]() -> Result<Value> {
    const Result<SearchRequest> request = ParseRequest(line);
    if (!request) return request.error();
    if (request->op == "open") {
      Result<std::unique_ptr<JournaledSearch>> opened = OpenSearch(request->fields);
      if (!opened) return opened.error();
      search_ = *std::move(opened);
      return DescribeSearch(*search_);
    }
    if (search_ == nullptr) {
      return FailedPrecondition("no search is open: begin with {\"op\":\"open\",\"config\":{...}}");
    }
    return Perform(*search_, *request);
  }();
  return sweeps::ToJson(answer ? *answer : ErrorToValue(answer.error()));
}

}  // namespace regatta::app
