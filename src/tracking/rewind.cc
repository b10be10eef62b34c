// Rewinding a run to an earlier step.
#include <fmt/format.h>

#include "last_values.h"
#include "regatta/tracking/row_scanner.h"
#include "regatta/tracking/run_rules.h"

namespace regatta::tracking {

Result<RewindPoint> FindRewindPoint(const Tables& tables, const Project& project,
                                    std::string_view name, std::int64_t step) {
  const Result<std::optional<Run>> found = tables.runs().FindByName(project.id, name);
  if (!found) return found.error();
  if (!*found) {
    return NotFound(fmt::format("run \"{}\" not found in project \"{}\"", name, project.name));
  }
  RewindPoint point{.run = (*found)->id};
  const Result<StreamInfo> seen = tables.streams().Info(point.run);
  if (!seen) return seen.error();
  point.seen = *seen;
  LastValues values;
  const Result<void> read =
      tables.streams().ReadLines(point.run, StreamKind::kHistory, 0,
                                 seen->lines(StreamKind::kHistory), [&](const StreamLine& line) {
                                   const std::optional<std::int64_t> at = ScanStep(line.text).step;
                                   if (at && *at > step) return false;
                                   if (at) point.last_step = at;
                                   point.line_count = line.number + 1;
                                   values.Add(line.text);
                                   return true;
                                 });
  if (!read) return read.error();
  point.summary_json = values.Summary();
  return point;
}

Result<Run> RewindRun(Tables& tables, const RewindPoint& point, Timestamp now) {
  Result<std::optional<Run>> found = tables.runs().Find(point.run);
  if (!found) return found.error();
  if (!*found) return NotFound("the run was deleted");
  Run run = **std::move(found);
  const Result<StreamInfo> info = tables.streams().Info(run.id);
  if (!info) return info.error();
  const bool has_logged =
      info->lines(StreamKind::kHistory) != point.seen.lines(StreamKind::kHistory) ||
      info->last_step != point.seen.last_step;
  if (has_logged) {
    return Conflict(
        fmt::format("run \"{}\" is being logged to: end its process, then rewind it", run.name));
  }
  Result<void> cut =
      tables.streams().Truncate(run.id, StreamKind::kHistory, point.line_count, point.last_step);
  if (!cut) return cut.error();
  run.summary_json = point.summary_json;
  run.updated_at = now;
  if (Result<void> done = tables.runs().Update(run); !done) return done.error();
  return run;
}

}  // namespace regatta::tracking
