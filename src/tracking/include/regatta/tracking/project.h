// Projects: named containers of runs and sweeps, owned by an entity.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/tracking/ids.h"

namespace regatta::tracking {

struct Project {
  ProjectId id{};
  EntityId entity{};
  std::string entity_name;  // filled in on reading
  std::string name;
  std::string description;
  std::string access;  // "" as the client left it, else "USER_READ", "PRIVATE", ...
  std::string repo;
  std::string docker_image;
  std::string views_json;
  UserId creator{};
  Timestamp created_at;
  Timestamp updated_at;
  // The number that the next generated run name ends in ("calm-tree-7").
  std::int64_t next_run_number = 1;
};

class ProjectTables {
 public:
  virtual ~ProjectTables() = default;

  virtual Result<std::optional<Project>> Find(ProjectId id) const = 0;
  virtual Result<std::optional<Project>> FindByName(EntityId entity,
                                                    std::string_view name) const = 0;
  // Newest first.
  virtual Result<std::vector<Project>> List(EntityId entity) const = 0;

  // Fills in `id`. Errors: kAlreadyExists.
  virtual Result<void> Insert(Project& project) = 0;
  virtual Result<void> Update(const Project& project) = 0;
  // Deletes the project with its runs, streams, files, sweeps and artifacts: with this write
  // nothing finds them any more and the name is free. What they take on the disk is given back
  // after it, a little at a time.
  virtual Result<void> Delete(ProjectId id) = 0;
};

}  // namespace regatta::tracking
