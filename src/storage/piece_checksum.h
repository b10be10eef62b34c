// The checksum of a piece of the log: what tells a damaged payload from a stored one.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string_view>

#include "regatta/base/result.h"
#include "stream_index.h"

namespace regatta::storage {

// CRC-32C of everything that is stored of a piece: its row of log_index, each number as eight bytes
// little-endian in the order of the columns, then the payload. docs/formats/database.md.
std::uint32_t PieceChecksum(const LogEntry& entry, std::string_view payload);

// Gives the connection the SQL function piece_checksum(id, run_id, kind, first_line, line_count,
// step_min, step_max, at_us, payload) for the migration; NULL counts as no payload.
Result<void> AddPieceChecksumFunction(sqlite3* db);

}  // namespace regatta::storage
