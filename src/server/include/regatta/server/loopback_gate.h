// Keeps web pages of other places away from a server that asks nobody for a key.
#pragma once

#include <string_view>

#include "regatta/net/router.h"

namespace regatta::server {

// Whether "HOST" or "HOST:PORT" names this machine by what no name server decides: 127.0.0.0/8,
// "[::1]" or "localhost". A name like 127.0.0.1.example.org does not.
bool IsLoopbackAuthority(std::string_view authority);

// For a server without authentication: whoever sends a request must be a program or a page of this
// machine. A browser sends requests of any page that its user looks at, and says so:
//   - `Host` has the name in the address bar, also when that name was made to resolve to 127.0.0.1
//     afterwards (DNS rebinding);
//   - `Origin` (RFC 6454) and `Sec-Fetch-Site` (W3C Fetch Metadata) have the page that asks.
// The gate refuses with 403 what names another host than a loopback one or that of `external_url`
// ("" for none). Following a link from elsewhere stays possible: a GET of the page itself. Absent
// fields are no reason, since programs send none. Thread-safe.
net::Gate LoopbackGate(std::string_view external_url);

}  // namespace regatta::server
