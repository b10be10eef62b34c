#include "serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "change_hub.h"
#include "first_start.h"
#include "regatta/base/log.h"
#include "regatta/base/thread_pool.h"
#include "regatta/net/server.h"
#include "regatta/server/live_bus.h"
#include "regatta/server/loopback_gate.h"
#include "regatta/server/routes.h"
#include "regatta/storage/data_folder.h"
#include "regatta/storage/sql_store.h"
#include "regatta/sweeps/sweep_service.h"
#include "regatta/tracking/artifact_rules.h"
#include "regatta/tracking/authenticator.h"
#include "regatta/tracking/run_rules.h"
#include "regatta/wandb/wire.h"
#include "regatta/web_assets/assets.h"
#include "serve_threads.h"

namespace regatta::app {
namespace {

constexpr std::chrono::seconds kMaintenanceInterval{5};
// What a program needs before it speaks, however short the leases are.
constexpr std::chrono::seconds kLeaseStartMin{30};
constexpr std::chrono::milliseconds kDrainDeadline{4000};
// From the signal to the end of the process, whatever still hangs then.
constexpr std::chrono::milliseconds kStopDeadline{4700};
// Models are fitted with what time is left.
constexpr int kSearchNiceness = 10;

int SearchThreads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1, 4);
}

// Each connection is an open file, and the usual soft limit of 1024 is for programs that select().
// Whoever wants less sets the hard limit.
void RaiseOpenFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> CheckOptions(const ServeOptions& options) {
  if (!options.base_url.empty() && !options.base_url.starts_with("http://") &&
      !options.base_url.starts_with("https://")) {
    return InvalidArgument(
        fmt::format("--base-url \"{}\" is no address: write it as clients use it, e.g. "
                    "https://regatta.example.org",
                    options.base_url));
  }
  if (options.is_open && !server::IsLoopbackAuthority(options.listen)) {
    return InvalidArgument(fmt::format(
        "--open serves without any authentication, so it is for loopback only: --listen {} is not; "
        "leave --open out, or listen on 127.0.0.1",
        options.listen));
  }
  return Ok();
}

std::vector<server::PageFile> PageFiles() {
  std::vector<server::PageFile> files;
  for (const web_assets::Asset& asset : web_assets::Assets()) {
    files.push_back({asset.path, asset.mime, asset.gzip, asset.etag, asset.is_immutable});
  }
  return files;
}

sweeps::SweepTiming TimingOf(const ServeOptions& options) {
  sweeps::SweepTiming timing;
  timing.lease = std::chrono::seconds(options.lease_seconds);
  timing.lease_start =
      std::clamp<Duration>(timing.lease, kLeaseStartMin, sweeps::SweepTiming{}.lease_start);
  timing.lease_gone = std::min<Duration>(timing.lease, sweeps::SweepTiming{}.lease_gone);
  return timing;
}

// Several looks within each lease.
std::chrono::milliseconds TickInterval(const ServeOptions& options) {
  return std::clamp<std::chrono::milliseconds>(
      std::chrono::milliseconds(250) * options.lease_seconds, std::chrono::milliseconds(250),
      kMaintenanceInterval);
}

void PrintFound(const storage::StoreSummary& found, const ServeOptions& options,
                const FirstUser& first, const storage::DataPaths& paths) {
  if (found.migrated_from != 0) {
    fmt::print("  data migrated from version {}; backup of before: {}\n", found.migrated_from,
               found.backup);
  }
  if (first.is_new) {
    fmt::print(
        "  data folder {} is new\n  user \"{}\" is the administrator; the API key is in {}\n",
        options.data, first.user.name, paths.ApiKey());
  } else {
    fmt::print("  data folder {}: {} runs in {} projects\n  API key of the first start: {}\n",
               options.data, found.runs, found.projects, paths.ApiKey());
  }
}

}  // namespace

