#include "exchange.h"

namespace regatta::net {
namespace internal {
namespace {

// Appends "name: value" for each line of `text`, whatever ends the lines.
void AppendLines(std::string& out, std::string_view name, std::string_view text) {
  while (true) {
    const std::size_t end = text.find_first_of("\r\n");
    out.append(name).append(": ").append(text.substr(0, end)).append("\n");
    if (end == std::string_view::npos) return;
    const bool is_crlf = text.substr(end, 2) == "\r\n";
    text.remove_prefix(end + (is_crlf ? 2 : 1));
  }
}

std::string_view FirstLine(std::string_view text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

bool EventQueue::Push(std::string_view event, std::string_view id, std::string_view data) {
  std::string frame;
  if (!event.empty()) frame.append("event: ").append(FirstLine(event)).append("\n");
  if (!id.empty()) frame.append("id: ").append(FirstLine(id)).append("\n");
  AppendLines(frame, "data", data);
  frame.append("\n");

  std::unique_lock lock(mutex_);
  if (!is_open_) return false;
  if (text_.size() + frame.size() > bytes_max_) {
    has_overflowed_ = true;
    text_ = {};
    CloseAndUnlock(std::move(lock));
    return false;
  }
  const bool was_empty = text_.empty();
  text_ += frame;
  if (was_empty && wake_) wake_();
  return true;
}

void EventQueue::Close() { CloseAndUnlock(std::unique_lock(mutex_)); }

void EventQueue::CloseAndUnlock(std::unique_lock<std::mutex> lock) {
  if (!is_open_) return;
  is_open_ = false;
  if (wake_) wake_();
  const std::function<void()> callback = std::exchange(on_close_, nullptr);
  lock.unlock();
  if (callback) callback();
}

bool EventQueue::is_open() const {
  const std::lock_guard lock(mutex_);
  return is_open_;
}

void EventQueue::OnClose(std::function<void()> callback) {
  std::unique_lock lock(mutex_);
  if (is_open_) {
    on_close_ = std::move(callback);
    return;
  }
  lock.unlock();
  callback();
}

EventQueue::Batch EventQueue::Take() {
  const std::lock_guard lock(mutex_);
  return {std::exchange(text_, {}), is_open_, has_overflowed_};
}

void EventQueue::Detach() {
  std::unique_lock lock(mutex_);
  wake_ = nullptr;
  CloseAndUnlock(std::move(lock));
}

bool Exchange::Put(Answer answer) {
  const std::lock_guard lock(mutex_);
  if (is_answered_) return false;
  is_answered_ = true;
  answer_ = std::move(answer);
  if (wake_) wake_();
  return true;
}

bool Exchange::Send(Response response) { return Put({std::move(response), nullptr}); }

EventStream Exchange::StartEvents(Headers headers) {
  Wake wake;
  {
    const std::lock_guard lock(mutex_);
    wake = wake_;
  }
  auto queue = std::make_shared<EventQueue>(event_bytes_max_, std::move(wake));
  // The holders' handles own the queue through this guard: when the last is gone, the stream ends.
  std::shared_ptr<EventQueue> handle(queue.get(), [queue](EventQueue*) { queue->Close(); });
  Response response;
  response.headers = std::move(headers);
  response.headers.Set("Content-Type", "text/event-stream");
  response.headers.Set("Cache-Control", "no-cache");
  // Asks nginx and its kin not to gather the events.
  response.headers.Set("X-Accel-Buffering", "no");
  if (!Put({std::move(response), queue})) queue->Detach();
  return EventStream(std::move(handle));
}

bool Exchange::has_answer() const {
  const std::lock_guard lock(mutex_);
  return answer_.has_value();
}

std::optional<Exchange::Answer> Exchange::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answer_, std::nullopt);
}

void Exchange::Detach() {
  std::optional<Answer> unsent;
  {
    const std::lock_guard lock(mutex_);
    wake_ = nullptr;
    is_answered_ = true;
    unsent = std::exchange(answer_, std::nullopt);
  }
  if (unsent && unsent->events != nullptr) unsent->events->Detach();
}

}  // namespace internal

bool EventStream::Send(std::string_view event, std::string_view id, std::string_view data) {
  return queue_ != nullptr && queue_->Push(event, id, data);
}

void EventStream::Close() {
  if (queue_ != nullptr) queue_->Close();
}

bool EventStream::is_open() const { return queue_ != nullptr && queue_->is_open(); }

void EventStream::OnClose(std::function<void()> callback) {
  if (queue_ == nullptr) {
    callback();
  } else {
    queue_->OnClose(std::move(callback));
  }
}

// What all copies of a Responder own together.
class Responder::Owner {
 public:
  explicit Owner(std::shared_ptr<internal::Exchange> exchange) : exchange(std::move(exchange)) {}
  ~Owner() { exchange->Send(ErrorResponse(500, "the server gave no answer to this request")); }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  const std::shared_ptr<internal::Exchange> exchange;
};

Responder::Responder(std::shared_ptr<internal::Exchange> exchange)
    : owner_(std::make_shared<Owner>(std::move(exchange))) {}

void Responder::Send(Response response) const { owner_->exchange->Send(std::move(response)); }

EventStream Responder::StartEvents(Headers headers) const {
  return owner_->exchange->StartEvents(std::move(headers));
}

}  // namespace regatta::net
