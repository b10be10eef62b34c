// What filters and orders ask about a run that does not stand in its own row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "regatta/tracking/ids.h"

namespace regatta::tracking {

// Asked only where a filter or an order names such a field. Used by one thread at a time.
class RunSurroundings {
 public:
  virtual ~RunSurroundings() = default;

  virtual std::string_view EntityName() const = 0;
  virtual std::string_view ProjectName() const = 0;
  // Empty if there is no such user.
  virtual std::string UserName(UserId user) const = 0;
  virtual std::int64_t HistoryLineCount(RunId run) const = 0;
};

}  // namespace regatta::tracking
