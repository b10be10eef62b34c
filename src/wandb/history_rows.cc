#include "history_rows.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "regatta/tracking/row_scanner.h"

namespace regatta::wandb {

using tracking::StreamLine;

namespace {

struct Row {
  std::int64_t step = 0;
  std::int64_t line = 0;
  std::string text;
};

// The step of a row in the range.
std::optional<std::int64_t> StepIn(StepRange range, std::string_view row) {
  const tracking::RowStep found = tracking::ScanStep(row);
  if (!found.step || *found.step < range.first || *found.step > range.last) return std::nullopt;
  return found.step;
}

}  // namespace

Result<void> ForEachStep(const tracking::Tables& tables, ReadAllowance& allowance,
                         tracking::RunId run, StepRange range, std::size_t rows_max,
                         FunctionRef<void(std::string)> take) {
  std::vector<Row> rows;
  bool is_sorted = true;
  const auto sort = [&] {
    if (!is_sorted) {
      std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return a.step != b.step ? a.step < b.step : a.line < b.line;
      });
    }
    is_sorted = true;
    for (; rows.size() > rows_max; rows.pop_back()) allowance.Drop(rows.back().text.size());
  };
  const Result<void> read =
      tables.streams().ReadSteps(run, range.first, range.last, [&](const StreamLine& line) {
        if (!allowance.Read(line.text.size())) return false;
        const std::optional<std::int64_t> step = StepIn(range, line.text);
        if (!step) return true;
        if (!allowance.Keep(line.text.size())) return false;
        is_sorted = is_sorted && (rows.empty() || rows.back().step <= *step);
        rows.push_back({*step, line.number, std::string(line.text)});
        if (rows.size() / 2 > rows_max) sort();
        return true;
      });
  if (!read) return read.error();
  if (Result<void> allowed = allowance.Check(); !allowed) return allowed;
  sort();
  for (Row& row : rows) take(std::move(row.text));
  return Ok();
}

Result<bool> ForEachStepInOrder(const tracking::Tables& tables, ReadAllowance& allowance,
                                tracking::RunId run, StepRange range,
                                FunctionRef<bool(std::string_view)> see) {
  std::int64_t last = range.first;
  bool is_in_order = true;
  const Result<void> read =
      tables.streams().ReadSteps(run, range.first, range.last, [&](const StreamLine& line) {
        if (!allowance.Read(line.text.size())) return false;
        const std::optional<std::int64_t> step = StepIn(range, line.text);
        if (!step) return true;
        is_in_order = *step >= last;
        last = *step;
        return is_in_order && see(line.text);
      });
  if (!read) return read.error();
  if (Result<void> allowed = allowance.Check(); !allowed) return allowed.error();
  return is_in_order;
}

}  // namespace regatta::wandb
