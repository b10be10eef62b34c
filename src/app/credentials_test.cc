#include "credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace regatta::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "0123456789abcdef0123456789abcdef01234567";

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_);
    variables_["HOME"] = home_;
  }
  ~CredentialsTest() override { std::filesystem::remove_all(home_); }

  Environment Variables() {
    return [this](const char* name) { return variables_[name]; };
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(home_ + "/" + name) << text;
  }
  std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string home_ = testing::TempDir() + "regatta-credentials-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name();
  std::map<std::string, std::string> variables_;
};

TEST_F(CredentialsTest, TheFoldersKeyGoesToTheFoldersServerAlone) {
  Write("api-key", std::string(kKey) + "\n");
  const auto key_for = [&](const std::string& server, bool is_folder_named) {
    const FolderKey folder{.path = home_ + "/api-key", .is_folder_named = is_folder_named};
    return FindAdminCredentials(server, folder, Variables())->key;
  };
  EXPECT_EQ(key_for("", false), kKey) << "nothing names a server: it is the one of this machine";
  EXPECT_EQ(key_for("", true), kKey);
  EXPECT_EQ(key_for("https://it.example", true), kKey) << "server and folder are named together";
  EXPECT_EQ(key_for("https://it.example", false), "");

  variables_["WANDB_BASE_URL"] = "https://api.other.example";
  EXPECT_EQ(key_for("", false), "");
  EXPECT_EQ(key_for("", true), "");
  EXPECT_EQ(key_for("https://it.example", true), kKey);
  variables_.erase("WANDB_BASE_URL");

  ASSERT_TRUE(
      StoreCredentials({.server = "https://api.other.example", .key = "theirs"}, Variables()));
  EXPECT_EQ(key_for("", true), "theirs") << "the config file names a server";
  EXPECT_EQ(key_for("https://api.other.example", true), kKey);

  variables_["WANDB_API_KEY"] = "mine";
  EXPECT_EQ(key_for("https://it.example", true), "mine");
}

TEST_F(CredentialsTest, WhatLoginStoresIsFoundAgain) {
  const Credentials stored{.server = "https://sweeps.example:81/base", .key = kKey};
  const Result<StoredIn> where = StoreCredentials(stored, Variables());
  ASSERT_TRUE(where) << where.error().message;
  const Result<Credentials> found = FindCredentials("", Variables());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->server, stored.server);
  EXPECT_EQ(found->key, kKey);
  EXPECT_EQ(found->source, home_ + "/.netrc");
  EXPECT_THAT(Read(where->netrc), HasSubstr("machine sweeps.example:81\n  login user\n"));
  EXPECT_THAT(Read(where->config), Not(HasSubstr(kKey)));
}

TEST_F(CredentialsTest, OnlyTheOwnerCanReadTheFiles) {
  Write(".netrc", "machine other login me password secret\n");
  ASSERT_EQ(::chmod((home_ + "/.netrc").c_str(), 0644), 0);
  const Result<StoredIn> where =
      StoreCredentials({.server = "http://a:1", .key = kKey}, Variables());
  ASSERT_TRUE(where) << where.error().message;
  for (const std::string& path : {where->netrc, where->config}) {
    struct stat about = {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U) << path;
  }
}

TEST_F(CredentialsTest, ALinkedNetrcStaysALink) {
  std::filesystem::create_directories(home_ + "/dotfiles");
  Write("dotfiles/netrc", "machine other login me password secret\n");
  std::filesystem::create_symlink(home_ + "/dotfiles/netrc", home_ + "/.netrc");
  ASSERT_TRUE(StoreCredentials({.server = "http://a:1", .key = kKey}, Variables()));
  EXPECT_TRUE(std::filesystem::is_symlink(home_ + "/.netrc"));
  EXPECT_THAT(Read(home_ + "/dotfiles/netrc"), HasSubstr(kKey));
}

TEST_F(CredentialsTest, TheEnvironmentComesBeforeTheFiles) {
  ASSERT_TRUE(StoreCredentials({.server = "http://a:1", .key = kKey}, Variables()));
  variables_["WANDB_BASE_URL"] = "http://b:2/";
  variables_["WANDB_API_KEY"] = "other";
  const Result<Credentials> found = FindCredentials("", Variables());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->server, "http://b:2");
  EXPECT_EQ(found->key, "other");
  EXPECT_EQ(FindCredentials("http://c:3", Variables())->server, "http://c:3");
}

