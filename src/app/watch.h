// `regatta watch SWEEP`: a sweep followed live.
#pragma once

#include "api_client.h"

namespace regatta::app {

struct WatchOptions {
  bool as_json = false;  // one JSON object a change
  bool is_once = false;  // what is there now, and no more
};

// Shows the sweep until it ends: redrawn in place on a terminal, one line a change otherwise. Asks
// again whenever the server announces a change, and every few seconds in any case. A server that is
// away is waited for, once it has answered the first time. Returns the exit code: 0 also for a
// sweep that was stopped, 1 for one that failed, crashed or was canceled.
int WatchSweep(ApiClient& client, const ItemPath& path, const WatchOptions& options);

}  // namespace regatta::app
