// What a connection and the holders of its Responder and EventStream share.
//
// Thread-safe. The connection gives a `wake` function that makes it look again, and takes it away
// with Detach before it ends; `wake` is called under the lock, so it never runs after Detach has
// returned.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "regatta/net/http.h"
#include "regatta/net/responder.h"

namespace regatta::net::internal {

using Wake = std::function<void()>;

// The unsent events of one stream.
class EventQueue {
 public:
  EventQueue(std::size_t bytes_max, Wake wake) : bytes_max_(bytes_max), wake_(std::move(wake)) {}

  // For the holders.
  bool Push(std::string_view event, std::string_view id, std::string_view data);
  void Close();
  bool is_open() const;
  void OnClose(std::function<void()> callback);

  // For the connection. Take returns all that waits, and whether the stream goes on behind it.
  struct Batch {
    std::string text;
    bool is_open = true;
    bool has_overflowed = false;
  };
  Batch Take();
  // Closes for good and calls the callback.
  void Detach();

 private:
  void CloseAndUnlock(std::unique_lock<std::mutex> lock);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  // State below is protected by mutex_.
  Wake wake_;
  std::string text_;
  bool is_open_ = true;
  bool has_overflowed_ = false;
  std::function<void()> on_close_;
};

// The answer to one request, once it is there.
class Exchange {
 public:
  struct Answer {
    Response response;
    // Set when the answer is an event stream; `response` then holds only its head.
    std::shared_ptr<EventQueue> events;
  };

  Exchange(std::size_t event_bytes_max, Wake wake)
      : event_bytes_max_(event_bytes_max), wake_(std::move(wake)) {}

  // For the holders. False when an answer was there before.
  bool Send(Response response);
  EventStream StartEvents(Headers headers);

  // For the connection.
  bool has_answer() const;
  std::optional<Answer> Take();
  // Drops later answers.
  void Detach();

 private:
  bool Put(Answer answer);

  const std::size_t event_bytes_max_;
  mutable std::mutex mutex_;
  // State below is protected by mutex_.
  Wake wake_;
  std::optional<Answer> answer_;
  bool is_answered_ = false;
};

}  // namespace regatta::net::internal
