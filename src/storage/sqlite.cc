#include "sqlite.h"

#include <fmt/format.h>

namespace regatta::storage {

Error SqlError(sqlite3* db, int code, std::string_view doing) {
  const int primary = code & 0xff;
  const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
  const std::string reason = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  switch (primary) {
    case SQLITE_FULL:
      return Unavailable(fmt::format(
          "{}: the disk of the data folder is full ({}); free some space, nothing was stored",
          doing, reason));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return Unavailable(
          fmt::format("{}: the disk of the data folder fails ({}, code {}); nothing was stored",
                      doing, reason, extended));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(fmt::format("{}: the database is busy ({}); try again", doing, reason));
    case SQLITE_CONSTRAINT:
      if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY) {
        return AlreadyExists(fmt::format("{}: exists already ({})", doing, reason));
      }
      return Internal(fmt::format("{}: {}", doing, reason));
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return Internal(fmt::format(
          "{}: the database is damaged ({}); stop the server, look with `regatta fsck`, and go "
          "back to a backup with `regatta restore`",
          doing, reason));
    case SQLITE_TOOBIG:
      return ResourceExhausted(fmt::format("{}: a value is too large ({})", doing, reason));
    default:
      return Internal(fmt::format("{}: {} (SQLite code {})", doing, reason, extended));
  }
}

Statement::~Statement() {
  if (stmt_ != nullptr) {
    sqlite3_reset(stmt_);
    sqlite3_clear_bindings(stmt_);
  }
}

Result<bool> Statement::Step() {
  if (failure_ != nullptr) return *failure_;
  const int code = sqlite3_step(stmt_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return SqlError(sqlite3_db_handle(stmt_), code, "database");
}

Result<void> Statement::Run() {
  while (true) {
    const Result<bool> row = Step();
    if (!row) return row.error();
    if (!*row) return Ok();
  }
}

std::string_view Statement::View(int column) const {
  const auto* text = static_cast<const char*>(sqlite3_column_blob(stmt_, column));
  const int size = sqlite3_column_bytes(stmt_, column);
  return text == nullptr ? std::string_view()
                         : std::string_view(text, static_cast<std::size_t>(size));
}

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Mode mode,
                                                     const std::string& vfs) {
  sqlite3* db = nullptr;
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    Error error = SqlError(db, code, "open " + path);
    sqlite3_close_v2(db);
    return error;
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 5000);
  return std::unique_ptr<Connection>(new Connection(db));
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

Statement Connection::Prepare(std::string_view sql) {
  auto [entry, is_new] = statements_.try_emplace(std::string(sql), nullptr);
  if (is_new) {
    const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &entry->second, nullptr);
    if (code != SQLITE_OK) {
      statements_.erase(entry);
      // Anything but a faulty text is the disk's or the data's fault.
      if (code != SQLITE_ERROR) return Statement(SqlError(db_, code, "database"));
      CheckFailed(fmt::format("cannot prepare \"{}\": {}", sql, sqlite3_errmsg(db_)),
                  std::source_location::current());
    }
  }
  return Statement(entry->second);
}

Result<void> Connection::Execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return SqlError(db_, code, "database");
  return Ok();
}

}  // namespace regatta::storage
