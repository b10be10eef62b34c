#include "regatta/tracking/authenticator.h"

#include "regatta/base/rng.h"
#include "regatta/codec/hash.h"
#include "regatta/codec/hex.h"

namespace regatta::tracking {
namespace {

constexpr std::size_t kMaxKnown = 10'000;
// As much of a key as listings show; upstream's client expects a prefix of the real key there.
constexpr std::size_t kPrefixLength = 8;
// What clients since 0.31 ask for.
constexpr std::size_t kKeyLengthMin = 40;

std::string HashOf(std::string_view key) {
  const codec::Sha256Digest digest = codec::Sha256::Of(key);
  return codec::EncodeHex(codec::AsBytes(digest));
}

}  // namespace

std::string ApiKeyProblem(std::string_view key) {
  if (key.size() < kKeyLengthMin) {
    return "is shorter than 40 characters, so that `wandb login` would refuse it";
  }
  if (key.size() > 512) return "is longer than 512 characters";
  for (const char c : key) {
    if (c <= ' ' || c > '~') return "holds a blank or a character that is not printable ASCII";
  }
  return "";
}

ApiKey MakeKeyRow(UserId user, std::string_view key, std::string_view description, Timestamp now) {
  return {.user = user,
          .sha256_hex = HashOf(key),
          .prefix = std::string(key.substr(0, kPrefixLength)),
          .description = std::string(description),
          .created_at = now};
}

std::string NewApiKey() { return RandomId(40); }

Result<User> Authenticator::Authenticate(std::string_view key) {
  if (key.empty()) {
    return Unauthenticated("no API key was sent: log in with `wandb login` or set WANDB_API_KEY");
  }
  const std::string hash = HashOf(key);
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    if (const auto known = known_.find(hash); known != known_.end()) return known->second;
  }
  std::optional<User> user;
  const Result<void> read = store_.Read([&](const Tables& tables) -> Result<void> {
    const Result<std::optional<ApiKey>> row = tables.accounts().FindKeyBySha256(hash);
    if (!row) return row.error();
    if (!*row) return Ok();
    Result<std::optional<User>> owner = tables.accounts().FindUser((*row)->user);
    if (!owner) return owner.error();
    user = *std::move(owner);
    return Ok();
  });
  if (!read) return read.error();
  if (!user) {
    return Unauthenticated(
        "this API key is not known here (or was revoked): copy a current one from the server's "
        "/authorize page, or ask the administrator for a new one");
  }
  const std::lock_guard lock(mutex_);
  // What was read before a Forget may be what it is about: a key revoked in between stays unknown.
  if (generation == generation_) {
    if (known_.size() >= kMaxKnown) known_.clear();
    known_[hash] = *user;
  }
  return *user;
}

void Authenticator::Forget() {
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    known_.clear();
  }
  for (const auto& listener : listeners_) listener();
}

}  // namespace regatta::tracking
