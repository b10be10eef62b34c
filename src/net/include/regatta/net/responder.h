// The answer to one request, now or later, from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "regatta/net/http.h"

namespace regatta::net {

namespace internal {
class Exchange;
class EventQueue;
}  // namespace internal

// A stream of server-sent events to one client (HTML Living Standard, section 9.2).
//
// A handle: copies mean the same stream. Thread-safe. The stream ends when Close is called, when
// the last handle is gone, when the client leaves, when the server stops, or when the client reads
// so slowly that more than the server's `event_buffer_bytes_max` wait for it.
class EventStream {
 public:
  EventStream() = default;
  explicit EventStream(std::shared_ptr<internal::EventQueue> queue) : queue_(std::move(queue)) {}

  // Queues one event and returns at once. `event` names its type ("" for none), `id` is what the
  // client sends as Last-Event-ID when it comes back ("" for none); neither may hold a line end.
  // `data` may have several lines. False when the stream has ended: stop sending.
  bool Send(std::string_view event, std::string_view id, std::string_view data);

  // Ends the stream after what is queued was sent.
  void Close();
  bool is_open() const;

  // Calls `callback` once when the stream has ended, whatever the reason, on a thread of the server
  // or of Close's caller; at once if it has ended already. It must not block. Only one callback is
  // kept.
  void OnClose(std::function<void()> callback);

 private:
  std::shared_ptr<internal::EventQueue> queue_;
};

// The right to answer one request.
//
// A handle: copies answer the same request. Thread-safe; the first answer counts and later ones are
// dropped. When the last handle goes without an answer, the client gets 500. Using it after the
// server has stopped is harmless.
class Responder {
 public:
  explicit Responder(std::shared_ptr<internal::Exchange> exchange);

  // Answers. Returns at once; sending goes on in the server's threads.
  void Send(Response response) const;
  void Send(const Error& error) const { Send(ErrorResponse(error)); }

  // Answers 200 with Content-Type text/event-stream and keeps the connection for events. A comment
  // is sent every 15 s so that proxies keep it open. `headers` are added to the answer.
  EventStream StartEvents(Headers headers = {}) const;

 private:
  class Owner;
  std::shared_ptr<Owner> owner_;
};

}  // namespace regatta::net
