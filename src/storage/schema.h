// The database's tables, and the road from older versions to this one.
#pragma once

#include <cstdint>

#include "regatta/base/result.h"
#include "sqlite.h"

namespace regatta::storage {

// The version that this program writes. Stored as SQLite's user_version.
std::int64_t SchemaVersion();

// Brings the database to SchemaVersion() in one transaction; an empty database is created.
// Errors: kFailedPrecondition if the data was written by a newer program, naming both versions, or
// if its version is none; nothing is changed then.
Result<void> Migrate(Connection& connection);

// The same up to `target`, a version between the stored one and SchemaVersion(): what an older
// program would have made. For checks and tests.
Result<void> MigrateTo(Connection& connection, std::int64_t target);

// What to answer about data of a version that this program does not know, and about a database
// whose version no program wrote: the file was emptied, or its header is damaged.
Error NewerData(std::int64_t version);
Error UnknownData(Connection& connection, std::int64_t version);

// The version of the data; 0 for an empty database. Whatever the header says, below 0 as well.
Result<std::int64_t> StoredVersion(Connection& connection);

}  // namespace regatta::storage
