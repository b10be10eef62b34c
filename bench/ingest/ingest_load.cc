// Streams rows into a server as many runs would, one request at a time on each connection, and
// tells how it went as one line of JSON. With --verify it then reads every row back.
//
//   ingest_load --port P --authorization VALUE --entity E --project P --connections C --rows N
//               --keys K --seconds S [--seed N] [--verify 1]
//
// Connection i logs to the run "<project>-i", which must exist. Each piece is counted as stored
// only when the server has answered 200; a 503 is sent again, anything else ends the test.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connection.h"
#include "rows.h"

namespace regatta::bench {
namespace {

using Steady = std::chrono::steady_clock;

struct Options {
  std::map<std::string, std::string> values;

  std::string Text(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() ? "" : found->second;
  }
  long Number(const std::string& name, long fallback) const {
    const auto found = values.find(name);
    return found == values.end() ? fallback : std::atol(found->second.c_str());
  }
};

struct Stream {
  std::unique_ptr<Connection> connection;
  std::string path;
  std::size_t number = 0;
  std::int64_t requests = 0;  // answered with 200
  Steady::time_point started;
  bool is_busy = false;
};

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options),
        rows_(options.Number("rows", 150)),
        blocks_(MakeBlocks(16, static_cast<std::size_t>(rows_),
                           static_cast<std::size_t>(options.Number("keys", 20)),
                           static_cast<std::uint64_t>(options.Number("seed", 1)))) {}

  int Run();

 private:
  const RowBlock& BlockOf(const Stream& stream, std::int64_t request) const {
    return blocks_[(stream.number + static_cast<std::size_t>(request)) % blocks_.size()];
  }
  void Send(Stream& stream);
  void Take(Stream& stream);
  void StreamFor(double seconds);
  std::int64_t VerifyAll();
  bool Verify(const Stream& stream);
  void Print(double seconds, std::int64_t rows_verified) const;

  const Options& options_;
  const std::int64_t rows_;
  std::vector<RowBlock> blocks_;
  std::vector<Stream> streams_;
  std::vector<std::uint32_t> latencies_us_;
  std::int64_t values_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t refused_ = 0;
};

void Load::Send(Stream& stream) {
  const RowBlock& block = BlockOf(stream, stream.requests);
  const std::int64_t first = stream.requests * rows_;
  std::string body =
      fmt::format("{{\"files\":{{\"wandb-history.jsonl\":{{\"offset\":{},\"content\":", first);
  const std::size_t content_at = body.size();
  body += block.content;
  body += "}}}";
  for (std::size_t i = 0; i < block.step_at.size(); ++i) {
    PutStep(body, content_at + block.step_at[i], kStepBase + first + static_cast<long>(i));
  }
  bytes_ += static_cast<std::int64_t>(body.size());
  stream.started = Steady::now();
  stream.is_busy = true;
  stream.connection->Start(RequestText(stream.path, options_.Text("authorization"), body));
}

void Load::Take(Stream& stream) {
  stream.is_busy = false;
  const int status = stream.connection->status();
  if (status == 503) {
    refused_ += 1;
    return;
  }
  if (status != 200) {
    fmt::print(stderr, "ingest_load: status {}: {}\n", status, stream.connection->body());
    std::exit(1);
  }
  const auto took = Steady::now() - stream.started;
  latencies_us_.push_back(static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  values_ += BlockOf(stream, stream.requests).values;
  stream.requests += 1;
}

void Load::StreamFor(double seconds) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = i;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, streams_[i].connection->fd(), &event);
  }
  const auto end = Steady::now() + std::chrono::duration<double>(seconds);
  std::size_t busy = 0;
  const auto drive = [&](Stream& stream) {
    while (stream.is_busy && stream.connection->Continue()) {
      Take(stream);
      busy -= 1;
      if (Steady::now() < end) {
        Send(stream);
        busy += 1;
      }
    }
  };
  for (Stream& stream : streams_) {
    Send(stream);
    busy += 1;
    drive(stream);
  }
  std::array<epoll_event, 256> events;
  while (busy > 0) {
    const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) drive(streams_[events[static_cast<std::size_t>(i)].data.u64]);
  }
  ::close(poll);
}

// The strings of the array that begins at `at` in a JSON text, one after the other.
bool NextString(std::string_view json, std::size_t& at, std::string& text) {
  while (at < json.size() && (json[at] == ',' || json[at] == ' ')) ++at;
  if (at >= json.size() || json[at] != '"') return false;
  text.clear();
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
    text += json[at];
  }
  ++at;
  return true;
}

