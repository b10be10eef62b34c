// Times as text, both ways, and the simulated clock.
#include "regatta/base/clock.h"

#include <gtest/gtest.h>

namespace regatta {
namespace {

TEST(FormatTime, WritesWholeSecondsWithoutAFraction) {
  EXPECT_EQ(FormatTime(FromMicros(1'767'323'045'000'000)), "2026-01-02T03:04:05Z");
  EXPECT_EQ(FormatTime(FromMicros(1'767'323'045'000'007)), "2026-01-02T03:04:05.000007Z");
}

TEST(ParseTime, ReadsWhatFormatTimeWrites) {
  for (const std::int64_t micros : {0L, 1L, 1'767'323'045'678'901L, 951'782'400'000'000L}) {
    const Result<Timestamp> time = ParseTime(FormatTime(FromMicros(micros)));
    ASSERT_TRUE(time);
    EXPECT_EQ(ToMicros(*time), micros);
  }
}

TEST(ParseTime, AcceptsTheFormsThatClientsSend) {
  EXPECT_EQ(ToMicros(*ParseTime("2026-01-02T03:04:05.5")), 1'767'323'045'500'000);
  EXPECT_EQ(ToMicros(*ParseTime("2026-01-02 03:04:05+00:00")), 1'767'323'045'000'000);
  EXPECT_EQ(ToMicros(*ParseTime("2026-01-02")), 1'767'312'000'000'000);
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  for (const char* text : {"", "now", "2026-13-01", "2026-02-30", "2026-01-02T25:00:00",
                           "2026-01-02T03:04:05.", "2026-01-02T03:04:05+02:00"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

TEST(SimulatedClock, StandsStillUntilAdvanced) {
  SimulatedClock clock;
  const Timestamp before = clock.Now();
  EXPECT_EQ(clock.Now(), before);
  clock.Advance(std::chrono::seconds(3));
  EXPECT_EQ(clock.Now() - before, std::chrono::seconds(3));
}

}  // namespace
}  // namespace regatta
