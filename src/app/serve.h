// `regatta serve`: the whole server as one object graph.
#pragma once

#include <string>

#include "regatta/base/log.h"
#include "regatta/base/result.h"

namespace regatta::app {

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  std::string data = "regatta-data";
  // The address under which clients reach the server, e.g. behind a proxy; empty: from each
  // request.
  std::string base_url;
  std::string tls_certificate;
  std::string tls_key;
  // No authentication; loopback only.
  bool is_open = false;
  std::string user = "admin";  // name of the first user
  int lease_seconds = 300;     // of a sweep's attempts
  int crash_seconds = 300;     // of silence before a running run counts as crashed
  int threads = 2;             // of the HTTP server
  LogLevel log_level = LogLevel::kInfo;
};

// Serves until SIGTERM or SIGINT, then drains: no new requests, queued writes committed.
Result<void> Serve(const ServeOptions& options);

}  // namespace regatta::app
