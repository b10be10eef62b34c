// What a data folder's secret must be.
#include "first_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace regatta::app {
namespace {

namespace fs = std::filesystem;

class SecretTest : public testing::Test {
 protected:
  SecretTest() {
    fs::remove_all(paths_.root);
    fs::create_directories(paths_.root);
  }
  ~SecretTest() override { fs::remove_all(paths_.root); }

  const storage::DataPaths paths_{testing::TempDir() + "regatta-secret-" +
                                  testing::UnitTest::GetInstance()->current_test_info()->name()};
};

TEST_F(SecretTest, IsMadeOnceAndKept) {
  const Result<std::string> made = LoadOrMakeSecret(paths_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(*made, testing::MatchesRegex("[a-z0-9]+"));
  EXPECT_EQ(made->size(), 64U);
  EXPECT_EQ(*LoadOrMakeSecret(paths_), *made);
}

TEST_F(SecretTest, ThatIsNoneIsRefusedWithARemedyAndStays) {
  for (const std::string& content :
       {std::string(), std::string("\n"), std::string(63, 'a'), std::string(65, 'a'),
        std::string(64, 'A'), std::string(64, '\0')}) {
    std::ofstream(paths_.Secret()) << content;
    const Result<std::string> refused = LoadOrMakeSecret(paths_);
    ASSERT_FALSE(refused) << content;
    EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("backup"));
    EXPECT_EQ(fs::file_size(paths_.Secret()), content.size());
  }
}

TEST_F(SecretTest, ThatCannotBeReadIsNotMadeAnew) {
  fs::create_directories(paths_.Secret());
  EXPECT_FALSE(LoadOrMakeSecret(paths_));
  EXPECT_TRUE(fs::is_directory(paths_.Secret()));
}

}  // namespace
}  // namespace regatta::app