Result<void> Serve(const ServeOptions& options) {
  if (Result<void> checked = CheckOptions(options); !checked) return checked;
  SetLogLevel(options.log_level);
  // Before any thread starts: all inherit the mask, and only WaitForSignal below takes these.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  RaiseOpenFileLimit();

  StopDeadline stop_deadline;  // before all that may take its time to end
  Clock& clock = SystemClock();
  const storage::DataPaths paths(options.data);
  const Result<std::unique_ptr<storage::FolderLock>> lock = storage::FolderLock::Take(paths);
  if (!lock) return lock.error();

  server::LiveBus live;
  ChangeHub changes_for_wire;
  ThreadPool searchers(SearchThreads(), kSearchNiceness);
  sweeps::SweepService sweeps(
      {.timing = TimingOf(options), .background = {.post = [&](std::function<void()> work) {
                                      searchers.Post(std::move(work));
                                    }}});
  Result<std::unique_ptr<storage::SqlStore>> opened =
      storage::SqlStore::Open({.folder = options.data,
                               .clock = &clock,
                               .on_change =
                                   [&](const std::vector<tracking::Change>& changes) {
                                     changes_for_wire.Tell(changes);
                                     live.Publish(changes);
                                   },
                               .on_rollback = [&] { sweeps.Rollback(); },
                               .on_step = [&](bool kept) { sweeps.StepEnded(kept); },
                               .vfs = {}});
  if (!opened) return opened.error();
  const std::unique_ptr<storage::SqlStore> store = *std::move(opened);
  const Result<std::string> secret = LoadOrMakeSecret(paths);
  if (!secret) return secret.error();
  const Result<FirstUser> first = FindOrMakeFirstUser(*store, clock, paths, options.user);
  if (!first) return first.error();

  tracking::Authenticator authenticator(*store);
  const wandb::Services wire_services{
      .store = *store,
      .clock = clock,
      .authenticator = authenticator,
      .secret = *secret,
      .observer = &sweeps,
      .sweeps = &sweeps,
      .external_url = options.base_url,
      .anonymous = options.is_open ? std::optional(first->user) : std::nullopt};
  wandb::Wire wire(wire_services);
  const ChangeHub::Listening listening(
      changes_for_wire,
      [&](const std::vector<tracking::Change>& changes) { wire.OnChanges(changes); });

  ThreadPool workers(2);
  std::atomic<bool> is_ready = false;
  net::Server* http_for_metrics = nullptr;
  const server::Services services{
      .store = *store,
      .clock = clock,
      .authenticator = authenticator,
      .observer = &sweeps,
      .live = live,
      .workers = workers,
      .viewer = [&](const net::Request& request) { return wandb::Viewer(wire_services, request); },
      .is_ready = is_ready,
      .metrics = [&] { return http_for_metrics->MetricsText(); },
      .version = REGATTA_VERSION};
  const std::vector<server::PageFile> page = PageFiles();
  net::Router router;
  wire.AddRoutes(router);
  server::AddStatusRoutes(router, services);
  server::AddAdminRoutes(router, services);
  server::AddLiveRoutes(router, services);
  server::AddInsightRoutes(router, services);
  server::AddPageRoutes(router, page);

  net::Server http({.listen = options.listen,
                    .thread_count = options.threads,
                    .tls_certificate_path = options.tls_certificate,
                    .tls_key_path = options.tls_key,
                    .gate = options.is_open ? server::LoopbackGate(options.base_url) : nullptr},
                   std::move(router));
  http_for_metrics = &http;
  if (Result<void> started = http.Start(); !started) return started.error();
  is_ready = true;
  fmt::print("regatta {} serves {}\n", REGATTA_VERSION, http.url());
  PrintFound(store->summary(), options, *first, paths);
  std::fflush(stdout);
  {
    const Periodic leases(TickInterval(options), [&] {
      const Result<void> ticked = sweeps.Tick(*store, clock.Now());
      if (!ticked) Log(LogLevel::kWarning, "sweeps", "{}", ticked.error().message);
    });
    const Periodic maintenance(kMaintenanceInterval, [&] {
      const Timestamp now = clock.Now();
      const Result<int> marked = tracking::MarkSilentRuns(
          *store, wire_services.observer, now - std::chrono::seconds(options.crash_seconds), now);
      if (!marked) Log(LogLevel::kWarning, "maintenance", "{}", marked.error().message);
      const Result<void> expired = store->Write([&](tracking::Tables& tables) -> Result<void> {
        const Result<int> deleted = tracking::DeleteExpired(tables, now);
        return deleted ? Ok() : Result<void>(deleted.error());
      });
      if (!expired) Log(LogLevel::kWarning, "maintenance", "{}", expired.error().message);
      if (const Result<void> done = store->Maintain(); !done) {
        Log(LogLevel::kWarning, "maintenance", "{}", done.error().message);
      }
    });
    int received = 0;
    sigwait(&stop_signals, &received);
    stop_deadline.Start(kStopDeadline);
    Log(LogLevel::kInfo, "serve", "signal {}: draining", received);
  }
  is_ready = false;
  http.BeginDrain();
  if (!http.Stop(kDrainDeadline)) {
    Log(LogLevel::kWarning, "serve", "some requests were cut off after {} s",
        kDrainDeadline.count() / 1000);
  }
  return Ok();
}

}  // namespace regatta::app
