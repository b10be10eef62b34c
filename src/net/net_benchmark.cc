// What one request costs, client and server in one process, over loopback on one kept connection.
#include <benchmark/benchmark.h>

#include <string>

#include "regatta/base/check.h"
#include "regatta/net/client.h"
#include "regatta/net/server.h"

namespace regatta::net {
namespace {

Router MakeRouter() {
  Router router;
  router.Add("GET", "/tiny", [](const Request&, const Responder& responder) {
    responder.Send(JsonResponse("{}"));
  });
  router.Add("POST", "/files/{entity}/{project}/{run}/file_stream",
             [](const Request& request, const Responder& responder) {
               benchmark::DoNotOptimize(request.body.data());
               responder.Send(JsonResponse("{}"));
             });
  return router;
}

void TinyRequest(benchmark::State& state) {
  Server server({}, MakeRouter());
  Check(bool(server.Start()), "the server does not start");
  HttpClient client(server.url());
  for (auto _ : state) {
    const Result<ClientResponse> answer = client.Do("GET", "/tiny");
    Check(answer && answer->status == 200, "the request failed");
  }
}
BENCHMARK(TinyRequest)->UseRealTime()->MeasureProcessCPUTime();

// As large as 150 rows of 20 metrics.
void FileStreamPost(benchmark::State& state) {
  Server server({}, MakeRouter());
  Check(bool(server.Start()), "the server does not start");
  HttpClient client(server.url());
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    const Result<ClientResponse> answer = client.Do("POST", "/files/e/p/r/file_stream", {}, body);
    Check(answer && answer->status == 200, "the request failed");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(FileStreamPost)->Arg(144'000)->Arg(4'000'000)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace regatta::net
