#include "line_map.h"

#include <algorithm>
#include <limits>

namespace regatta::storage {
namespace {

// `extent` reduced to the lines in [first, end); empty if none is left.
Extent Clip(const Extent& extent, std::int64_t first, std::int64_t end) {
  Extent clipped = extent;
  clipped.first = std::max(extent.first, first);
  clipped.count = std::min(extent.end(), end) - clipped.first;
  clipped.skip = extent.skip + (clipped.first - extent.first);
  return clipped;
}

}  // namespace

void LineMap::Set(const Extent& extent) {
  if (extent.count <= 0) return;
  if (extents_.empty() || extent.first >= extents_.back().end()) {
    extents_.push_back(extent);
    return;
  }
  // Only the extents from the first one that reaches into the new lines can change.
  const auto touched =
      std::partition_point(extents_.begin(), extents_.end(),
                           [&](const Extent& old) { return old.end() <= extent.first; });
  std::vector<Extent> before;
  std::vector<Extent> after;
  for (auto old = touched; old != extents_.end(); ++old) {
    if (const Extent left = Clip(*old, old->first, extent.first); left.count > 0) {
      before.push_back(left);
    }
    if (const Extent right = Clip(*old, extent.end(), old->end()); right.count > 0) {
      after.push_back(right);
    }
  }
  extents_.erase(touched, extents_.end());
  extents_.insert(extents_.end(), before.begin(), before.end());
  extents_.push_back(extent);
  extents_.insert(extents_.end(), after.begin(), after.end());
}

void LineMap::Truncate(std::int64_t line_count) {
  while (!extents_.empty() && extents_.back().first >= line_count) extents_.pop_back();
  if (!extents_.empty()) {
    extents_.back().count = std::min(extents_.back().count, line_count - extents_.back().first);
  }
}

std::vector<Extent> LineMap::Slice(std::int64_t first, std::int64_t count) const {
  constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();
  const std::int64_t end = first > 0 && count > kNoEnd - first ? kNoEnd : first + count;
  std::vector<Extent> parts;
  auto extent = std::partition_point(extents_.begin(), extents_.end(),
                                     [&](const Extent& e) { return e.end() <= first; });
  for (; extent != extents_.end() && extent->first < end; ++extent) {
    parts.push_back(Clip(*extent, first, end));
  }
  return parts;
}

void WriterLines::Add(std::int64_t first, std::int64_t count, std::int64_t place) {
  if (count <= 0) return;
  const auto next = std::partition_point(parts_.begin(), parts_.end(),
                                         [&](const Part& part) { return part.end() <= first; });
  if (next != parts_.begin()) {
    Part& last = *std::prev(next);
    if (last.end() == first && *last.place + last.count == place) {
      last.count += count;
      return;
    }
  }
  parts_.insert(next, {.first = first, .count = count, .place = place});
}

void WriterLines::Truncate(std::int64_t line_count) {
  for (Part& part : parts_) {
    part.count = std::min(part.count, std::max<std::int64_t>(line_count - *part.place, 0));
  }
  std::erase_if(parts_, [](const Part& part) { return part.count == 0; });
}

std::vector<WriterLines::Part> WriterLines::Split(std::int64_t first, std::int64_t count) const {
  const std::int64_t end = first + count;
  std::vector<Part> split;
  auto part = std::partition_point(parts_.begin(), parts_.end(),
                                   [&](const Part& known) { return known.end() <= first; });
  while (first < end) {
    const bool is_known = part != parts_.end() && part->first <= first;
    std::int64_t until = end;
    if (part != parts_.end()) until = std::min(end, is_known ? part->end() : part->first);
    Part next{.first = first, .count = until - first, .place = std::nullopt};
    if (is_known) {
      next.place = *part->place + (first - part->first);
      ++part;
    }
    split.push_back(next);
    first = until;
  }
  return split;
}

}  // namespace regatta::storage
