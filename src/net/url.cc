#include "url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "ascii.h"

namespace regatta::net {

std::string Url::HostField() const {
  const std::string name = host.find(':') != std::string::npos ? fmt::format("[{}]", host) : host;
  const bool is_default_port = port == (is_tls ? 443 : 80);
  return is_default_port ? name : fmt::format("{}:{}", name, port);
}

Result<Url> ParseUrl(std::string_view text) {
  Url url;
  std::string_view rest = text;
  if (EqualsIgnoringCase(rest.substr(0, 7), "http://")) {
    rest.remove_prefix(7);
  } else if (EqualsIgnoringCase(rest.substr(0, 8), "https://")) {
    rest.remove_prefix(8);
    url.is_tls = true;
    url.port = 443;
  } else {
    return InvalidArgument(fmt::format("URL \"{}\" does not begin with http:// or https://",
                                       text.find('@') == std::string::npos ? text : "..."));
  }
  rest = rest.substr(0, rest.find('#'));
  const std::size_t path = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, path);
  if (path != std::string_view::npos) url.path = rest.substr(path);
  if (authority.find('@') != std::string_view::npos) {
    return InvalidArgument("URL holds a user or password: give credentials separately");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return InvalidArgument(fmt::format("URL \"{}\" has a '[' without ']'", text));
    }
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) {
      return InvalidArgument(fmt::format("URL \"{}\" has text between host and port", text));
    }
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
  }
  const bool has_bad_host =
      url.host.empty() || std::any_of(url.host.begin(), url.host.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
      });
  const bool has_bad_path = std::any_of(url.path.begin(), url.path.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
  });
  if (has_bad_host || has_bad_path) {
    return InvalidArgument(fmt::format("URL \"{}\" has no host, or a blank in it", text));
  }
  if (!port.empty()) {
    const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (ec != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return InvalidArgument(fmt::format("URL \"{}\" has no port between 1 and 65535", text));
    }
  }
  return url;
}

}  // namespace regatta::net
