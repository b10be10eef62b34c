#include "regatta/wandb/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "fair_pool.h"
#include "file_routes.h"
#include "file_stream.h"
#include "links.h"
#include "regatta/base/log.h"
#include "regatta/base/thread_pool.h"
#include "request_context.h"
#include "resolvers.h"
#include "schema_text.h"

namespace regatta::wandb {

using tracking::Run;
using tracking::RunState;
using tracking::Tables;

namespace {

constexpr std::uint64_t kGraphqlBytesMax = std::uint64_t{64} << 20;
constexpr std::uint64_t kStreamBytesMax = std::uint64_t{64} << 20;

// Requests that may take long have threads of their own, which give way to those that write.
constexpr int kReaderThreads = 8;
constexpr int kReadersOfOneMax = 4;
constexpr std::size_t kReadsWaitingOfOneMax = 128;
constexpr int kReaderNiceness = 5;

// What a body may have before anybody looks at the key.
constexpr std::uint64_t kUnaskedBytesMax = std::uint64_t{16} << 10;

// By what the request's head announces.
bool HasSmallBody(const net::Request& request) {
  if (request.headers.Has("Transfer-Encoding")) return false;
  const std::string_view text = request.headers.Get("Content-Length");
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc() && length <= kUnaskedBytesMax;
}

// What the hot path of file_stream needs to know of a run.
struct KnownRun {
  tracking::RunId id{};
  tracking::ProjectId project{};
  std::string name;
  std::string sweep_name;
  bool is_running = false;
  bool stop_requested = false;
};

// By viewer and path, so that a cached run is one that this viewer may write to. Thread-safe.
class RunCache {
 public:
  std::optional<KnownRun> Find(const std::string& key) const {
    const std::shared_lock lock(mutex_);
    const auto found = runs_.find(key);
    if (found == runs_.end()) return std::nullopt;
    return found->second;
  }
  // Counts the changes seen. An entry read before a change must not be put after it.
  std::uint64_t epoch() const {
    const std::shared_lock lock(mutex_);
    return epoch_;
  }
  void Put(const std::string& key, const KnownRun& run, std::uint64_t epoch) {
    const std::unique_lock lock(mutex_);
    if (epoch != epoch_) return;
    if (runs_.size() >= kRunsMax) Clear();
    runs_[key] = run;
    keys_.emplace(IdentityOf(run.project, run.name), key);
  }
  // Somebody's rights have changed: all are looked at again. By as much as no request's own change,
  // so that none that looked before puts what it saw.
  void ForgetAll() {
    const std::unique_lock lock(mutex_);
    epoch_ += 2;
    Clear();
  }
  void Forget(const std::vector<tracking::Change>& changes) {
    const std::unique_lock lock(mutex_);
    for (const tracking::Change& change : changes) {
      constexpr std::uint32_t kData = tracking::Change::kHistory | tracking::Change::kConsole |
                                      tracking::Change::kEvents | tracking::Change::kFiles;
      if ((change.kinds & ~(kData | tracking::Change::kSummary)) == 0) continue;
      epoch_ += 1;
      // Of the whole project: it is gone or has another name, and another one may get its name.
      if (change.run_name.empty() && change.sweep_name.empty()) Clear();
      const auto [begin, end] = keys_.equal_range(IdentityOf(change.project, change.run_name));
      for (auto entry = begin; entry != end; ++entry) runs_.erase(entry->second);
      keys_.erase(begin, end);
    }
  }

 private:
  static constexpr std::size_t kRunsMax = 100'000;
  static std::string IdentityOf(tracking::ProjectId project, const std::string& name) {
    return fmt::format("{}/{}", tracking::ToInt(project), name);
  }
  void Clear() {
    runs_.clear();
    keys_.clear();
  }

