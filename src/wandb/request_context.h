// One GraphQL request: who asks, and the store as that person may see it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "nodes.h"
#include "read_allowance.h"
#include "regatta/base/function_ref.h"
#include "regatta/graphql/resolver.h"
#include "regatta/tracking/store.h"
#include "regatta/wandb/wire.h"

namespace regatta::wandb {

class Links;

// Not thread-safe: belongs to the thread that executes the request.
class RequestContext {
 public:
  RequestContext(const Services& services, const Links& links, std::optional<tracking::User> viewer,
                 std::string base_url)
      : services(services),
        links(links),
        viewer(std::move(viewer)),
        base_url(std::move(base_url)) {}

  const Services& services;
  const Links& links;
  const std::optional<tracking::User> viewer;
  // The server's address as this client reaches it, without a slash at the end.
  const std::string base_url;
  // What its resolvers may still read and hold.
  ReadAllowance allowance;

  // Runs `work` on the request's snapshot, or on a fresh one outside of ReadAll.
  Result<void> Read(FunctionRef<Result<void>(const tracking::Tables&)> work);
  // One snapshot for everything read during `work`: for queries, which change nothing.
  void ReadAll(FunctionRef<void()> work);
  // One atomic, durable step.
  Result<void> Write(FunctionRef<Result<void>(tracking::Tables&)> work);

  // The person behind the request. Errors: kUnauthenticated.
  Result<tracking::User> RequireViewer() const;

  Timestamp Now() const { return services.clock.Now(); }

 private:
  const tracking::Tables* snapshot_ = nullptr;
};

inline RequestContext& Context(const graphql::FieldContext& field) {
  return field.request<RequestContext>();
}

// What a person may see answers exactly like what does not exist: nullopt either way.
// An empty `name` means the viewer's own entity.
struct VisibleEntity {
  tracking::Entity entity;
  // False for a team's member whose role is to look only.
  bool may_write = false;
};
Result<std::optional<VisibleEntity>> FindVisibleEntity(const tracking::Tables& tables,
                                                       const RequestContext& context,
                                                       std::string_view name);
Result<std::optional<tracking::Entity>> FindEntity(const tracking::Tables& tables,
                                                   const RequestContext& context,
                                                   std::string_view name);
Result<std::shared_ptr<const ProjectNode>> FindProject(const tracking::Tables& tables,
                                                       const RequestContext& context,
                                                       std::string_view entity,
                                                       std::string_view project);
Result<std::shared_ptr<const ProjectNode>> FindProject(const tracking::Tables& tables,
                                                       const RequestContext& context,
                                                       tracking::ProjectId id);
Result<std::shared_ptr<const RunNode>> FindRun(const tracking::Tables& tables,
                                               const RequestContext& context,
                                               std::string_view entity, std::string_view project,
                                               std::string_view run);

// What Require* finds is for those who want to change it, or something in it. They see it, so a
// refusal says that it is there: kPermissionDenied, naming the role and the remedy.
Result<void> RequireWrite(const ProjectNode& project);
// By storage id. Errors: kPermissionDenied; kNotFound if there is none that the viewer may see.
Result<std::shared_ptr<const RunNode>> RequireRun(const tracking::Tables& tables,
                                                  const RequestContext& context,
                                                  std::string_view storage_id);
// Errors: kPermissionDenied, kUnauthenticated; kNotFound naming it.
Result<tracking::Entity> RequireEntity(const tracking::Tables& tables,
                                       const RequestContext& context, std::string_view name);

// The project name that stands for a missing one.
inline constexpr std::string_view kUncategorized = "uncategorized";

}  // namespace regatta::wandb
