// From a key to a person.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/tracking/account.h"
#include "regatta/tracking/store.h"

namespace regatta::tracking {

// "" if `key` may be an API key: 40 to 512 printable characters without blanks; else what is wrong.
std::string ApiKeyProblem(std::string_view key);

// The row for a new key of `user`: its hash and first characters, never the key.
ApiKey MakeKeyRow(UserId user, std::string_view key, std::string_view description, Timestamp now);

// A fresh key: 40 characters of a-z0-9, which every client accepts.
std::string NewApiKey();

// Thread-safe. Remembers whom keys belong to until Forget.
class Authenticator {
 public:
  // `store` outlives it.
  explicit Authenticator(Store& store) : store_(store) {}

  // The person that `key` belongs to.
  // Errors: kUnauthenticated; kUnavailable if the store cannot be read.
  Result<User> Authenticate(std::string_view key);

  // To be called after accounts, keys or teams have changed.
  void Forget();

  // Adds what else has to be looked at again after such a change. Before the first Forget; called
  // on Forget's thread, in the order of adding.
  void OnForget(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }

 private:
  Store& store_;
  std::vector<std::function<void()>> listeners_;
  std::mutex mutex_;
  std::unordered_map<std::string, User> known_;  // guarded by mutex_; by SHA-256
  std::uint64_t generation_ = 0;                 // guarded by mutex_; counts Forget
};

}  // namespace regatta::tracking