  mutable std::shared_mutex mutex_;
  // Guarded by mutex_.
  std::unordered_map<std::string, KnownRun> runs_;
  std::unordered_multimap<std::string, std::string> keys_;  // identity -> keys of runs_
  std::uint64_t epoch_ = 0;
};

graphql::ResolverMap AllResolvers() {
  graphql::ResolverMap resolvers;
  AddServerResolvers(resolvers);
  AddAccountResolvers(resolvers);
  AddProjectResolvers(resolvers);
  AddRunResolvers(resolvers);
  AddRunMutations(resolvers);
  AddFileResolvers(resolvers);
  AddRunListingResolvers(resolvers);
  AddHistoryResolvers(resolvers);
  AddSampledHistoryResolvers(resolvers);
  AddArtifactResolvers(resolvers);
  AddCollectionResolvers(resolvers);
  AddArtifactMutations(resolvers);
  AddArtifactEdits(resolvers);
  AddCollectionMutations(resolvers);
  AddSweepResolvers(resolvers);
  AddSweepMutations(resolvers);
  return resolvers;
}

// Whoever asks for many of something says how many, or which; and all keys of a history are a list.
bool MayTakeLong(const graphql::FieldDef& field) {
  constexpr std::array<std::string_view, 4> kExtents = {"first", "last", "samples", "specs"};
  return field.name == "historyKeys" ||
         std::any_of(kExtents.begin(), kExtents.end(),
                     [&](std::string_view name) { return field.FindArg(name) != nullptr; });
}

// The text holds its part of the engine's memory until it was sent.
net::Response AnswerOf(graphql::Response&& answer, int status) {
  net::Response response = net::JsonResponse({}, status);
  const auto held = std::make_shared<const graphql::Response>(std::move(answer));
  response.body = std::shared_ptr<const std::string>(held, &held->body);
  return response;
}

std::string StreamAnswer(bool stopped) { return stopped ? R"({"stopped":true})" : "{}"; }

}  // namespace

std::unique_ptr<graphql::Engine> MakeEngine() {
  Result<graphql::Schema> schema = graphql::Schema::Parse(SchemaText());
  Check(schema.has_value(), schema ? "" : "schema.graphql: " + schema.error().message);
  Result<std::unique_ptr<graphql::Engine>> engine =
      graphql::Engine::Create(*std::move(schema), AllResolvers(),
                              {.max_response_bytes = kAnswerBytesMax, .is_extensive = MayTakeLong});
  Check(engine.has_value(), engine ? "" : "resolvers: " + engine.error().message);
  return *std::move(engine);
}

Result<tracking::User> Viewer(const Services& services, const net::Request& request) {
  std::string key;
  if (const auto basic = net::BasicCredentials(request.headers)) {
    key = basic->second;
  } else if (auto bearer = net::BearerToken(request.headers)) {
    key = *std::move(bearer);
  }
  if (key.empty() && services.anonymous) return *services.anonymous;
  Result<tracking::User> user = services.authenticator.Authenticate(key);
  // `--open` serves whoever reaches the loopback interface, whatever key the client was given
  // before.
  if (!user && services.anonymous) return *services.anonymous;
  return user;
}

class Wire::Impl {
 public:
  explicit Impl(Services services)
      : services_(std::move(services)),
        links_(services_.secret, services_.clock),
        engine_(MakeEngine()),
        readers_({.threads = kReaderThreads,
                  .running_of_owner_max = kReadersOfOneMax,
                  .waiting_of_owner_max = kReadsWaitingOfOneMax,
                  .niceness = kReaderNiceness}),
        workers_(services_.worker_count) {
    services_.authenticator.OnForget([weak = std::weak_ptr(runs_)] {
      if (const std::shared_ptr<RunCache> runs = weak.lock()) runs->ForgetAll();
    });
  }

  void AddRoutes(net::Router& router);
  void OnChanges(const std::vector<tracking::Change>& changes) { runs_->Forget(changes); }
  const graphql::Engine& engine() const { return *engine_; }

 private:
  std::string BaseUrl(const net::Request& request) const {
    return services_.external_url.empty() ? request.base_url : services_.external_url;
  }
  void Graphql(const net::Request& request, const net::Responder& responder);
  // On the calling thread. `is_query`: it changes nothing.
  void Execute(const graphql::Request& request, bool is_query, const tracking::User& viewer,
               const std::string& base_url, const net::Responder& responder);
  void FileStream(net::Request request, const net::Responder& responder);
  void SlowStream(const net::Request& request, const net::Responder& responder,
                  tracking::StreamRequest stream, const tracking::User& viewer);

