// Bytes in and out: PUT on signed upload links, GET on signed download links and on run files by
// name.
#pragma once

#include "links.h"
#include "regatta/base/thread_pool.h"
#include "regatta/net/router.h"
#include "regatta/wandb/wire.h"

namespace regatta::wandb {

// Everything passed outlives the router's server.
void AddFileRoutes(net::Router& router, const Services& services, const Links& links,
                   ThreadPool& workers);

}  // namespace regatta::wandb
