// The rows that the load client sends: what training code logs, not what a parser likes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace regatta::bench {

// One request's rows, made once and sent many times with other steps.
struct RowBlock {
  std::string content;  // JSON array of strings, as it stands in the body
  // Where in `content` the ten digits of each row's `_step` begin.
  std::vector<std::size_t> step_at;
  std::vector<std::string> rows;         // the same rows as plain text
  std::vector<std::size_t> row_step_at;  // where the ten digits begin in rows[i]
  std::int64_t values = 0;               // without _step, _timestamp and _runtime
};

// Steps start here, so that each has ten digits and can be written over the last one.
inline constexpr std::int64_t kStepBase = 1'000'000'000;

// Writes `step` over the ten digits at `at`.
void PutStep(std::string& text, std::size_t at, std::int64_t step);

// `count` blocks of `rows_per_block` rows with up to `keys` values each: losses that fall with
// noise, half of them born as 32-bit floats, a cosine learning rate, whole epochs, a utilisation in
// steps, 1% spikes, 0.1% NaN and infinities, each row without a tenth of its keys, in another order
// each time, one key nested.
std::vector<RowBlock> MakeBlocks(std::size_t count, std::size_t rows_per_block, std::size_t keys,
                                 std::uint64_t seed);

}  // namespace regatta::bench
