// Stops the process on our own mistakes. Operating errors are values (error.h); a failed Check is a
// bug.
#pragma once

#include <source_location>
#include <string_view>

namespace regatta {

// Prints `why` and the place to standard error, then aborts.
[[noreturn]] void CheckFailed(std::string_view why, const std::source_location& where);

// `condition` must hold whatever the outside world does. `why` says what it means that it does not.
inline void Check(bool condition, std::string_view why,
                  const std::source_location& where = std::source_location::current()) {
  if (!condition) [[unlikely]] {
    CheckFailed(why, where);
  }
}

}  // namespace regatta
