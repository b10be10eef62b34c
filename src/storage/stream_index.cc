#include "stream_index.h"

#include <algorithm>

namespace regatta::storage {

void RunStreams::Apply(const LogEntry& entry) {
  heartbeat_us = std::max(heartbeat_us, entry.at_us);
  switch (entry.kind) {
    case LogKind::kHistory:
      if (entry.step_min <= entry.step_max) {
        last_step = std::max(last_step.value_or(entry.step_max), entry.step_max);
      }
      [[fallthrough]];
    case LogKind::kEvents:
    case LogKind::kConsole:
      streams[static_cast<int>(entry.kind)].Set({.first = entry.first_line,
                                                 .count = entry.count,
                                                 .log_id = entry.log_id,
                                                 .step_min = entry.step_min,
                                                 .step_max = entry.step_max});
      if (entry.writer != 0) {
        writers[{entry.writer, static_cast<int>(entry.kind)}].Add(entry.writer_line, entry.count,
                                                                  entry.first_line);
      }
      log_ids.push_back(entry.log_id);
      break;
    case LogKind::kSummary:
      summary = entry.summary;
      summary_log_id = entry.log_id;
      log_ids.push_back(entry.log_id);
      break;
    case LogKind::kTruncateHistory:
      Truncate(tracking::StreamKind::kHistory, entry.first_line);
      last_step.reset();
      if (entry.step_min <= entry.step_max) last_step = entry.step_max;
      log_ids.push_back(entry.log_id);
      break;
    case LogKind::kTruncateEvents:
      Truncate(tracking::StreamKind::kEvents, entry.first_line);
      log_ids.push_back(entry.log_id);
      break;
    case LogKind::kTruncateConsole:
      Truncate(tracking::StreamKind::kConsole, entry.first_line);
      log_ids.push_back(entry.log_id);
      break;
    case LogKind::kSummaryFolded:
      if (summary_log_id <= entry.log_id) summary.reset();
      break;
    case LogKind::kErased:
      log_ids.erase(log_ids.begin(), std::ranges::upper_bound(log_ids, entry.log_id));
      break;
    case LogKind::kForget:
      break;
  }
}

void RunStreams::Truncate(tracking::StreamKind kind, std::int64_t line_count) {
  streams[static_cast<int>(kind)].Truncate(line_count);
  for (auto& [key, lines] : writers) {
    if (key.second == static_cast<int>(kind)) lines.Truncate(line_count);
  }
}

tracking::StreamInfo RunStreams::Info() const {
  tracking::StreamInfo info;
  for (int kind = 0; kind < tracking::kStreamKinds; ++kind) {
    info.line_count[kind] = streams[kind].line_count();
  }
  info.last_step = last_step;
  return info;
}

void StreamIndex::Apply(const std::vector<LogEntry>& entries) {
  if (entries.empty()) return;
  const std::unique_lock lock(mutex_);
  for (const LogEntry& entry : entries) {
    if (entry.kind == LogKind::kForget) {
      runs_.erase(tracking::ToInt(entry.run));
    } else {
      runs_[tracking::ToInt(entry.run)].streams.Apply(entry);
    }
  }
}

void StreamIndex::Touch(tracking::RunId run, std::int64_t at_us) {
  const std::unique_lock lock(mutex_);
  RunStreams& streams = runs_[tracking::ToInt(run)].streams;
  streams.heartbeat_us = std::max(streams.heartbeat_us, at_us);
}

RunStreams StreamIndex::Snapshot(tracking::RunId run) const {
  const std::shared_lock lock(mutex_);
  const auto found = runs_.find(tracking::ToInt(run));
  return found == runs_.end() ? RunStreams() : found->second.streams;
}

tracking::StreamInfo StreamIndex::Info(tracking::RunId run) const {
  const std::shared_lock lock(mutex_);
  const auto found = runs_.find(tracking::ToInt(run));
  return found == runs_.end() ? tracking::StreamInfo() : found->second.streams.Info();
}

std::vector<std::int64_t> StreamIndex::LogIds(tracking::RunId run, std::size_t count_max) const {
  const std::shared_lock lock(mutex_);
  const auto found = runs_.find(tracking::ToInt(run));
  if (found == runs_.end()) return {};
  const std::vector<std::int64_t>& ids = found->second.streams.log_ids;
  return {ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(std::min(count_max, ids.size()))};
}

StreamIndex::Overlay StreamIndex::OverlayOf(tracking::RunId run) const {
  const std::shared_lock lock(mutex_);
  const auto found = runs_.find(tracking::ToInt(run));
  if (found == runs_.end()) return {};
  const RunStreams& streams = found->second.streams;
  return {streams.summary, streams.summary_log_id, streams.heartbeat_us};
}

std::vector<tracking::RunId> StreamIndex::Unfolded() const {
  const std::shared_lock lock(mutex_);
  std::vector<tracking::RunId> runs;
  for (const auto& [run, slot] : runs_) {
    if (slot.streams.summary != nullptr || slot.streams.heartbeat_us > slot.folded_heartbeat_us) {
      runs.push_back(tracking::RunId{run});
    }
  }
  return runs;
}

void StreamIndex::MarkHeartbeatFolded(tracking::RunId run, std::int64_t at_us) {
  const std::unique_lock lock(mutex_);
  const auto found = runs_.find(tracking::ToInt(run));
  if (found != runs_.end()) {
    found->second.folded_heartbeat_us = std::max(found->second.folded_heartbeat_us, at_us);
  }
}

std::string PackLines(const std::vector<std::string>& lines) {
  std::size_t size = 0;
  for (const std::string& line : lines) size += line.size() + 5;
  std::string packed;
  packed.reserve(size);
  for (const std::string& line : lines) {
    std::uint64_t length = line.size();
    while (length >= 0x80) {
      packed += static_cast<char>(static_cast<unsigned char>(length) | 0x80u);
      length >>= 7;
    }
    packed += static_cast<char>(length);
    packed += line;
  }
  return packed;
}

bool UnpackLines(std::string_view packed, std::int64_t skip, std::int64_t count,
                 FunctionRef<bool(std::int64_t position, std::string_view line)> visit) {
  std::size_t at = 0;
  for (std::int64_t position = 0; position < skip + count; ++position) {
    std::uint64_t length = 0;
    int shift = 0;
    while (true) {
      if (at >= packed.size() || shift > 56) return false;
      const auto byte = static_cast<unsigned char>(packed[at++]);
      length |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80u) == 0) break;
      shift += 7;
    }
    if (length > packed.size() - at) return false;
    if (position >= skip && !visit(position, packed.substr(at, length))) return true;
    at += length;
  }
  return true;
}

}  // namespace regatta::storage
