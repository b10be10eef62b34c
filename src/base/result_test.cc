// Result: both sides, moves, and that reading the wrong side stops the process.
#include "regatta/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace regatta {
namespace {

Result<std::unique_ptr<int>> Make(bool good) {
  if (!good) return NotFound("no number");
  return std::make_unique<int>(4);
}

TEST(Result, HoldsAValueThatCanBeMovedOut) {
  Result<std::unique_ptr<int>> result = Make(true);
  ASSERT_TRUE(result);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 4);
}

TEST(Result, HoldsAnError) {
  const Result<std::unique_ptr<int>> result = Make(false);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(WithContext("run \"a\"", result.error()).message, "run \"a\": no number");
}

TEST(ResultDeathTest, ReadingTheWrongSideStops) {
  const Result<std::string> result = NotFound("x");
  EXPECT_DEATH((void)result.value(), "broken invariant");
}

TEST(Result, OfNothingIsSuccessByDefault) {
  EXPECT_TRUE(Ok());
  EXPECT_FALSE(Result<void>(Internal("x")));
}

}  // namespace
}  // namespace regatta
