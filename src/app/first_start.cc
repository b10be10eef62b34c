#include "first_start.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "regatta/base/rng.h"
#include "regatta/tracking/account.h"
#include "regatta/tracking/authenticator.h"
#include "secret_file.h"

namespace regatta::app {

Result<std::string> LoadOrMakeSecret(const storage::DataPaths& paths) {
  if (Result<std::string> secret = ReadSecretFile(paths.Secret()); secret) return secret;
  std::string secret = RandomId(64);
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
