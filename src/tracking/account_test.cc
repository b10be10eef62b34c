#include "regatta/tracking/account.h"

#include <gmock/gmock.h>

namespace regatta::tracking {
namespace {

using testing::HasSubstr;

TEST(EntityNameProblem, TakesLettersDigitsAndAFewSigns) {
  for (const char* name : {"ada", "team-1", "a.b_c", "Settings2", "0"}) {
    EXPECT_EQ(EntityNameProblem(name), "") << name;
  }
  for (const char* name : {"", "-a", ".git", "a/b", "a b", "\xc3\xa4"}) {
    EXPECT_NE(EntityNameProblem(name), "") << name;
  }
  EXPECT_NE(EntityNameProblem(std::string(129, 'a')), "");
}

TEST(EntityNameProblem, KeepsTheAddressesOfTheServerFree) {
  for (const char* name : {"settings", "login", "authorize", "api", "graphql", "files"}) {
    EXPECT_THAT(EntityNameProblem(name), HasSubstr("choose another one")) << name;
  }
}

}  // namespace
}  // namespace regatta::tracking