TEST_F(CredentialsTest, AKeyIsForItsOwnServerOnly) {
  ASSERT_TRUE(StoreCredentials({.server = "http://a:1", .key = kKey}, Variables()));
  EXPECT_EQ(FindCredentials("http://a:2", Variables())->key, "");
  EXPECT_EQ(FindCredentials("http://evil.example/a:1", Variables())->key, "");
}

TEST_F(CredentialsTest, AKeyFileIsRead) {
  Write("key", std::string(kKey) + "\n");
  variables_["REGATTA_API_KEY_FILE"] = home_ + "/key";
  EXPECT_EQ(FindCredentials("", Variables())->key, kKey);
  variables_["REGATTA_API_KEY_FILE"] = home_ + "/nothing";
  EXPECT_EQ(FindCredentials("", Variables()).error().code, ErrorCode::kNotFound);
}

TEST_F(CredentialsTest, NoMessageRepeatsAKey) {
  variables_["WANDB_API_KEY"] = kKey;
  for (const char* server : {"ftp://x", "http://", "", "http://user:0123456789@host"}) {
    variables_["WANDB_BASE_URL"] = server;
    const Result<Credentials> found = FindCredentials(server, Variables());
    if (found) continue;
    EXPECT_THAT(found.error().message, Not(HasSubstr(kKey)));
    EXPECT_THAT(found.error().message, Not(HasSubstr("0123456789")));
    EXPECT_THAT(found.error().message, HasSubstr("http://HOST:PORT"));
  }
  const std::string folder_in_place = home_ + "/.netrc";
  std::filesystem::create_directories(folder_in_place + "/x");
  const Result<StoredIn> stored =
      StoreCredentials({.server = "http://a:1", .key = kKey}, Variables());
  ASSERT_FALSE(stored);
  EXPECT_THAT(stored.error().message, Not(HasSubstr(kKey)));
}

TEST(Netrc, ReadsEveryLayoutThatItsFormatAllows) {
  EXPECT_EQ(FindInNetrc("machine a login user password k", "a"), "k");
  EXPECT_EQ(FindInNetrc("machine a\n\tlogin user\n\tpassword \"k w\"\n", "a"), "k w");
  EXPECT_EQ(FindInNetrc("# machine a password no\nmachine a password yes", "a"), "yes");
  EXPECT_EQ(FindInNetrc("machine b password machine machine a password k", "a"), "k");
  EXPECT_EQ(FindInNetrc("macdef init\nmachine a password no\n\nmachine a password k", "a"), "k");
  EXPECT_EQ(FindInNetrc("machine a login user", "a"), "");
  EXPECT_EQ(FindInNetrc("machine", "a"), "");
  EXPECT_EQ(FindInNetrc("", "a"), "");
}

TEST(Netrc, ReplacingKeepsEverythingElse) {
  const std::string before =
      "# mine\nmachine x login me password p\nmachine a\n  login user\n  password old\n"
      "machine y login me password q\n";
  const std::string after = ReplaceInNetrc(before, "a", "new");
  EXPECT_EQ(FindInNetrc(after, "a"), "new");
  EXPECT_EQ(FindInNetrc(after, "x"), "p");
  EXPECT_EQ(FindInNetrc(after, "y"), "q");
  EXPECT_THAT(after, HasSubstr("# mine\n"));
  EXPECT_THAT(after, Not(HasSubstr("old")));
  EXPECT_EQ(ReplaceInNetrc(after, "a", "new"), after);
}

TEST(Netrc, AnEntryComesBeforeTheDefault) {
  const std::string text = ReplaceInNetrc("default login me password p\n", "a", "k");
  EXPECT_LT(text.find("machine a"), text.find("default"));
}

TEST(NetworkLocation, IsHostAndPort) {
  EXPECT_EQ(NetworkLocation("https://h:81/base").value(), "h:81");
  EXPECT_EQ(NetworkLocation("http://[::1]:8080").value(), "[::1]:8080");
  EXPECT_FALSE(NetworkLocation("h:81"));
}

}  // namespace
}  // namespace regatta::app
