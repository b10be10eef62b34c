// Goal: one request has a bound on what it reads and holds, and its error says how to ask for less.
#include "read_allowance.h"

#include <gtest/gtest.h>

namespace regatta::wandb {
namespace {

TEST(ReadAllowance, EndsAtItsBoundOfReadingWhateverTheSizeOfEachPiece) {
  ReadAllowance one;
  EXPECT_TRUE(one.Read(kReadBytesMax));
  EXPECT_TRUE(one.Check());
  EXPECT_FALSE(one.Read(1));
  const Result<void> checked = one.Check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(checked.error().message.find("minStep"), std::string::npos);

  ReadAllowance many;
  constexpr std::uint64_t kPiece = std::uint64_t{1} << 26;
  for (std::uint64_t read = 0; read < kReadBytesMax; read += kPiece) EXPECT_TRUE(many.Read(kPiece));
  EXPECT_FALSE(many.Read(1));
}

TEST(ReadAllowance, CountsOnlyWhatIsStillHeld) {
  ReadAllowance allowance;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(allowance.Keep(kAnswerBytesMax / 2));
    allowance.Drop(kAnswerBytesMax / 2);
  }
  EXPECT_TRUE(allowance.Check());
  EXPECT_FALSE(allowance.Keep(kAnswerBytesMax + 1));
  EXPECT_NE(allowance.Check().error().message.find("samples"), std::string::npos);
}

}  // namespace
}  // namespace regatta::wandb
