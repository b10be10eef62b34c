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

}  // namespace regatta::storage
