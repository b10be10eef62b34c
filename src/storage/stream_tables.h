// StreamTables on the append-only log.
#pragma once

#include "context.h"

namespace regatta::storage {

class SqlStreamTables : public tracking::StreamTables {
 public:
  explicit SqlStreamTables(Context& context) : context_(context) {}

  Result<tracking::StreamInfo> Info(tracking::RunId run) const override;
  Result<void> ReadLines(tracking::RunId run, tracking::StreamKind kind, std::int64_t first,
                         std::int64_t count,
                         FunctionRef<bool(const tracking::StreamLine&)> visit) const override;
  Result<void> ReadSteps(tracking::RunId run, std::int64_t step_min, std::int64_t step_max,
                         FunctionRef<bool(const tracking::StreamLine&)> visit) const override;
  Result<void> Append(const tracking::StreamAppend& append) override;
  Result<void> Truncate(tracking::RunId run, tracking::StreamKind kind, std::int64_t line_count,
                        std::optional<std::int64_t> last_step) override;

 private:
  // kNotFound if the run has no row: it was deleted while the append was on its way.
  Result<void> CheckRunExists(tracking::RunId run);
  // Shared mode: lines that the writer sent before are set where they stand, the others go to the
  // end. `streams` are the run's, and are told of what is added.
  Result<void> AppendShared(const tracking::StreamAppend& append,
                            const tracking::StreamLines& piece, RunStreams& streams);
  Result<void> InsertEntry(LogEntry entry, std::string_view payload);
  Result<void> ReadExtents(const std::vector<Extent>& extents,
                           FunctionRef<bool(const tracking::StreamLine&)> visit) const;

  Context& context_;
};

}  // namespace regatta::storage
