#include <fmt/format.h>

#include "regatta/base/json_string.h"
#include "regatta/server/routes.h"

namespace regatta::server {

void AddStatusRoutes(net::Router& router, const Services& services) {
  const net::RouteOptions always{.is_exempt_from_limits = true};
  router.Add(
      "GET", "/healthz",
      [](const net::Request&, const net::Responder& responder) {
        responder.Send(net::TextResponse("ok\n"));
      },
      always);
  router.Add(
      "GET", "/ready",
      [&services](const net::Request&, const net::Responder& responder) {
        if (services.is_ready) return responder.Send(net::TextResponse("ready\n"));
        responder.Send(net::TextResponse("starting or stopping\n", 503));
      },
      always);
  router.Add(
      "GET", "/metrics",
      [&services](const net::Request&, const net::Responder& responder) {
        net::Response response = net::TextResponse(services.metrics());
        response.headers.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        responder.Send(std::move(response));
      },
      always);
  router.Add(
      "GET", "/api/version", [&services](const net::Request&, const net::Responder& responder) {
        responder.Send(net::JsonResponse(
            fmt::format("{{\"name\":\"regatta\",\"version\":{}}}", JsonString(services.version))));
      });
}

}  // namespace regatta::server
