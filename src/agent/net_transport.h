// The agent's transport over HTTP.
#pragma once

#include "regatta/net/client.h"
#include "transport.h"

namespace regatta::agent {

class NetTransport : public AgentTransport {
 public:
  NetTransport(const std::string& base_url, net::ClientOptions options)
      : client_(base_url, std::move(options)) {}

  Result<ServerReply> Post(std::string_view path, std::string_view body) override;
  void Cancel() override { client_.Cancel(); }

 private:
  net::HttpClient client_;
};

}  // namespace regatta::agent
