#include "regatta/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace regatta {

void CheckFailed(std::string_view why, const std::source_location& where) {
  std::fprintf(stderr, "regatta: broken invariant at %s:%u (%s): %.*s\n", where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name(),
               static_cast<int>(why.size()), why.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace regatta
