// Any bytes as a sweep file: all of its checks end, and a file without errors has a space and
// command lines.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "regatta/sweeps/explain.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace regatta::sweeps;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ExplainOptions options;
  options.command_lines = 1;
  const SweepExplanation explanation = ExplainSweep(text, options);
  (void)ExplanationText(explanation);
  (void)ExplanationJson(explanation);
  return 0;
}