bool Load::Verify(const Stream& stream) {
  constexpr std::int64_t kPage = 5000;
  const std::int64_t expected = stream.requests * rows_;
  std::int64_t line = 0;
  std::string text;
  for (std::int64_t from = 0; from == 0 || from < expected; from += kPage) {
    const std::string body = fmt::format(
        R"({{"query":"query Page($e: String!, $p: String!, $r: String!, $from: Int64!, $to: )"
        R"(Int64!, $n: Int!) {{ project(name: $p, entityName: $e) {{ run(name: $r) {{ )"
        R"(historyLineCount history(minStep: $from, maxStep: $to, samples: $n) }} }} }}",)"
        R"("variables":{{"e":"{}","p":"{}","r":"{}-{}","from":{},"to":{},"n":{}}}}})",
        options_.Text("entity"), options_.Text("project"), options_.Text("project"), stream.number,
        kStepBase + from, kStepBase + from + kPage, kPage);
    stream.connection->Do(RequestText("/graphql", options_.Text("authorization"), body));
    const std::string& answer = stream.connection->body();
    std::size_t at = answer.find("\"history\":[");
    if (stream.connection->status() != 200 || at == std::string::npos) {
      fmt::print(stderr, "ingest_load: reading back: {}\n", answer.substr(0, 500));
      return false;
    }
    at += 11;
    while (NextString(answer, at, text)) {
      const RowBlock& block = BlockOf(stream, line / rows_);
      const auto row = static_cast<std::size_t>(line % rows_);
      std::string wanted = block.rows[row];
      PutStep(wanted, block.row_step_at[row], kStepBase + line);
      if (text != wanted) {
        fmt::print(stderr, "ingest_load: run {} line {} is {}\n  but was sent as {}\n",
                   stream.number, line, text, wanted);
        return false;
      }
      line += 1;
    }
  }
  if (line != expected) {
    fmt::print(stderr, "ingest_load: run {} has {} lines, {} were answered\n", stream.number, line,
               expected);
  }
  return line == expected;
}

std::int64_t Load::VerifyAll() {
  std::int64_t rows = 0;
  for (const Stream& stream : streams_) {
    if (!Verify(stream)) std::exit(1);
    rows += stream.requests * rows_;
  }
  return rows;
}

void Load::Print(double seconds, std::int64_t rows_verified) const {
  std::vector<std::uint32_t> sorted = latencies_us_;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](double part) {
    if (sorted.empty()) return 0u;
    return sorted[std::min(sorted.size() - 1,
                           static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
  };
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  fmt::print(
      "{{\"requests\":{},\"rows\":{},\"values\":{},\"bytes\":{},\"refused\":{},\"seconds\":{:.4f},"
      "\"p50_us\":{},\"p99_us\":{},\"max_us\":{},\"client_cpu_s\":{:.3f},\"rows_verified\":{}}}\n",
      sorted.size(), static_cast<std::int64_t>(sorted.size()) * rows_, values_, bytes_, refused_,
      seconds, at(0.5), at(0.99), sorted.empty() ? 0 : sorted.back(), cpu, rows_verified);
}

int Load::Run() {
  const long connections = options_.Number("connections", 1);
  for (long i = 0; i < connections; ++i) {
    Stream stream;
    stream.connection = std::make_unique<Connection>(static_cast<int>(options_.Number("port", 0)));
    stream.number = static_cast<std::size_t>(i);
    stream.path = fmt::format("/files/{}/{}/{}-{}/file_stream", options_.Text("entity"),
                              options_.Text("project"), options_.Text("project"), i);
    streams_.push_back(std::move(stream));
  }
  const auto started = Steady::now();
  StreamFor(std::atof(options_.Text("seconds").c_str()));
  const double seconds = std::chrono::duration<double>(Steady::now() - started).count();
  std::fflush(stdout);
  // bench/run.py reads the server's processor time between the two lines.
  fmt::print("streamed\n");
  std::fflush(stdout);
  if (std::getchar() == EOF) return 1;
  Print(seconds, options_.Number("verify", 0) != 0 ? VerifyAll() : 0);
  return 0;
}

}  // namespace
}  // namespace regatta::bench

int main(int argc, char** argv) {
  regatta::bench::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    options.values[std::string(argv[i]).substr(2)] = argv[i + 1];
  }
  regatta::bench::Load load(options);
  return load.Run();
}
