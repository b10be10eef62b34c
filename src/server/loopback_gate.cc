#include "regatta/server/loopback_gate.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <optional>
#include <string>

namespace regatta::server {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

// Without the port, in lower case.
std::string HostOf(std::string_view authority) {
  const std::size_t behind_address = authority.find(']');
  const std::size_t from = behind_address == std::string_view::npos ? 0 : behind_address;
  return Lower(authority.substr(0, authority.find(':', from)));
}

// Of "scheme://authority/path". Nothing for what has no authority, as the origin "null".
std::optional<std::string> HostOfUrl(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  const std::string_view rest = url.substr(scheme_end + 3);
  return HostOf(rest.substr(0, rest.find_first_of("/?#")));
}

bool IsLoopbackHost(const std::string& host) {
  in_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  return host == "localhost" || host == "[::1]";
}

// The user follows a link or a bookmark to the page: nothing is changed by it, and the page that
// has the link learns nothing of the answer.
bool IsLinkFollowed(const net::Request& request) {
  return (request.method == "GET" || request.method == "HEAD") &&
         request.headers.Get("Sec-Fetch-Mode") == "navigate" &&
         request.headers.Get("Sec-Fetch-Dest") == "document";
}

net::Response Refusal(std::string_view field, std::string_view value) {
  return net::ErrorResponse(
      403, fmt::format("this server runs with --open and answers this machine alone, but the "
                       "request's {} is \"{}\": use http://127.0.0.1 or http://localhost, set "
                       "--base-url to the address that you use, or serve without --open",
                       field, value.substr(0, 200)));
}

}  // namespace

bool IsLoopbackAuthority(std::string_view authority) { return IsLoopbackHost(HostOf(authority)); }

net::Gate LoopbackGate(std::string_view external_url) {
  const std::optional<std::string> external_host = HostOfUrl(external_url);
  const auto is_own = [external_host](const std::string& host) {
    return IsLoopbackHost(host) || host == external_host;
  };
  return [is_own](const net::Request& request) -> std::optional<net::Response> {
    const std::string_view host = request.headers.Get("Host");
    if (!host.empty() && !is_own(HostOf(host))) return Refusal("Host", host);
    if (request.headers.Has("Origin")) {
      const std::string_view origin = request.headers.Get("Origin");
      const std::optional<std::string> page = HostOfUrl(origin);
      if (!page || !is_own(*page)) return Refusal("Origin", origin);
    }
    const std::string_view site = request.headers.Get("Sec-Fetch-Site");
    if (site == "cross-site" && !IsLinkFollowed(request)) return Refusal("Sec-Fetch-Site", site);
    return std::nullopt;
  };
}

}  // namespace regatta::server
