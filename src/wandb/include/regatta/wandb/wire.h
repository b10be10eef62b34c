// The compatible wire on a router: /graphql, file_stream, uploads and downloads.
//
//   Wire wire({.store = store, .clock = clock, .authenticator = authenticator, .secret = secret});
//   wire.AddRoutes(router);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/graphql/engine.h"
#include "regatta/net/router.h"
#include "regatta/sweeps/sweep_service.h"
#include "regatta/tracking/authenticator.h"
#include "regatta/tracking/run_observer.h"
#include "regatta/tracking/store.h"

namespace regatta::wandb {

// What the wire works with. Everything referred to outlives it.
struct Services {
  tracking::Store& store;
  Clock& clock;
  tracking::Authenticator& authenticator;
  // Signs upload and download links; at least 32 bytes, the same after every restart.
  std::string secret;
  // Hears what happens to runs of sweeps; may be null.
  tracking::RunObserver* observer = nullptr;
  // Answers for sweeps. Requires: not null once somebody asks for one.
  sweeps::SweepService* sweeps = nullptr;
  // The address under which clients reach this server, or empty: then it is taken from each
  // request.
  std::string external_url;
  // Set for `--open`: requests without credentials are this person's.
  std::optional<tracking::User> anonymous;
  // Threads for work that waits for the disk.
  int worker_count = 8;
};

// Thread-safe.
class Wire {
 public:
  // Stops the process if schema and resolvers do not fit together: a mistake of ours.
  explicit Wire(Services services);
  // Waits for requests being worked on.
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void AddRoutes(net::Router& router);

  // To be called for each committed change: forgets what is cached of the runs it names.
  void OnChanges(const std::vector<tracking::Change>& changes);

  // The engine, for the compatibility document and tests.
  const graphql::Engine& engine() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The engine alone, with its schema and resolvers: for documents about what is supported.
std::unique_ptr<graphql::Engine> MakeEngine();

// Who sent the request: Basic with any user name and the key as password, or Bearer.
// Errors: kUnauthenticated.
Result<tracking::User> Viewer(const Services& services, const net::Request& request);

}  // namespace regatta::wandb
