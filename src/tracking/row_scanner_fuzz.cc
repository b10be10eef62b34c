// The scanner never reads outside the row, and each member it visits is itself extended JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "regatta/tracking/row_scanner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of the exact size, so that the address sanitizer sees a read past the end.
  const std::string row(reinterpret_cast<const char*>(data), size);
  bool all_valid = true;
  const bool is_row =
      regatta::tracking::ScanRow(row, [&](const regatta::tracking::RowMember& member) {
        all_valid = all_valid && regatta::tracking::IsExtendedJson(member.value);
      });
  if (is_row && !all_valid) std::abort();
  if (is_row != regatta::tracking::ScanStep(row).is_valid) std::abort();
  return 0;
}
