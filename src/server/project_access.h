// What a person may see: their own entity and their teams', administrators everything.
#pragma once

#include <string_view>

#include "regatta/base/result.h"
#include "regatta/tracking/account.h"
#include "regatta/tracking/ids.h"
#include "regatta/tracking/store.h"

namespace regatta::server {

// The project under that name. Errors: `unknown`, whether there is none or `user` may not see it.
Result<tracking::ProjectId> FindVisibleProject(const tracking::Tables& tables,
                                               const tracking::User& user,
                                               std::string_view entity_name,
                                               std::string_view project_name, const Error& unknown);

}  // namespace regatta::server
