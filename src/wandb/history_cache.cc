#include "history_cache.h"

#include <functional>

namespace regatta::wandb {

using tracking::StreamKind;
using tracking::StreamLine;
using tracking::ToInt;

Result<std::optional<std::string>> HistoryKeyCache::KeysOf(const tracking::Tables& tables,
                                                           tracking::RunId run) {
  const Result<tracking::StreamInfo> info = tables.streams().Info(run);
  if (!info) return info.error();
  const std::int64_t line_count = info->lines(StreamKind::kHistory);
  if (line_count == 0) return std::optional<std::string>();

  const std::shared_ptr<Entry> entry = EntryOf(run);
  const std::scoped_lock lock(entry->mutex);
  const std::hash<std::string_view> hash;
  const auto is_unchanged = [&]() -> Result<bool> {
    if (entry->line_count == 0) return true;
    if (entry->line_count > line_count) return false;
    bool is_same = false;
    const Result<void> read = tables.streams().ReadLines(
        run, StreamKind::kHistory, entry->line_count - 1, 1, [&](const StreamLine& line) {
          is_same = hash(line.text) == entry->last_line_hash;
          return false;
        });
    if (!read) return read.error();
    return is_same;
  };
  const Result<bool> unchanged = is_unchanged();
  if (!unchanged) return unchanged.error();
  if (!*unchanged) {
    entry->keys = {};
    entry->line_count = 0;
  }
  if (entry->line_count < line_count) {
    const Result<void> read =
        tables.streams().ReadLines(run, StreamKind::kHistory, entry->line_count,
                                   line_count - entry->line_count, [&](const StreamLine& line) {
                                     entry->keys.Add(line.text);
                                     entry->last_line_hash = hash(line.text);
                                     return true;
                                   });
    if (!read) {
      // Half of the rows are counted.
      entry->keys = {};
      entry->line_count = 0;
      return read.error();
    }
    entry->line_count = line_count;
    NoteSize(run, entry->keys.size());
  }
  return std::optional(entry->keys.ToJson(info->last_step.value_or(line_count - 1)));
}

std::shared_ptr<HistoryKeyCache::Entry> HistoryKeyCache::EntryOf(tracking::RunId run) {
  const std::scoped_lock lock(mutex_);
  const auto found = slots_.find(ToInt(run));
  if (found != slots_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.place);
    return found->second.entry;
  }
  recent_.push_front(ToInt(run));
  return slots_
      .emplace(ToInt(run), Slot{.entry = std::make_shared<Entry>(), .place = recent_.begin()})
      .first->second.entry;
}

void HistoryKeyCache::NoteSize(tracking::RunId run, std::size_t key_count) {
  const std::scoped_lock lock(mutex_);
  if (const auto slot = slots_.find(ToInt(run)); slot != slots_.end()) {
    key_count_ += key_count - slot->second.key_count;
    slot->second.key_count = key_count;
  }
  while (slots_.size() > 1 && (slots_.size() > kRunsMax || key_count_ > kKeysMax)) {
    const auto oldest = slots_.find(recent_.back());
    key_count_ -= oldest->second.key_count;
    slots_.erase(oldest);
    recent_.pop_back();
  }
}

}  // namespace regatta::wandb
