// Any bytes: the reader answers with a tree or an error, and what it reads writes itself as JSON
// that reads back as the same value.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "regatta/base/check.h"
#include "regatta/sweeps/value.h"
#include "regatta/sweeps/yaml_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace regatta::sweeps;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  YamlOptions options;
  options.limits.values_max = 10'000;
  options.limits.alias_values_max = 1'000;
  options.strict_yaml = size % 2 == 1;
  const auto document = ReadYaml(text, options);
  if (document) {
    const auto again = ParseJson(ToJson(document->root));
    regatta::Check(again.has_value(), "the JSON of a tree does not read back");
    regatta::Check(SameValue(document->root, *again), "the JSON of a tree is another value");
    regatta::Check(CanonicalKey(document->root) == CanonicalKey(*again),
                   "equal values have different keys");
  }
  return 0;
}
