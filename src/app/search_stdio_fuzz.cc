// Any lines to `regatta search --stdio`: each has one answer, in one line of JSON, and a line that
// is refused has changed nothing.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "regatta/base/check.h"
#include "search_stdio.h"

namespace {

constexpr std::size_t kLinesMax = 24;
constexpr std::string_view kOpen =
    R"({"op":"open","config":{"method":"random","metric":{"name":"loss"},"parameters":{)"
    R"("x":{"min":0.0,"max":1.0},"k":{"values":["a","b"]},"m":{"min":1,"max":9,"when":{"k":"b"}}},)"
    R"("early_terminate":{"type":"hyperband","min_iter":1}},"seed":3})";
constexpr std::string_view kState = R"({"op":"state"})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  regatta::app::SearchSession session;
  (void)session.Answer(kOpen);
  std::string before = session.Answer(kState);
  for (std::size_t line = 0; line < kLinesMax && !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n');
    const std::string answer = session.Answer(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    regatta::Check(answer.find('\n') == std::string::npos, "an answer is one line");
    const nlohmann::json document = nlohmann::json::parse(answer, nullptr, false);
    regatta::Check(document.is_object(), "an answer is a JSON object");
    std::string after = session.Answer(kState);
    regatta::Check(!document.contains("error") || after == before, "an error changes nothing");
    before = std::move(after);
  }
  return 0;
}
