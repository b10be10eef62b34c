// The routes of Regatta's own HTTP interface, documented in docs/http-api.md.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "regatta/base/clock.h"
#include "regatta/base/thread_pool.h"
#include "regatta/net/router.h"
#include "regatta/server/live_bus.h"
#include "regatta/tracking/authenticator.h"
#include "regatta/tracking/run_observer.h"
#include "regatta/tracking/store.h"

namespace regatta::server {

// Everything referred to outlives the server that serves the routes.
struct Services {
  tracking::Store& store;
  Clock& clock;
  tracking::Authenticator& authenticator;
  tracking::RunObserver* observer = nullptr;
  LiveBus& live;
  ThreadPool& workers;
  // Who sent the request. Errors: kUnauthenticated.
  std::function<Result<tracking::User>(const net::Request&)> viewer;
  // Set once the server takes requests, cleared when it stops taking them.
  std::atomic<bool>& is_ready;
  // The counters of the process, in Prometheus' text format.
  std::function<std::string()> metrics;
  std::string version;
};

// Refuses whoever has no key before the body is read. `services` outlives the routes.
net::Gate RequireKey(const Services& services);

// GET /healthz, /ready, /metrics, /api/version.
void AddStatusRoutes(net::Router& router, const Services& services);

// /api/admin/...: users, teams and keys, for administrators.
void AddAdminRoutes(net::Router& router, const Services& services);

// POST /api/live-ticket and GET /api/live: committed changes as server-sent events.
void AddLiveRoutes(net::Router& router, const Services& services);

// GET /api/sweeps/{entity}/{project}/{sweep}/insights: what the results say about the parameters.
// The store knows sweeps (sweeps::SweepsOf).
void AddInsightRoutes(net::Router& router, const Services& services);

// One file of the page.
struct PageFile {
  std::string_view path;  // "/assets/index.js"
  std::string_view mime;
  std::string_view gzip_bytes;
  std::string_view etag;
  bool is_immutable = false;  // the path holds a hash of the content
};

// The files of the page by path, and "/index.html" for every path that the page routes by itself.
void AddPageRoutes(net::Router& router, std::span<const PageFile> files);

}  // namespace regatta::server
