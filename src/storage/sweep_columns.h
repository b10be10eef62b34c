// How the fields of a sweep's records stand in SQLite's columns, in both directions.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "context.h"
#include "sqlite.h"

namespace regatta::storage {

// SQLite's integers are signed; these numbers keep their bits.
inline std::int64_t Bits(std::uint64_t number) { return std::bit_cast<std::int64_t>(number); }
inline std::uint64_t FromBits(std::int64_t number) { return std::bit_cast<std::uint64_t>(number); }
inline std::uint32_t Small(std::int64_t number) { return static_cast<std::uint32_t>(number); }

inline std::optional<std::int64_t> Micros(const std::optional<Timestamp>& time) {
  return time ? std::optional(ToMicros(*time)) : std::nullopt;
}
inline std::optional<std::int64_t> Micros(const std::optional<Duration>& time) {
  return time ? std::optional(time->count()) : std::nullopt;
}
inline std::optional<std::int64_t> Bits(const std::optional<std::uint64_t>& number) {
  return number ? std::optional(Bits(*number)) : std::nullopt;
}
inline std::optional<std::int64_t> Wide(const std::optional<std::uint32_t>& number) {
  return number ? std::optional<std::int64_t>(*number) : std::nullopt;
}

inline std::optional<Timestamp> TimeAt(const Statement& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(FromMicros(row.Int(column)));
}
inline std::optional<Duration> DurationAt(const Statement& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(Duration(row.Int(column)));
}
inline std::optional<std::uint32_t> SmallAt(const Statement& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(Small(row.Int(column)));
}
inline std::optional<std::uint64_t> BitsAt(const Statement& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(FromBits(row.Int(column)));
}
inline std::optional<double> DoubleAt(const Statement& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Double(column));
}

// Eight bytes each, least significant first, whatever the machine.
template <typename T>
std::string Packed(const std::vector<T>& numbers) {
  static_assert(sizeof(T) == 8);
  std::string bytes;
  bytes.reserve(numbers.size() * 8);
  for (const T number : numbers) {
    const auto bits = std::bit_cast<std::uint64_t>(number);
    for (unsigned shift = 0; shift < 64; shift += 8) {
      bytes.push_back(static_cast<char>((bits >> shift) & 0xffU));
    }
  }
  return bytes;
}

template <typename T>
std::vector<T> Unpacked(std::string_view bytes) {
  std::vector<T> numbers;
  numbers.reserve(bytes.size() / 8);
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      bits |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    }
    numbers.push_back(std::bit_cast<T>(bits));
  }
  return numbers;
}

// Numbers as text with a space between.
std::string Joined(const std::vector<std::uint32_t>& numbers);
std::vector<std::uint32_t> Split(std::string_view text);

// Packed; NaN stands for what is not known.
std::string PackedOutcomes(const std::vector<std::optional<double>>& outcomes);
std::vector<std::optional<double>> OutcomesOf(std::string_view bytes);

}  // namespace regatta::storage
