#include "project_access.h"

#include <algorithm>

#include "regatta/server/routes.h"

namespace regatta::server {

Result<tracking::ProjectId> FindVisibleProject(const tracking::Tables& tables,
                                               const tracking::User& user,
                                               std::string_view entity_name,
                                               std::string_view project_name,
                                               const Error& unknown) {
  const auto entity = tables.accounts().FindEntityByName(entity_name);
  if (!entity) return entity.error();
  if (!*entity) return unknown;
  const auto visible = tables.accounts().ListEntitiesOf(user.id);
  if (!visible) return visible.error();
  const bool may_see =
      user.is_admin || std::any_of(visible->begin(), visible->end(),
                                   [&](const auto& own) { return own.id == (*entity)->id; });
  if (!may_see) return unknown;
  const auto project = tables.projects().FindByName((*entity)->id, project_name);
  if (!project) return project.error();
  if (!*project) return unknown;
  return (*project)->id;
}

net::Gate RequireKey(const Services& services) {
  return [&services](const net::Request& request) -> std::optional<net::Response> {
    const Result<tracking::User> viewer = services.viewer(request);
    if (viewer) return std::nullopt;
    return net::ErrorResponse(viewer.error());
  };
}

}  // namespace regatta::server