  const Services services_;
  const Links links_;
  const std::unique_ptr<graphql::Engine> engine_;
  // Shared with the one who hears of changed rights, who may outlive it.
  const std::shared_ptr<RunCache> runs_ = std::make_shared<RunCache>();
  // Last: their threads use all of the above, and those of workers_ give work to readers_.
  FairPool readers_;
  ThreadPool workers_;
};

void Wire::Impl::Graphql(const net::Request& request, const net::Responder& responder) {
  // Again after the gate: the key may have been revoked while the body came.
  Result<tracking::User> viewer = Viewer(services_, request);
  if (!viewer) {
    return responder.Send(
        net::JsonResponse(graphql::ErrorBody(viewer.error()), net::StatusOf(viewer.error().code)));
  }
  Result<graphql::Request> parsed = graphql::ParseRequest(request.body);
  if (!parsed) {
    return responder.Send(net::JsonResponse(graphql::ErrorBody(parsed.error()), 400));
  }
  const graphql::Outline outline = engine_->OutlineOf(*parsed).value_or(graphql::Outline{});
  const bool is_query = !outline.is_mutation;
  if (!outline.is_extensive) {
    return Execute(*parsed, is_query, *viewer, BaseUrl(request), responder);
  }
  const std::int64_t owner = tracking::ToInt(viewer->id);
  const bool is_taken =
      readers_.Post(owner, [this, parsed = *std::move(parsed), viewer = *std::move(viewer),
                            base_url = BaseUrl(request), is_query,
                            responder] { Execute(parsed, is_query, viewer, base_url, responder); });
  if (!is_taken) {
    const Error error = Unavailable(
        fmt::format("{} of your queries wait already: ask again later, or fewer at a time",
                    kReadsWaitingOfOneMax));
    responder.Send(net::JsonResponse(graphql::ErrorBody(error), net::StatusOf(error.code)));
  }
}

void Wire::Impl::Execute(const graphql::Request& request, bool is_query,
                         const tracking::User& viewer, const std::string& base_url,
                         const net::Responder& responder) {
  RequestContext context(services_, links_, viewer, base_url);
  graphql::Response response;
  // A mutation reads outside of any snapshot, so that it sees what it wrote.
  if (is_query) {
    context.ReadAll([&] { response = engine_->Execute(request, context); });
  } else {
    response = engine_->Execute(request, context);
  }
  int status = response.http_status;
  if (response.had_errors && status == 200 && response.error_code) {
    // A 4xx that no client repeats, or a 503 that every client does.
    status = net::StatusOf(*response.error_code);
    if (status == 409 || status == 412 || status == 429) status = 400;
    if (status == 501) status = 400;
  }
  responder.Send(AnswerOf(std::move(response), status));
}

void Wire::Impl::FileStream(net::Request request, const net::Responder& responder) {
  Result<tracking::User> viewer = Viewer(services_, request);
  if (!viewer) return responder.Send(viewer.error());
  Result<tracking::StreamRequest> parsed = ParseFileStream(request.body);
  if (!parsed) return responder.Send(parsed.error());
  tracking::StreamRequest stream = *std::move(parsed);
  stream.append.writer = std::string(request.headers.Get("X-WANDB-ASYNC-CLIENT-ID"));

  const std::string key =
      fmt::format("{}\n{}\n{}\n{}", tracking::ToInt(viewer->id), request.Param("entity"),
                  request.Param("project"), request.Param("run"));
  const std::optional<KnownRun> known = runs_->Find(key);
  const bool is_plain = known && known->is_running && known->sweep_name.empty() &&
                        !stream.complete && !stream.preempting;
  if (!is_plain) {
    workers_.Post([this, request = std::move(request), responder, stream = std::move(stream),
                   viewer = *std::move(viewer)]() mutable {
      SlowStream(request, responder, std::move(stream), viewer);
    });
    return;
  }
  const Timestamp now = services_.clock.Now();
  if (stream.append.pieces.empty() && !stream.append.summary_json) {
    services_.store.TouchRun(known->id, now);
    return responder.Send(net::JsonResponse(StreamAnswer(known->stop_requested)));
  }
  stream.append.run = known->id;
  stream.append.at = now;
  stream.append.project = known->project;
  stream.append.run_name = known->name;
  services_.store.AppendStreams(
      std::move(stream.append),
      [responder, stopped = known->stop_requested](const Result<void>& stored) {
        if (!stored) return responder.Send(stored.error());
        responder.Send(net::JsonResponse(StreamAnswer(stopped)));
      });
}

void Wire::Impl::SlowStream(const net::Request& request, const net::Responder& responder,
                            tracking::StreamRequest stream, const tracking::User& viewer) {
  RequestContext context(services_, links_, viewer, BaseUrl(request));
  const std::string entity(request.Param("entity"));
  const std::string project(request.Param("project"));
  const std::string name(request.Param("run"));
  Run run;
  const std::uint64_t epoch_before = runs_->epoch();
  const Result<void> written = services_.store.Write([&](Tables& tables) -> Result<void> {
    const auto found = FindRun(tables, context, entity, project, name);
    if (!found) return found.error();
    if (*found == nullptr) {
      return NotFound(fmt::format(
          "run {}/{}/{} not found: it was deleted, or was never created by UpsertBucket", entity,
          project, name));
    }
    if (Result<void> allowed = RequireWrite(*(*found)->project); !allowed) return allowed;
    stream.append.project = (*found)->run.project;
    stream.append.run_name = (*found)->run.name;
    stream.append.sweep_name = (*found)->run.sweep_name;
    Result<Run> applied =
        tracking::ApplyStream(tables, services_.observer, (*found)->run.id, stream, context.Now());
    if (!applied) return applied.error();
    run = *std::move(applied);
    return Ok();
  });
  if (!written) return responder.Send(written.error());
  // The write announced its own change; the entry is good if nothing else came in between.
  const std::uint64_t epoch = runs_->epoch();
  if (epoch - epoch_before <= 1) {
    const std::string key =
        fmt::format("{}\n{}\n{}\n{}", tracking::ToInt(viewer.id), entity, project, name);
    runs_->Put(key,
               {.id = run.id,
                .project = run.project,
                .name = run.name,
                .sweep_name = run.sweep_name,
                .is_running = run.state == RunState::kRunning,
                .stop_requested = run.stop_requested},
               epoch);
  }
  responder.Send(net::JsonResponse(StreamAnswer(run.stop_requested && !IsTerminal(run.state))));
}

void Wire::Impl::AddRoutes(net::Router& router) {
  // Before the body is read: nobody without a key makes the server hold a large one. Small ones are
  // the many, and their key is looked at once, by the handler.
  const auto require_key = [this](const net::Request& request) -> std::optional<net::Response> {
    if (HasSmallBody(request)) return std::nullopt;
    const Result<tracking::User> viewer = Viewer(services_, request);
    if (viewer) return std::nullopt;
    return net::ErrorResponse(viewer.error());
  };
  // Clients tell a wrong key by the status, and show the message.
  const auto require_key_of_query =
      [this](const net::Request& request) -> std::optional<net::Response> {
    if (HasSmallBody(request)) return std::nullopt;
    const Result<tracking::User> viewer = Viewer(services_, request);
    if (viewer) return std::nullopt;
    return net::JsonResponse(graphql::ErrorBody(viewer.error()),
                             net::StatusOf(viewer.error().code));
  };
  router.Add("POST", "/graphql",
             [this](net::Request request, net::Responder responder) {
               workers_.Post([this, request = std::move(request), responder] {
                 Graphql(request, responder);
               });
             },
             {.body_bytes_max = kGraphqlBytesMax, .gate = require_key_of_query});
  router.Add("POST", "/files/{entity}/{project}/{run}/file_stream",
             [this](net::Request request, net::Responder responder) {
               FileStream(std::move(request), responder);
             },
             {.body_bytes_max = kStreamBytesMax, .gate = require_key});
  // Telemetry of the clients: 404 is the one answer that keeps it switched off. Nobody reads it.
  const auto not_here = [](const net::Request&) {
    return std::optional(net::ErrorResponse(404, "this server collects no telemetry"));
  };
  const auto unreachable = [](const net::Request&, const net::Responder&) {};
  router.Add("POST", "/sdk/otel/v1/metrics", unreachable, {.gate = not_here});
  router.Add("POST", "/sdk/otel/v1/logs", unreachable, {.gate = not_here});
  AddFileRoutes(router, services_, links_, workers_);
}

Wire::Wire(Services services) : impl_(std::make_unique<Impl>(std::move(services))) {}
Wire::~Wire() = default;
void Wire::AddRoutes(net::Router& router) { impl_->AddRoutes(router); }
void Wire::OnChanges(const std::vector<tracking::Change>& changes) { impl_->OnChanges(changes); }
const graphql::Engine& Wire::engine() const { return impl_->engine(); }

}  // namespace regatta::wandb
