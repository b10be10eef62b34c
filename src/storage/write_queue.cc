#include "write_queue.h"

#include <algorithm>
#include <future>
#include <utility>

#include "regatta/base/contain.h"

namespace regatta::storage {
namespace {

// A bound on memory, not on speed: at 100 MB/s to disk this is under three seconds of work.
constexpr std::size_t kMaxWaitingBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxWaitingItems = 100'000;
// One commit takes at most this much, so that its latency stays bounded.
constexpr std::size_t kMaxBatchItems = 4096;
constexpr std::size_t kMaxBatchBytes = std::size_t{32} << 20;

}  // namespace

WriteQueue::WriteQueue(BatchWriter& writer) : writer_(writer), thread_([this] { Loop(); }) {}

WriteQueue::~WriteQueue() { Close(); }

void WriteQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void WriteQueue::Submit(Work work, bool atomic, std::size_t bytes, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!closing_ && waiting_.size() < kMaxWaitingItems &&
        waiting_bytes_ + bytes <= kMaxWaitingBytes) {
      waiting_bytes_ += bytes;
      waiting_.push_back({std::move(work), std::move(done), bytes, atomic});
      ready_.notify_one();
      return;
    }
  }
  done(Unavailable("the server is closing or its write queue is full; send it again later"));
}

Result<void> WriteQueue::Run(Work work) {
  std::promise<Result<void>> promise;
  std::future<Result<void>> result = promise.get_future();
  Submit(std::move(work), true, 0,
         [&promise](Result<void> outcome) { promise.set_value(std::move(outcome)); });
  return result.get();
}

void WriteQueue::Loop() {
  while (true) {
    std::vector<Item> batch;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::size_t bytes = 0;
      while (!waiting_.empty() && batch.size() < kMaxBatchItems && bytes < kMaxBatchBytes) {
        bytes += waiting_.front().bytes;
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      waiting_bytes_ -= std::min(bytes, waiting_bytes_);
    }
    CommitBatch(batch);
    writer_.AfterBatch();
  }
}

void WriteQueue::CommitBatch(std::vector<Item>& batch) {
  std::vector<Result<void>> outcomes(batch.size());
  Result<void> committed = writer_.Begin();
  bool must_redo_alone = false;
  if (committed) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!batch[i].atomic) {
        outcomes[i] = Contained("storage", "a write", batch[i].work);
        // Without a savepoint a failure may have left half of the work behind; but not where there
        // was nothing to write to.
        if (!outcomes[i] && outcomes[i].error().code != ErrorCode::kNotFound) {
          must_redo_alone = true;
        }
        // A disk that fails one fails all: they are told so at once, and send again later.
        if (!outcomes[i] && outcomes[i].error().code == ErrorCode::kUnavailable) {
          committed = outcomes[i];
        }
      } else if (Result<void> begun = writer_.BeginStep(); !begun) {
        outcomes[i] = begun;
      } else {
        bool has_returned = false;
        outcomes[i] = Contained("storage", "a write", [&] {
          Result<void> outcome = batch[i].work();
          has_returned = true;
          return outcome;
        });
        if (Result<void> ended = writer_.EndStep(outcomes[i].has_value()); !ended) {
          outcomes[i] = ended;
          must_redo_alone = true;
        }
        if (!has_returned) writer_.DistrustMemory();
      }
      if (must_redo_alone) break;
    }
    if (must_redo_alone) {
      writer_.Rollback();
    } else {
      committed = writer_.Commit();
      if (!committed) writer_.Rollback();
    }
  }
  if (must_redo_alone && committed && batch.size() > 1) {
    // Each piece gets a commit of its own, so that only the failing ones fail.
    for (Item& item : batch) {
      std::vector<Item> single;
      single.push_back(std::move(item));
      CommitBatch(single);
    }
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    (void)Contained("storage", "telling of a write", [&] {
      batch[i].done(!committed ? committed : std::move(outcomes[i]));
      return Ok();
    });
  }
}

}  // namespace regatta::storage
