#include "stream_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "graveyard.h"
#include "piece_checksum.h"
#include "regatta/codec/hash.h"

namespace regatta::storage {

using tracking::RunId;
using tracking::StreamAppend;
using tracking::StreamInfo;
using tracking::StreamKind;
using tracking::StreamLine;
using tracking::StreamLines;
using tracking::ToInt;

namespace {

tracking::Change ChangeOf(const StreamAppend& append) {
  tracking::Change change{
      .project = append.project, .run_name = append.run_name, .sweep_name = append.sweep_name};
  for (const StreamLines& piece : append.pieces) {
    switch (piece.kind) {
      case StreamKind::kHistory:
        change.kinds |= tracking::Change::kHistory;
        break;
      case StreamKind::kEvents:
        change.kinds |= tracking::Change::kEvents;
        break;
      case StreamKind::kConsole:
        change.kinds |= tracking::Change::kConsole;
        break;
    }
  }
  if (append.summary_json) change.kinds |= tracking::Change::kSummary;
  return change;
}

LogEntry EntryOf(const StreamAppend& append, const StreamLines& piece) {
  return {.run = append.run,
          .kind = static_cast<LogKind>(piece.kind),
          .first_line = piece.first_line,
          .count = static_cast<std::int64_t>(piece.lines.size()),
          .step_min = piece.step_min,
          .step_max = piece.step_max,
          .at_us = ToMicros(append.at)};
}

// The first bits of the SHA-256 of the writer's name. Stored: docs/formats/database.md.
std::int64_t WriterNumber(std::string_view writer) {
  const codec::Sha256Digest digest = codec::Sha256::Of(writer);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(number); ++i) {
    number = number << 8 | static_cast<std::uint64_t>(static_cast<unsigned char>(digest[i]));
  }
  return std::max<std::int64_t>(static_cast<std::int64_t>(number >> 1), 1);
}

}  // namespace

Result<StreamInfo> SqlStreamTables::Info(RunId run) const {
  if (!context_.is_write()) return context_.index->Info(run);
  return context_.Streams(run).Info();
}

Result<void> SqlStreamTables::ReadExtents(const std::vector<Extent>& extents,
                                          FunctionRef<bool(const StreamLine&)> visit) const {
  for (const Extent& extent : extents) {
    Statement statement = context_.log->Prepare("SELECT payload FROM log WHERE id = ?");
    statement.Bind(extent.log_id);
    const Result<bool> row = statement.Step();
    if (!row) return row.error();
    // Gone: the run was deleted between the look at the index and this read.
    if (!*row) continue;
    bool stopped = false;
    const bool whole = UnpackLines(
        statement.View(0), extent.skip, extent.count,
        [&](std::int64_t position, std::string_view text) {
          const bool more = visit({.number = extent.first + position - extent.skip, .text = text});
          stopped = !more;
          return more;
        });
    if (stopped) return Ok();
    if (!whole) {
      return Internal(fmt::format("log piece {} is damaged: stop the server and run `regatta fsck`",
                                  extent.log_id));
    }
  }
  return Ok();
}

Result<void> SqlStreamTables::ReadLines(RunId run, StreamKind kind, std::int64_t first,
                                        std::int64_t count,
                                        FunctionRef<bool(const StreamLine&)> visit) const {
  const RunStreams streams = context_.Streams(run);
  return ReadExtents(streams.streams[static_cast<int>(kind)].Slice(first, count), visit);
}

Result<void> SqlStreamTables::ReadSteps(RunId run, std::int64_t step_min, std::int64_t step_max,
                                        FunctionRef<bool(const StreamLine&)> visit) const {
  const RunStreams streams = context_.Streams(run);
  std::vector<Extent> extents;
  for (const Extent& extent : streams.streams[static_cast<int>(StreamKind::kHistory)].extents()) {
    if (extent.step_min <= step_max && extent.step_max >= step_min) extents.push_back(extent);
  }
  return ReadExtents(extents, visit);
}

