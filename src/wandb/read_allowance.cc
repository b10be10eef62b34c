#include "read_allowance.h"

#include <fmt/format.h>

namespace regatta::wandb {

Result<void> ReadAllowance::Check() const {
  if (kept_ > kAnswerBytesMax) {
    return ResourceExhausted(fmt::format(
        "the answer is longer than {} bytes: ask for fewer rows at once (samples, page_size, "
        "first), for a range of steps (minStep, maxStep) or for chosen keys (sampledHistory)",
        kAnswerBytesMax));
  }
  if (read_ > kReadBytesMax) {
    return ResourceExhausted(fmt::format(
        "the request reads more than {} bytes of rows: ask for fewer runs, specs or aliases at "
        "once, or for a range of steps (minStep, maxStep)",
        kReadBytesMax));
  }
  return Ok();
}

}  // namespace regatta::wandb
