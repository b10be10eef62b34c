#include "project_access.h"

#include <algorithm>

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

}  // namespace regatta::server
