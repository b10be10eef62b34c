// Any bytes as a document: the lexer and the parser answer a tree or an error with a place, within
// their limits, and never crash. The same bytes as SDL and as JSON, which come from less hostile
// hands.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "regatta/graphql/document.h"
#include "regatta/graphql/json.h"
#include "regatta/graphql/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace regatta::graphql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  SourceLocation location;
  const auto document = ParseDocument(text, {}, &location);
  if (!document && (location.line == 0 || location.column == 0)) {
    std::abort();
  }
  (void)Schema::Parse(text);
  if (const auto value = ParseJson(text)) {
    // What was read and written once reads back the same.
    const auto again = ParseJson(ToJson(*value));
    if (!again || ToJson(*again) != ToJson(*value)) {
      std::abort();
    }
  }
  return 0;
}
