// Tables for people: aligned columns, cut to the width of the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "terminal.h"

namespace regatta::app {

struct Column {
  std::string title;
  bool is_number = false;     // flush right
  std::size_t width_min = 6;  // is never cut below this
};

struct Cell {
  std::string text;
  Colour colour = Colour::kNone;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Requires: one cell for each column.
  void Add(std::vector<Cell> cells);
  bool is_empty() const { return rows_.empty(); }

  // The title line and the rows, each ending in a line break. On a terminal no line is wider than
  // it: the widest columns give way first, then columns at the right end are left out.
  std::string Render(const Terminal& terminal) const;

 private:
  std::vector<std::size_t> Widths(const Terminal& terminal) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// A number as short as it can be told apart from its neighbours: 6 significant digits.
std::string NumberText(double value);
// "42 s", "3 min", "2.5 h", "4 d": a length of time at a glance.
std::string DurationText(double seconds);

}  // namespace regatta::app
