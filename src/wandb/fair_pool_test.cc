// Goal: one person's long work never takes all threads, is never lost and has a bound.
// Method: work that waits until the test opens a gate; the order in which it begins is written
// down.
#include "fair_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

namespace regatta::wandb {
namespace {

constexpr std::int64_t kGreedy = 1;
constexpr std::int64_t kModest = 2;

// A gate that all work of one test waits at.
class Gate {
 public:
  void Open() { opened_.set_value(); }
  std::function<void()> Wait() const {
    return [open = open_] { open.wait(); };
  }

 private:
  std::promise<void> opened_;
  std::shared_future<void> open_ = opened_.get_future().share();
};

TEST(FairPool, LeavesThreadsToOthersHoweverMuchOnePosts) {
  FairPool pool({.threads = 3, .running_of_owner_max = 2, .waiting_of_owner_max = 100});
  Gate gate;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(pool.Post(kGreedy, gate.Wait()));
  std::promise<void> done;
  EXPECT_TRUE(pool.Post(kModest, [&] { done.set_value(); }));
  done.get_future().get();  // hangs if the greedy one has all threads
  gate.Open();
}

TEST(FairPool, RunsAllOfOneInOrder) {
  std::vector<int> order;
  FairPool pool({.threads = 4, .running_of_owner_max = 1, .waiting_of_owner_max = 1000});
  Gate gate;
  EXPECT_TRUE(pool.Post(kGreedy, gate.Wait()));
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(pool.Post(kGreedy, [&order, i] { order.push_back(i); }));
  }
  std::promise<void> done;
  EXPECT_TRUE(pool.Post(kGreedy, [&] { done.set_value(); }));
  gate.Open();
  done.get_future().get();
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(FairPool, RefusesWhatExceedsAnOwnersShareOfTheQueue) {
  FairPool pool({.threads = 2, .running_of_owner_max = 1, .waiting_of_owner_max = 3});
  Gate gate;
  EXPECT_TRUE(pool.Post(kGreedy, gate.Wait()));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.Post(kGreedy, [] {}));
  EXPECT_FALSE(pool.Post(kGreedy, [] {}));
  EXPECT_TRUE(pool.Post(kModest, [] {}));
  gate.Open();
}

TEST(FairPool, DropsWhatHasNotBegunWhenItCloses) {
  const auto held = std::make_shared<int>(0);
  {
    FairPool pool({.threads = 1, .running_of_owner_max = 1, .waiting_of_owner_max = 20});
    Gate gate;
    std::promise<void> begun;
    EXPECT_TRUE(pool.Post(kGreedy, [&begun, wait = gate.Wait()] {
      begun.set_value();
      wait();
    }));
    for (const std::int64_t owner : {kGreedy, kModest}) {
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(pool.Post(owner, [held] { ++*held; }));
    }
    begun.get_future().get();
    pool.Close();
    EXPECT_FALSE(pool.Post(kModest, [] {}));
    gate.Open();
  }
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(held.use_count(), 1) << "what was dropped is still held";
}

}  // namespace
}  // namespace regatta::wandb
