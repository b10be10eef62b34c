// Any text: a constraint parses or says where it does not, and evaluating one always ends.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "regatta/base/check.h"
#include "regatta/sweeps/constraint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace regatta::sweeps;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ConstraintError error;
  const auto constraint = Constraint::Parse(text, &error);
  if (!constraint) {
    regatta::Check(!error.message.empty() && error.column >= 1, "an error without a place");
    return 0;
  }
  const Value number = Value::Float(2.5);
  const Value word = Value::String("adam");
  const auto lookup = [&](std::string_view name) { return name.size() % 2 == 0 ? &word : &number; };
  (void)constraint->IsSatisfied(lookup);
  const auto types = [](std::string_view name) -> std::optional<ConstraintTypes> {
    return name.size() % 2 == 0 ? ConstraintTypes{.string = true} : ConstraintTypes{.number = true};
  };
  (void)constraint->CheckTypes(types, {});
  return 0;
}
