#include "rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <utility>

#include "regatta/base/rng.h"

namespace regatta::bench {
namespace {

std::string Number(double value, bool is_float) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return is_float ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
}

double ValueOf(std::size_t key, double step, Rng& rng) {
  const double luck = rng.Uniform();
  if (luck < 0.0005) return std::nan("");
  if (luck < 0.001) return luck < 0.00075 ? HUGE_VAL : -HUGE_VAL;
  switch (key % 10) {
    case 7:  // learning rate
      return 0.05 * (1 + std::cos(std::numbers::pi * step / 100'000));
    case 8:  // epoch
      return std::floor(step / 500);
    case 9:  // utilisation
      return 10 * std::floor(10 * rng.Uniform());
    default: {
      const double loss =
          2.0 / (1 + 0.001 * step) + 0.1 * static_cast<double>(key) + 0.05 * rng.Normal();
      return luck < 0.011 ? loss * 50 : loss;
    }
  }
}

struct Member {
  std::string key;
  std::string value;
};

// One row; `step_at` receives where the digits of its step begin.
std::string MakeRow(std::size_t index, std::size_t keys, Rng& rng, std::size_t& step_at,
                    std::int64_t& values) {
  std::vector<Member> members;
  for (std::size_t key = 0; key < keys; ++key) {
    if (rng.Below(10) == 0) continue;
    const std::string value = Number(ValueOf(key, static_cast<double>(index), rng), key % 2 == 0);
    if (key == 3) {
      members.push_back({"optimizer", fmt::format("{{\"norm\":{}}}", value)});
    } else {
      members.push_back({fmt::format("{}/metric_{}", key % 2 == 0 ? "train" : "val", key), value});
    }
    values += 1;
  }
  members.push_back({"_step", fmt::format("{}", kStepBase)});
  members.push_back({"_timestamp", fmt::format("{}", 1.7e9 + 0.1 * static_cast<double>(index) +
                                                         0.001 * rng.Uniform())});
  members.push_back({"_runtime", fmt::format("{}", 0.1 * static_cast<double>(index))});
  for (std::size_t i = members.size(); i > 1; --i) {
    std::swap(members[i - 1], members[static_cast<std::size_t>(rng.Below(i))]);
  }
  std::string row = "{";
  for (const Member& member : members) {
    if (row.size() > 1) row += ',';
    row += fmt::format("\"{}\":", member.key);
    if (member.key == "_step") step_at = row.size();
    row += member.value;
  }
  return row + "}";
}

}  // namespace

void PutStep(std::string& text, std::size_t at, std::int64_t step) {
  for (std::size_t digit = 10; digit > 0; --digit) {
    text[at + digit - 1] = static_cast<char>('0' + step % 10);
    step /= 10;
  }
}

std::vector<RowBlock> MakeBlocks(std::size_t count, std::size_t rows_per_block, std::size_t keys,
                                 std::uint64_t seed) {
  Rng rng(seed);
  std::vector<RowBlock> blocks(count);
  for (std::size_t b = 0; b < count; ++b) {
    RowBlock& block = blocks[b];
    block.content = "[";
    for (std::size_t i = 0; i < rows_per_block; ++i) {
      std::size_t step_at = 0;
      block.rows.push_back(MakeRow(b * rows_per_block + i, keys, rng, step_at, block.values));
      block.row_step_at.push_back(step_at);
      if (i > 0) block.content += ',';
      block.content += '"';
      const std::string& row = block.rows.back();
      for (std::size_t at = 0; at < row.size(); ++at) {
        if (at == step_at) block.step_at.push_back(block.content.size());
        if (row[at] == '"') block.content += '\\';
        block.content += row[at];
      }
      block.content += '"';
    }
    block.content += ']';
  }
  return blocks;
}

}  // namespace regatta::bench
