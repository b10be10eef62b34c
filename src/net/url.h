// Absolute http and https URLs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::net {

struct Url {
  bool is_tls = false;
  std::string host;  // without brackets
  std::uint16_t port = 80;
  std::string path;  // with its query, without fragment; "" or starts with '/' or '?'

  // What the Host field says: brackets around IPv6, the port where it is not the scheme's own.
  std::string HostField() const;
};

// Errors: kInvalidArgument, naming the URL without any credentials in it.
Result<Url> ParseUrl(std::string_view text);

}  // namespace regatta::net
