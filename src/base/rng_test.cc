// Rng: the published Philox vectors, and the properties that replays rely on.
#include "regatta/base/rng.h"

#include <gtest/gtest.h>

#include <set>

namespace regatta {
namespace {

TEST(Rng, MatchesThePublishedPhiloxVector) {
  // Random123 kat_vectors: philox4x32-10, counter 0, key 0 → 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
  Rng rng(0, 0);
  EXPECT_EQ(rng.Next(), 0xe169c58d6627e8d5u);
  EXPECT_EQ(rng.Next(), 0x9b00dbd8bc57ac4cu);
}

TEST(Rng, GoesOnFromAnyPosition) {
  Rng whole(7, 3);
  for (int i = 0; i < 5; ++i) whole.Next();
  Rng resumed(7, 3);
  resumed.Skip(whole.position());
  EXPECT_EQ(resumed.Next(), whole.Next());
}

TEST(Rng, SplitsIntoDifferentStreams) {
  const Rng root(1);
  std::set<std::uint64_t> first_numbers;
  for (std::uint64_t key = 0; key < 1000; ++key) first_numbers.insert(root.Split(key).Next());
  EXPECT_EQ(first_numbers.size(), 1000u);
}

TEST(Rng, OpenUniformNeverReturnsAnEnd) {
  Rng rng(5);
  for (int i = 0; i < 100'000; ++i) {
    const double u = rng.UniformOpen();
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
  }
}

TEST(Rng, NormalHasMeanZeroAndVarianceOne) {
  Rng rng(11);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = rng.Normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.02);
}

TEST(RandomId, UsesLowerCaseLettersAndDigitsOnly) {
  Rng rng(1);
  const std::string id = RandomId(200, rng);
  EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos);
  EXPECT_NE(RandomId(16), RandomId(16));
}

}  // namespace
}  // namespace regatta
