#include "table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "regatta/base/check.h"

namespace regatta::app {
namespace {

constexpr std::size_t kGap = 2;

std::size_t LineWidth(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) +
         kGap * (widths.empty() ? 0 : widths.size() - 1);
}

// The next column to take room from: the widest of those that may still shrink.
std::size_t WidestShrinkable(const std::vector<Column>& columns,
                             const std::vector<std::size_t>& widths) {
  std::size_t widest = widths.size();
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] <= columns[i].width_min) continue;
    if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
  }
  return widest;
}

}  // namespace

void Table::Add(std::vector<Cell> cells) {
  Check(cells.size() == columns_.size(), "a row of a table has not one cell for each column");
  for (Cell& cell : cells) cell.text = PrintableLine(cell.text);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::Widths(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i].text));
    widths.push_back(width);
  }
  if (terminal.width == 0) return widths;
  while (LineWidth(widths) > terminal.width) {
    const std::size_t widest = WidestShrinkable(columns_, widths);
    if (widest < widths.size()) {
      --widths[widest];
    } else if (widths.size() > 1) {
      widths.pop_back();
    } else {
      widths[0] = terminal.width;
    }
  }
  return widths;
}

std::string Table::Render(const Terminal& terminal) const {
  const std::vector<std::size_t> widths = Widths(terminal);
  std::string text;
  const auto add_line = [&](auto cell_at) {
    std::string line;
    std::size_t blanks = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const Cell cell = cell_at(i);
      const std::string shown = CutToWidth(cell.text, widths[i]);
      const std::size_t rest = widths[i] - DisplayWidth(shown);
      const bool is_right = columns_[i].is_number;
      if (is_right) blanks += rest;
      if (!shown.empty()) {
        line.append(blanks, ' ');
        line += Coloured(terminal, cell.colour, shown);
        blanks = 0;
      }
      blanks += kGap + (is_right ? 0 : rest);
    }
    text += line + "\n";
  };
  add_line([&](std::size_t i) { return Cell{columns_[i].title, Colour::kBold}; });
  for (const auto& row : rows_) {
    add_line([&](std::size_t i) { return row[i]; });
  }
  return text;
}

std::string NumberText(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.6g}", value);
}

std::string DurationText(double seconds) {
  if (seconds < 0) seconds = 0;
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.1f} h", seconds / 3600);
  return fmt::format("{:.0f} d", seconds / 86400);
}

}  // namespace regatta::app
