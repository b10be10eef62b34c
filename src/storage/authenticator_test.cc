// The authenticator over a real store: whom a key belongs to, and from when on to nobody.

#include "regatta/tracking/authenticator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "regatta/base/clock.h"
#include "regatta/storage/sql_store.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using tracking::Tables;

// Does something else between a read and what its caller makes of it.
class InterruptedStore : public tracking::Store {
 public:
  explicit InterruptedStore(tracking::Store& store) : store_(store) {}

  Result<void> Read(FunctionRef<Result<void>(const Tables&)> work) override {
    Result<void> done = store_.Read(work);
    if (const auto interrupt = std::exchange(after_read, nullptr)) interrupt();
    return done;
  }
  Result<void> Write(FunctionRef<Result<void>(Tables&)> work) override {
    return store_.Write(work);
  }
  void AppendStreams(tracking::StreamAppend append,
                     std::function<void(Result<void>)> done) override {
    store_.AppendStreams(std::move(append), std::move(done));
  }
  void TouchRun(tracking::RunId run, Timestamp at) override { store_.TouchRun(run, at); }
  tracking::BlobStore& blobs() override { return store_.blobs(); }

  std::function<void()> after_read;

 private:
  tracking::Store& store_;
};

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    std::string pattern = (fs::temp_directory_path() / "regatta-keys-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    auto opened = SqlStore::Open({.folder = folder_ + "/data", .clock = &clock_});
    EXPECT_TRUE(opened);
    sql_store_ = *std::move(opened);
    store_ = std::make_unique<InterruptedStore>(*sql_store_);
    authenticator_ = std::make_unique<tracking::Authenticator>(*store_);
    EXPECT_TRUE(store_->Write([&](Tables& tables) -> Result<void> {
      tracking::User user{.name = "ann"};
      if (Result<void> done = tables.accounts().InsertUser(user); !done) return done;
      key_ = tracking::MakeKeyRow(user.id, kKey, "", clock_.Now());
      return tables.accounts().InsertKey(key_);
    }));
  }
  ~AuthenticatorTest() override {
    store_.reset();
    sql_store_.reset();
    fs::remove_all(folder_);
  }

  // As every interface that changes keys does it.
  void Revoke() {
    EXPECT_TRUE(
        store_->Write([&](Tables& tables) { return tables.accounts().DeleteKey(key_.id); }));
    authenticator_->Forget();
  }

  static constexpr std::string_view kKey = "0123456789012345678901234567890123456789";
  SimulatedClock clock_;
  std::string folder_;
  std::unique_ptr<SqlStore> sql_store_;
  std::unique_ptr<InterruptedStore> store_;
  std::unique_ptr<tracking::Authenticator> authenticator_;
  tracking::ApiKey key_;
};

TEST_F(AuthenticatorTest, KnowsAKeyUntilItIsRevoked) {
  EXPECT_EQ(authenticator_->Authenticate(kKey)->name, "ann");
  EXPECT_EQ(authenticator_->Authenticate(kKey)->name, "ann");
  Revoke();
  EXPECT_EQ(authenticator_->Authenticate(kKey).error().code, ErrorCode::kUnauthenticated);
}

TEST_F(AuthenticatorTest, AKeyRevokedWhileItIsLookedUpIsNotRemembered) {
  store_->after_read = [this] { Revoke(); };
  EXPECT_TRUE(authenticator_->Authenticate(kKey)) << "it was good when the question was asked";
  EXPECT_EQ(authenticator_->Authenticate(kKey).error().code, ErrorCode::kUnauthenticated);
}

TEST_F(AuthenticatorTest, AKeyUnknownOnceIsKnownAsSoonAsItIsMade) {
  Revoke();
  EXPECT_FALSE(authenticator_->Authenticate(kKey));
  EXPECT_TRUE(store_->Write([&](Tables& tables) { return tables.accounts().InsertKey(key_); }));
  EXPECT_TRUE(authenticator_->Authenticate(kKey));
}

}  // namespace
}  // namespace regatta::storage
