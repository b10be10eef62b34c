#include "piece_checksum.h"

#include <array>

#include "regatta/codec/hash.h"
#include "sqlite.h"

namespace regatta::storage {
namespace {

constexpr int kNumbers = 8;

std::uint32_t Checksum(const std::array<std::int64_t, kNumbers>& numbers,
                       std::string_view payload) {
  std::array<char, kNumbers * sizeof(std::int64_t)> bytes{};
  std::size_t at = 0;
  for (const std::int64_t number : numbers) {
    auto bits = static_cast<std::uint64_t>(number);
    for (std::size_t i = 0; i < sizeof(bits); ++i, bits >>= 8) {
      bytes[at++] = static_cast<char>(bits & 0xff);
    }
  }
  return codec::Crc32c(payload, codec::Crc32c({bytes.data(), bytes.size()}));
}

void ChecksumInSql(sqlite3_context* context, int count, sqlite3_value** values) {
  std::array<std::int64_t, kNumbers> numbers{};
  for (int i = 0; i < kNumbers && i < count; ++i) {
    numbers[static_cast<std::size_t>(i)] = sqlite3_value_int64(values[i]);
  }
  const auto* payload = static_cast<const char*>(sqlite3_value_blob(values[kNumbers]));
  const int size = sqlite3_value_bytes(values[kNumbers]);
  sqlite3_result_int64(context, Checksum(numbers, {payload, static_cast<std::size_t>(size)}));
}

}  // namespace

std::uint32_t PieceChecksum(const LogEntry& entry, std::string_view payload) {
  return Checksum({entry.log_id, tracking::ToInt(entry.run), static_cast<std::int64_t>(entry.kind),
                   entry.first_line, entry.count, entry.step_min, entry.step_max, entry.at_us},
                  payload);
}

Result<void> AddPieceChecksumFunction(sqlite3* db) {
  const int code = sqlite3_create_function(db, "piece_checksum", kNumbers + 1,
                                           SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                                           ChecksumInSql, nullptr, nullptr);
  if (code != SQLITE_OK) return SqlError(db, code, "database");
  return Ok();
}

}  // namespace regatta::storage
