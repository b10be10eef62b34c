// One thread that owns the writing connection and puts all waiting work into one commit.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "regatta/base/result.h"

namespace regatta::storage {

// What the queue does with a batch. Called on the queue's thread only.
class BatchWriter {
 public:
  virtual ~BatchWriter() = default;
  virtual Result<void> Begin() = 0;
  // Makes the batch durable. After an error nothing of the batch is stored.
  virtual Result<void> Commit() = 0;
  virtual void Rollback() = 0;
  // Brackets one piece of work that may fail alone.
  virtual Result<void> BeginStep() = 0;
  virtual Result<void> EndStep(bool keep) = 0;
  // An exception left a step, which was undone: what others hold in memory of the rows may be half
  // changed.
  virtual void DistrustMemory() = 0;
  // Housekeeping that nobody should wait for: called when a batch was answered.
  virtual void AfterBatch() = 0;
};

// Group commit. Thread-safe. Work is done in the order of submission; `done` is called on the
// queue's thread after the commit that holds the work, or with its error. Work that throws fails
// with kInternal like any other that fails, and the queue goes on.
class WriteQueue {
 public:
  using Work = std::function<Result<void>()>;
  using Done = std::function<void(Result<void>)>;

  // `writer` outlives the queue.
  explicit WriteQueue(BatchWriter& writer);
  // Finishes everything queued, then stops.
  ~WriteQueue();

  // Queues `work`. `atomic` work gets a savepoint, so that its failure leaves its neighbours alone;
  // work that does nothing but one insert does not need it, if it answers kNotFound only before it
  // has written anything. A full queue answers kUnavailable at once.
  void Submit(Work work, bool atomic, std::size_t bytes, Done done);
  // Submits and waits.
  Result<void> Run(Work work);

  // Refuses new work, commits what is queued, and returns when it is done.
  void Close();

 private:
  struct Item {
    Work work;
    Done done;
    std::size_t bytes = 0;
    bool atomic = true;
  };

  void Loop();
  void CommitBatch(std::vector<Item>& batch);

  BatchWriter& writer_;
  std::mutex mutex_;
  std::condition_variable ready_;
  // Guarded by mutex_.
  std::deque<Item> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool closing_ = false;

  std::thread thread_;
};

}  // namespace regatta::storage
