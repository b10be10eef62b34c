// HTTP messages as handlers and callers see them: plain values, no transport.
//
// Nothing here is tied to a thread; distinct objects may be used from distinct threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "regatta/base/error.h"
#include "regatta/codec/hash.h"

namespace regatta::net {

// Header fields in their order; names compare without regard to case and may repeat.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  // Appends a field, also when the name is there already.
  void Add(std::string name, std::string value);
  // Makes `value` the only value of `name`.
  void Set(std::string name, std::string value);
  // Takes all fields of that name away.
  void Remove(std::string_view name);

  // The first value of `name`, or "" when there is none. Valid until the next change.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  // Whether a comma-separated list in `name` holds `token`, without regard to case.
  bool HasToken(std::string_view name, std::string_view token) const;

  std::size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// A request body that lies in a file of its own. The file is deleted with this object unless it was
// released, so an upload that nobody took leaves nothing behind. Shared only through shared_ptr.
class SpooledFile {
 public:
  SpooledFile(std::filesystem::path path, std::uint64_t size, codec::Md5Digest md5,
              codec::Sha256Digest sha256)
      : path_(std::move(path)), size_(size), md5_(md5), sha256_(sha256) {}
  ~SpooledFile();
  SpooledFile(const SpooledFile&) = delete;
  SpooledFile& operator=(const SpooledFile&) = delete;

  // Complete and closed, but not synced to disk: syncing and renaming it is the taker's business.
  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  const codec::Md5Digest& md5() const { return md5_; }
  const codec::Sha256Digest& sha256() const { return sha256_; }

  // Leaves the file to the caller, who has moved it or will. Returns its path.
  std::filesystem::path Release();

 private:
  std::filesystem::path path_;
  std::uint64_t size_;
  codec::Md5Digest md5_;
  codec::Sha256Digest sha256_;
  bool is_released_ = false;
};

struct Request {
  std::string method;  // upper case
  std::string target;  // as sent: path and query, still percent-encoded, with the base path
  std::string path;    // percent-decoded, without query and base path; starts with '/'
  std::string route;   // the pattern that matched
  std::vector<std::pair<std::string, std::string>> params;  // of the pattern, decoded
  std::vector<std::pair<std::string, std::string>> query;   // decoded, in order, keys may repeat
  Headers headers;

  // The body, inflated if it came with gzip; empty when it was spooled.
  std::string body;
  // Set exactly when the route spools.
  std::shared_ptr<SpooledFile> spooled_body;

  std::string peer_address;  // "192.0.2.1" or "2001:db8::1"
  std::uint16_t peer_port = 0;
  bool is_peer_loopback = false;
  bool is_tls = false;
  // The address by which the client reached this server, without a slash at the end:
  // "https://example.org/wandb". From X-Forwarded-Proto and X-Forwarded-Host where the server
  // trusts them, else from Host; the base path is part of it.
  std::string base_url;

  // The value of `name`, or "" when the pattern or the query has none.
  std::string_view Param(std::string_view name) const;
  std::string_view Query(std::string_view name) const;
  bool HasQuery(std::string_view name) const;
  // All values of `name` in the query, in order.
  std::vector<std::string> Queries(std::string_view name) const;
};

// Part of a file as a body: read piece by piece while it is sent, so its size does not matter.
struct FileBody {
  std::filesystem::path path;
  // Empty: the whole file, of which the server then answers the range that the client asks for
  // (206, 416).
  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };
  std::optional<Part> part;
};

using Body = std::variant<std::string, std::shared_ptr<const std::string>, FileBody>;

// Content-Length, Date, Server and Connection are the server's business. A file that cannot be
// opened becomes 404. CR and LF in a field value are sent as blanks.
struct Response {
  int status = 200;
  Headers headers;
  Body body;
};

// Bodies with their Content-Type.
Response JsonResponse(std::string json, int status = 200);
Response TextResponse(std::string text, int status = 200);
Response HtmlResponse(std::string html, int status = 200);
// 302 by default.
Response RedirectResponse(std::string location, int status = 302);

// {"errors":[{"message":"..."}]}: the form that every client of the wire shows to its user.
Response ErrorResponse(int status, std::string_view message);
// The same, with the status that fits the code. kUnavailable and kResourceExhausted carry
// Retry-After.
Response ErrorResponse(const Error& error);

// 400 kInvalidArgument, 401, 403, 404, 409 kAlreadyExists and kConflict, 412 kFailedPrecondition,
// 429 kResourceExhausted, 501 kUnsupported, 503 kUnavailable, 500 kInternal.
int StatusOf(ErrorCode code);
// The code that a client should see in an answer with `status`.
ErrorCode CodeOfStatus(int status);
// "Not Found" for 404; "Unknown" for numbers that nobody registered.
std::string_view StatusText(int status);

// user and password of "Authorization: Basic ..."; nothing when the field is absent or malformed.
std::optional<std::pair<std::string, std::string>> BasicCredentials(const Headers& headers);
// The token of "Authorization: Bearer ..."; nothing when the field is absent.
std::optional<std::string> BearerToken(const Headers& headers);
// The value of a cookie; nothing when it was not sent.
std::optional<std::string> Cookie(const Headers& headers, std::string_view name);

// The media type that fits the ending of a file's name; application/octet-stream when unknown.
std::string_view MediaType(std::string_view file_name);

}  // namespace regatta::net
