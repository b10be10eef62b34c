// No filter or order stops the process, and each filter is the opposite of its $not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "regatta/tracking/run_filter.h"
#include "regatta/tracking/run_order.h"
#include "test_surroundings.h"

namespace {

// The text's part up to the first newline is a run's config and summary, the rest the filter.
constexpr char kBetween = '\n';

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace regatta::tracking;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t newline = text.find(kBetween);
  const std::string document = text.substr(0, newline);
  const std::string filter_text = newline == std::string::npos ? text : text.substr(newline + 1);
  Run run;
  run.name = "r0";
  run.tags = {"a", "b"};
  run.config_json = document;
  run.summary_json = document;
  const TestSurroundings around;

  if (const auto order = RunOrder::Parse(filter_text)) {
    RunSorter sorter(*order);
    sorter.Add(run, around);
    sorter.Add(run, around);
    if (sorter.TakeSorted().size() != 2) std::abort();
  }
  const auto filter = RunFilter::Parse(filter_text);
  if (!filter || filter->matches_all()) return 0;
  const bool matches = filter->Matches(run, around);
  const auto opposite = RunFilter::Parse("{\"$not\":" + filter_text + "}");
  // One level deeper may be one too deep.
  if (opposite && opposite->Matches(run, around) == matches) std::abort();
  return 0;
}
