#include "first_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "regatta/base/rng.h"
#include "regatta/tracking/account.h"
#include "regatta/tracking/authenticator.h"
#include "secret_file.h"

namespace regatta::app {

namespace {

constexpr std::size_t kSecretLength = 64;

bool IsSecret(std::string_view text) {
  return text.size() == kSecretLength && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

}  // namespace

Result<std::string> LoadOrMakeSecret(const storage::DataPaths& paths) {
  std::error_code error;
  if (std::filesystem::exists(paths.Secret(), error)) {
    Result<std::string> secret = ReadSecretFile(paths.Secret());
    if (!secret) return secret;
    if (IsSecret(*secret)) return secret;
    // Going on with it would let anybody sign links who guesses it.
    return FailedPrecondition(fmt::format(
        "{} holds no secret ({} characters a-z and 0-9): put back the one of a backup, or remove "
        "the file to have a new one made, with which upload and download links that were given out "
        "before are no longer valid",
        paths.Secret(), kSecretLength));
  }
  if (error) return Unavailable(fmt::format("cannot read {}: {}", paths.Secret(), error.message()));
  std::string secret = RandomId(kSecretLength);
  if (Result<void> written = WriteSecretFile(paths.Secret(), secret); !written) {
    return written.error();
  }
  return secret;
}

Result<FirstUser> FindOrMakeFirstUser(tracking::Store& store, Clock& clock,
                                      const storage::DataPaths& paths, const std::string& name) {
  std::vector<tracking::User> users;
  Result<void> read = store.Read([&](const tracking::Tables& tables) -> Result<void> {
    Result<std::vector<tracking::User>> listed = tables.accounts().ListUsers();
    if (!listed) return listed.error();
    users = *std::move(listed);
    return Ok();
  });
  if (!read) return read.error();
  for (const tracking::User& user : users) {
    if (user.is_admin) return FirstUser{.user = user, .is_new = false};
  }
  if (const std::string problem = tracking::EntityNameProblem(name); !problem.empty()) {
    return InvalidArgument(fmt::format("--user \"{}\" {}", name, problem));
  }
  // The file first: a key that is stored but written nowhere would be of no use to anybody.
  const std::string key = tracking::NewApiKey();
  if (Result<void> written = WriteSecretFile(paths.ApiKey(), key + "\n"); !written) {
    return written.error();
  }
  tracking::User user{.name = name, .is_admin = true, .created_at = clock.Now()};
  const Result<void> stored = store.Write([&](tracking::Tables& tables) -> Result<void> {
    if (Result<void> inserted = tables.accounts().InsertUser(user); !inserted) return inserted;
    tracking::ApiKey row =
        tracking::MakeKeyRow(user.id, key, "made at the first start", clock.Now());
    return tables.accounts().InsertKey(row);
  });
  if (!stored) return stored.error();
  return FirstUser{.user = user, .is_new = true};
}

}  // namespace regatta::app
