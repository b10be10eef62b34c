#include "run_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "connection.h"
#include "regatta/tracking/run_filter.h"
#include "regatta/tracking/run_order.h"
#include "regatta/tracking/run_surroundings.h"
#include "request_context.h"
#include "resolvers.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::Run;
using tracking::RunFilter;
using tracking::RunId;
using tracking::RunOrder;
using tracking::Tables;
using tracking::ToInt;

namespace {

// What filters ask about the runs of one project, read when asked.
class Surroundings : public tracking::RunSurroundings {
 public:
  Surroundings(const Tables& tables, const tracking::Project& project)
      : tables_(tables), project_(project) {}

  std::string_view EntityName() const override { return project_.entity_name; }
  std::string_view ProjectName() const override { return project_.name; }
  std::string UserName(tracking::UserId user) const override {
    const auto [entry, is_new] = user_names_.try_emplace(ToInt(user));
    if (is_new) {
      const Result<std::optional<tracking::User>> found = tables_.accounts().FindUser(user);
      if (found && *found) entry->second = (*found)->name;
    }
    return entry->second;
  }
  std::int64_t HistoryLineCount(RunId run) const override {
    const Result<tracking::StreamInfo> info = tables_.streams().Info(run);
    return info ? info->lines(tracking::StreamKind::kHistory) : 0;
  }

 private:
  const Tables& tables_;
  const tracking::Project& project_;
  mutable std::unordered_map<std::int64_t, std::string> user_names_;
};

struct Listing {
  RunFilter filter;
  RunOrder order;
  std::optional<std::vector<std::string>> names;
};

Result<Listing> ParseListing(const FieldContext& field) {
  Listing listing;
  Result<RunFilter> filter = RunFilter::Parse(field.args().StringOr("filters", ""));
  if (!filter) return filter.error();
  Result<RunOrder> order = RunOrder::Parse(field.args().StringOr("order", ""));
  if (!order) return order.error();
  listing.filter = *std::move(filter);
  listing.order = *std::move(order);
  listing.names = field.args().StringList("names");
  return listing;
}

// True if the list is all runs of the project by creation: pages of it come from the store as they
// are.
bool IsPlain(const RunSource& source, const Listing& listing) {
  return source.sweep_name.empty() && source.agent_id.empty() && !listing.names &&
         listing.filter.matches_all() && listing.order.is_by_creation();
}

// Visits, oldest first, the runs that may belong to the list, and leaves out what cannot.
Result<void> ForEachCandidate(const Tables& tables, const RunSource& source, const Listing& listing,
                              FunctionRef<bool(const Run&)> visit) {
  const tracking::ProjectId project = source.project->project.id;
  const auto& names = listing.names ? listing.names : listing.filter.required_names();
  if (names) {
    std::vector<Run> runs;
    for (const std::string& name : *names) {
      Result<std::optional<Run>> run = tables.runs().FindByName(project, name);
      if (!run) return run.error();
      if (*run && !(*run)->is_hidden) runs.push_back(**std::move(run));
    }
    std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.id < b.id; });
    RunId last{};
    for (const Run& run : runs) {
      if (run.id == last) continue;
      last = run.id;
      if (!source.sweep_name.empty() && run.sweep_name != source.sweep_name) continue;
      if (!visit(run)) break;
    }
    return Ok();
  }
  if (!source.sweep_name.empty()) {
    return tables.runs().ForEachOfSweep(project, source.sweep_name, visit);
  }
  if (listing.filter.required_sweep()) {
    return tables.runs().ForEachOfSweep(project, *listing.filter.required_sweep(), visit);
  }
  return tables.runs().ForEach(project, false, visit);
}

Result<void> ForEachMatch(const Tables& tables, const RunSource& source, const Listing& listing,
                          FunctionRef<void(const Run&, const Surroundings&)> visit) {
  const Surroundings around(tables, source.project->project);
  return ForEachCandidate(tables, source, listing, [&](const Run& run) {
    const bool is_agents = source.agent_id.empty() || run.agent_id == source.agent_id;
    if (is_agents && listing.filter.Matches(run, around)) visit(run, around);
    return true;
  });
}

