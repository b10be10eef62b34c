// How the agent reaches its server: one HTTP POST at a time.
#pragma once

#include <string>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::agent {

struct ServerReply {
  int status = 0;
  std::string body;
};

class AgentTransport {
 public:
  virtual ~AgentTransport() = default;

  // Posts a JSON body to a path below the base URL and waits for the answer; any status is a
  // success. Errors: kUnavailable when the server is not reached, kInvalidArgument when the URL is
  // none.
  virtual Result<ServerReply> Post(std::string_view path, std::string_view body) = 0;

  // Makes a waiting Post and all later ones fail with kUnavailable soon. From any thread.
  virtual void Cancel() = 0;
};

}  // namespace regatta::agent