Result<void> SqlStreamTables::InsertEntry(LogEntry entry, std::string_view payload) {
  entry.log_id = (*context_.next_log_id)++;
  Statement index = context_.connection->Prepare(
      "INSERT INTO log_index (id, run_id, kind, first_line, line_count, step_min, step_max, at_us, "
      "checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  index.Bind(entry.log_id, ToInt(entry.run), static_cast<int>(entry.kind), entry.first_line,
             entry.count, entry.step_min, entry.step_max, entry.at_us,
             static_cast<std::int64_t>(PieceChecksum(entry, payload)));
  if (Result<void> done = index.Run(); !done) return done;
  if (!payload.empty()) {
    Statement piece = context_.connection->Prepare("INSERT INTO log (id, payload) VALUES (?, ?)");
    piece.Bind(entry.log_id, BlobView{payload});
    if (Result<void> done = piece.Run(); !done) return done;
  }
  if (entry.writer != 0) {
    Statement writer = context_.connection->Prepare(
        "INSERT INTO log_writers (id, writer, first_line) VALUES (?, ?, ?)");
    writer.Bind(entry.log_id, entry.writer, entry.writer_line);
    if (Result<void> done = writer.Run(); !done) return done;
  }
  context_.pending.push_back(std::move(entry));
  return Ok();
}

Result<void> SqlStreamTables::CheckRunExists(RunId run) {
  Statement row = context_.connection->Prepare(
      "SELECT 1 FROM runs WHERE id = ? AND " REGATTA_IS_KEPT(project_id));
  row.Bind(ToInt(run));
  const Result<bool> found = row.Step();
  if (!found) return found.error();
  if (*found) return Ok();
  return NotFound("the run was deleted: start a new one to go on logging");
}

Result<void> SqlStreamTables::AppendShared(const StreamAppend& append, const StreamLines& piece,
                                           RunStreams& streams) {
  const std::int64_t writer = WriterNumber(append.writer);
  const WriterLines& known = streams.writers[{writer, static_cast<int>(piece.kind)}];
  const auto count = static_cast<std::int64_t>(piece.lines.size());
  for (const WriterLines::Part& part : known.Split(piece.first_line, count)) {
    const auto from = piece.lines.begin() + (part.first - piece.first_line);
    const std::vector<std::string> lines(from, from + part.count);
    LogEntry entry = EntryOf(append, piece);
    entry.count = part.count;
    if (part.place) {
      entry.first_line = *part.place;
    } else {
      entry.first_line = streams.Info().lines(piece.kind);
      entry.writer = writer;
      entry.writer_line = part.first;
    }
    if (Result<void> done = InsertEntry(entry, PackLines(lines)); !done) return done;
    streams.Apply(entry);
  }
  return Ok();
}

Result<void> SqlStreamTables::Append(const StreamAppend& append) {
  // Whoever asked for this looked the run up earlier; it may have been deleted since.
  if (Result<void> exists = CheckRunExists(append.run); !exists) return exists;
  RunStreams streams;
  if (!append.writer.empty()) streams = context_.Streams(append.run);
  for (const StreamLines& piece : append.pieces) {
    if (piece.lines.empty()) continue;
    if (!append.writer.empty()) {
      if (Result<void> done = AppendShared(append, piece, streams); !done) return done;
      continue;
    }
    const LogEntry entry = EntryOf(append, piece);
    if (Result<void> done = InsertEntry(entry, PackLines(piece.lines)); !done) return done;
  }
  if (!append.run_name.empty()) context_.changes.push_back(ChangeOf(append));
  if (append.summary_json) {
    const LogEntry entry{.run = append.run,
                         .kind = LogKind::kSummary,
                         .count = 1,
                         .at_us = ToMicros(append.at),
                         .summary = std::make_shared<const std::string>(*append.summary_json)};
    if (Result<void> done = InsertEntry(entry, *append.summary_json); !done) return done;
  }
  return Ok();
}

Result<void> SqlStreamTables::Truncate(RunId run, StreamKind kind, std::int64_t line_count,
                                       std::optional<std::int64_t> last_step) {
  LogEntry entry{.run = run,
                 .kind = static_cast<LogKind>(static_cast<int>(LogKind::kTruncateHistory) +
                                              static_cast<int>(kind)),
                 .first_line = line_count,
                 .step_min = last_step.value_or(1),
                 .step_max = last_step.value_or(0)};
  return InsertEntry(entry, {});
}

}  // namespace regatta::storage
