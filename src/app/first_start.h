// What the first start of a server leaves in its data folder, and every later one finds there.
#pragma once

#include <string>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/storage/data_folder.h"
#include "regatta/tracking/store.h"

namespace regatta::app {

// The secret that the server signs with, made where there is none yet. Errors: those of the file;
// kFailedPrecondition if what it holds is none, and nothing is changed then.
Result<std::string> LoadOrMakeSecret(const storage::DataPaths& paths);

struct FirstUser {
  tracking::User user;
  bool is_new = false;
};

// The administrator of a new data folder, called `name`, with a key in the api-key file; else the
// first one found. Errors: kInvalidArgument for a name that users cannot have; those of store and
// file, after which no user was made.
Result<FirstUser> FindOrMakeFirstUser(tracking::Store& store, Clock& clock,
                                      const storage::DataPaths& paths, const std::string& name);

}  // namespace regatta::app
