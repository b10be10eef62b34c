// What the tables share inside one Read or Write: the connection, the stream index, what is
// pending.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/tracking/store.h"
#include "sqlite.h"
#include "stream_index.h"

namespace regatta::storage {

// One Read has its own; the writer's thread has one for all Writes.
struct Context {
  // Sees the snapshot (Read) or the open transaction (Write).
  Connection* connection = nullptr;
  // Sees the newest commit: log pieces that the index names may be younger than the snapshot.
  // The same as `connection` in a Write.
  Connection* log = nullptr;
  StreamIndex* index = nullptr;

  // Write only.
  std::int64_t* next_log_id = nullptr;
  // Entries of the open transaction, made visible after COMMIT.
  std::vector<LogEntry> pending;
  std::vector<tracking::Change> changes;
  // Blobs that lost a row naming them: candidates for removal.
  std::vector<std::string> released_blobs;

  bool is_write() const { return next_log_id != nullptr; }

  // The run's streams, with what this transaction added.
  RunStreams Streams(tracking::RunId run) const {
    RunStreams streams = index->Snapshot(run);
    for (const LogEntry& entry : pending) {
      if (entry.run == run) streams.Apply(entry);
    }
    return streams;
  }
  // The ids of the run's pieces in the log, ascending, the first `count_max` of them.
  std::vector<std::int64_t> LogIds(tracking::RunId run, std::size_t count_max) const {
    RunStreams streams;
    streams.log_ids = index->LogIds(run, count_max);
    for (const LogEntry& entry : pending) {
      if (entry.run == run) streams.Apply(entry);
    }
    streams.log_ids.resize(std::min(count_max, streams.log_ids.size()));
    return std::move(streams.log_ids);
  }
  StreamIndex::Overlay Overlay(tracking::RunId run) const {
    StreamIndex::Overlay overlay = index->OverlayOf(run);
    for (const LogEntry& entry : pending) {
      if (entry.run != run) continue;
      overlay.heartbeat_us = std::max(overlay.heartbeat_us, entry.at_us);
      if (entry.kind == LogKind::kSummary) {
        overlay.summary = entry.summary;
        overlay.summary_log_id = entry.log_id;
      } else if (entry.kind == LogKind::kSummaryFolded && overlay.summary_log_id <= entry.log_id) {
        overlay.summary.reset();
      }
    }
    return overlay;
  }
};

}  // namespace regatta::storage