Resolved Node(const RunSource& source, Run run) {
  return Resolved::Own("Run", RunNode{std::move(run), source.project});
}

Result<Resolved> PlainPage(const Tables& tables, const RunSource& source, const Listing& listing,
                           const FieldContext& field, bool wants_nodes) {
  const tracking::ProjectId project = source.project->project.id;
  const Result<std::int64_t> count = tables.runs().Count(project);
  if (!count) return count.error();
  const auto total = static_cast<std::size_t>(*count);
  const Result<PageRange> range = PageOf(field.args(), total);
  if (!range) return range.error();
  std::vector<Resolved> nodes;
  if (wants_nodes && range->end > range->begin) {
    const Result<void> read = tables.runs().ForEachFrom(
        project, listing.order.newest_first(), static_cast<std::int64_t>(range->begin),
        static_cast<std::int64_t>(range->end - range->begin), [&](const Run& run) {
          nodes.push_back(Node(source, run));
          return true;
        });
    if (!read) return read.error();
  }
  return Connection("RunConnection", "RunEdge", std::move(nodes), *range, total);
}

Result<Resolved> SortedPage(const Tables& tables, const RunSource& source, const Listing& listing,
                            const FieldContext& field, bool wants_nodes) {
  tracking::RunSorter sorter(listing.order);
  const Result<void> read =
      ForEachMatch(tables, source, listing,
                   [&](const Run& run, const Surroundings& around) { sorter.Add(run, around); });
  if (!read) return read.error();
  const std::vector<RunId> sorted = sorter.TakeSorted();
  const Result<PageRange> range = PageOf(field.args(), sorted.size());
  if (!range) return range.error();
  std::vector<Resolved> nodes;
  for (std::size_t i = range->begin; wants_nodes && i < range->end; ++i) {
    Result<std::optional<Run>> run = tables.runs().Find(sorted[i]);
    if (!run) return run.error();
    if (*run) nodes.push_back(Node(source, **std::move(run)));
  }
  return Connection("RunConnection", "RunEdge", std::move(nodes), *range, sorted.size());
}

RunSource AllOf(const FieldContext& field) {
  return {.project = field.shared_parent<ProjectNode>(), .sweep_name = {}, .agent_id = {}};
}

}  // namespace

Result<Resolved> ListRuns(const RunSource& source, const FieldContext& field) {
  const Result<Listing> listing = ParseListing(field);
  if (!listing) return listing.error();
  const bool wants_nodes = field.Selects("edges");
  Resolved page = nullptr;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    Result<Resolved> made = IsPlain(source, *listing)
                                ? PlainPage(tables, source, *listing, field, wants_nodes)
                                : SortedPage(tables, source, *listing, field, wants_nodes);
    if (!made) return made.error();
    page = *std::move(made);
    return Ok();
  });
  if (!read) return read.error();
  return page;
}

Result<std::int64_t> CountRuns(const RunSource& source, const FieldContext& field) {
  const Result<Listing> listing = ParseListing(field);
  if (!listing) return listing.error();
  std::int64_t count = 0;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    if (IsPlain(source, *listing)) {
      const Result<std::int64_t> all = tables.runs().Count(source.project->project.id);
      if (!all) return all.error();
      count = *all;
      return Ok();
    }
    return ForEachMatch(tables, source, *listing,
                        [&](const Run&, const Surroundings&) { ++count; });
  });
  if (!read) return read.error();
  return count;
}

void AddRunListingResolvers(ResolverMap& resolvers) {
  const auto list = [](const ProjectNode&, const FieldContext& field) {
    return ListRuns(AllOf(field), field);
  };
  resolvers.Field<ProjectNode>("Project", "runs", list);
  resolvers.Field<ProjectNode>("Project", "buckets", list);
  resolvers.Field<ProjectNode>(
      "Project", "runCount", [](const ProjectNode&, const FieldContext& field) -> Result<Resolved> {
        const Result<std::int64_t> count = CountRuns(AllOf(field), field);
        if (!count) return count.error();
        return Resolved(*count);
      });
  resolvers.Record("RunConnection", {"edges", "pageInfo", "totalCount"});
  resolvers.Record("RunEdge", {"node", "cursor"});
}

}  // namespace regatta::wandb
