// Which handler answers which method and path.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "regatta/net/http.h"
#include "regatta/net/responder.h"

namespace regatta::net {

// Called on a thread of the server, which serves other connections meanwhile only as far as it has
// more threads: work of more than some milliseconds belongs on a thread of one's own, which answers
// through the Responder. An exception that escapes becomes 500.
using Handler = std::function<void(Request, Responder)>;

// Looks at a request whose body has not been read yet; an answer refuses it. Called on a thread of
// the server; must not block. `body` and `spooled_body` are empty.
using Gate = std::function<std::optional<Response>(const Request&)>;

enum class BodyMode {
  kMemory,  // Request::body
  kSpool,   // Request::spooled_body: straight to a file, hashed on the way, of any size
};

struct RouteOptions {
  BodyMode body_mode = BodyMode::kMemory;
  // The largest body that is read (413 above it), counted after inflating too; 0 = the server's
  // default, or no bound when spooled.
  std::uint64_t body_bytes_max = 0;
  // Where kSpool puts its files; must exist, on the file system of their final place.
  std::filesystem::path spool_folder;
  // Whether "Content-Encoding: gzip" is inflated (kMemory only). Otherwise the body stays as it
  // came.
  bool inflates_gzip = true;
  // How long the handler may take before the client gets 503; 0 = the server's default.
  std::chrono::milliseconds answer_timeout{0};
  // Answers OPTIONS, and adds Access-Control-Allow-Origin: * to every answer.
  bool allows_cross_origin = false;
  // Answered even while the server drains or is full, for /healthz, /ready and /metrics.
  bool is_exempt_from_limits = false;
  Gate gate;
};

// A set of routes, filled before the server starts and constant afterwards; reading is thread-safe.
class Router {
 public:
  struct Route {
    std::string method;
    std::string pattern;
    Handler handler;
    RouteOptions options;
  };

  // What a path leads to. `route` is null when nothing answers: then `allowed` holds the methods
  // that the path does have (405), or is empty (404).
  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string, std::string>> params;
    std::vector<std::string> allowed;
    bool allows_cross_origin = false;
  };

  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // `pattern` is "/files/{entity}/{run}/file_stream": `{name}` stands for one segment that is not
  // empty, decoded after the split, so it may hold '/'; `{name...}` at the end stands for all the
  // rest, joined by
  // '/', possibly empty. Check such names before using them as paths: they may be "..". Where
  // several patterns fit, a literal segment wins over `{name}`, and that over `{name...}`, from
  // left to right. `method` is upper case, or "*" for any that has no route of its own. GET answers
  // HEAD too, without the body.
  //
  // Requires: the pattern starts with '/' and is well formed, and method and pattern are new.
  void Add(std::string method, std::string pattern, Handler handler, RouteOptions options = {});

  // `path` is still percent-encoded and has no query.
  Match Find(std::string_view method, std::string_view path) const;

  // All routes in the order they were added.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Node;
  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<Node> root_;
};

}  // namespace regatta::net
