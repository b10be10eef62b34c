// What is thrown in one piece of work is an error of that piece and of no other.
#include "regatta/base/contain.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "regatta/base/thread_pool.h"

namespace regatta {
namespace {

TEST(Contained, AnswersWhatTheWorkAnswers) {
  EXPECT_TRUE(Contained("test", "it", [] { return Ok(); }));
  const Result<void> failed =
      Contained("test", "it", []() -> Result<void> { return NotFound("no such thing"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kNotFound);
}

TEST(Contained, TurnsWhatIsThrownIntoAnErrorThatTellsClientsNothingOfIt) {
  const Result<void> failed = Contained(
      "test", "it", []() -> Result<void> { throw std::runtime_error("inside of the library"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kInternal);
  EXPECT_EQ(failed.error().message.find("library"), std::string::npos);
  const Result<void> odd = Contained("test", "it", []() -> Result<void> { throw 1; });
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().code, ErrorCode::kInternal);
}

TEST(ThreadPool, GoesOnAfterWorkThatThrows) {
  ThreadPool pool(1);
  std::promise<void> reached;
  pool.Post([] { throw std::runtime_error("nobody thought of this"); });
  pool.Post([&] { reached.set_value(); });
  reached.get_future().get();
}

}  // namespace
}  // namespace regatta
