// Requests on their own thread, so that a slow server never keeps the agent from its processes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "regatta/base/result.h"
#include "spawn.h"
#include "transport.h"

namespace regatta::agent {

struct Call {
  std::uint64_t id = 0;
  std::string path;
  std::string body;
};

struct CallAnswer {
  std::uint64_t id = 0;
  Result<ServerReply> reply;
};

// Sends calls one after the other, in the order given. All methods from one thread. `transport`
// outlives this; the destructor cancels what is still waiting.
class CallQueue {
 public:
  explicit CallQueue(AgentTransport& transport);
  ~CallQueue();
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  void Send(Call call);
  // Readable when Take has something.
  int fd() const { return ready_.get(); }
  std::vector<CallAnswer> Take();

 private:
  void Work();

  AgentTransport& transport_;
  FileDescriptor ready_;
  // Below: protected by mutex_.
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::deque<Call> calls_;
  std::vector<CallAnswer> answers_;
  bool is_ending_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace regatta::agent
