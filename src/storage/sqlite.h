// A thin, typed layer over SQLite: connections with cached statements, errors as values.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "regatta/base/result.h"

namespace regatta::storage {

// SQLite's result as an Error: a full or failing disk is kUnavailable, a uniqueness violation
// kAlreadyExists, anything else kInternal. `doing` names the step.
Error SqlError(sqlite3* db, int code, std::string_view doing);

// Bytes to bind as a BLOB; borrowed like a text.
struct BlobView {
  std::string_view bytes;
};

// One use of a prepared statement; resets it when it goes. Columns and parameters count from 0
// and 1.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* stmt) : stmt_(stmt) {}
  // One that could not be prepared: each Step answers with `failure`.
  explicit Statement(Error failure)
      : stmt_(nullptr), failure_(std::make_unique<Error>(std::move(failure))) {}
  ~Statement();
  Statement(Statement&& other) noexcept
      : stmt_(std::exchange(other.stmt_, nullptr)), failure_(std::move(other.failure_)) {}
  Statement& operator=(Statement&&) = delete;

  // Binds the parameters in order.
  template <typename... Values>
  Statement& Bind(const Values&... values) {
    int index = 1;
    (BindOne(index++, values), ...);
    return *this;
  }

  // Steps to the next row: true if there is one, false at the end.
  Result<bool> Step();
  // Runs to the end, discarding rows.
  Result<void> Run();

  std::int64_t Int(int column) const { return sqlite3_column_int64(stmt_, column); }
  double Double(int column) const { return sqlite3_column_double(stmt_, column); }
  bool Bool(int column) const { return Int(column) != 0; }
  bool IsNull(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }
  bool IsText(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_TEXT; }
  // Valid until the next Step.
  std::string_view View(int column) const;
  std::string Text(int column) const { return std::string(View(column)); }
  std::optional<std::int64_t> OptionalInt(int column) const {
    return IsNull(column) ? std::nullopt : std::optional(Int(column));
  }

 private:
  void BindOne(int index, std::int64_t value) { sqlite3_bind_int64(stmt_, index, value); }
  void BindOne(int index, int value) { sqlite3_bind_int64(stmt_, index, value); }
  void BindOne(int index, bool value) { sqlite3_bind_int64(stmt_, index, value ? 1 : 0); }
  void BindOne(int index, double value) { sqlite3_bind_double(stmt_, index, value); }
  void BindOne(int index, std::nullptr_t) { sqlite3_bind_null(stmt_, index); }
  void BindOne(int index, std::string_view value) {
    // The text outlives the statement's run: Bind and Step happen in one expression or function.
    sqlite3_bind_text64(stmt_, index, value.data() == nullptr ? "" : value.data(), value.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
  }
  void BindOne(int index, BlobView value) {
    sqlite3_bind_blob64(stmt_, index, value.bytes.data() == nullptr ? "" : value.bytes.data(),
                        value.bytes.size(), SQLITE_STATIC);
  }
  void BindOne(int index, const std::string& value) { BindOne(index, std::string_view(value)); }
  void BindOne(int index, const char* value) { BindOne(index, std::string_view(value)); }
  template <typename T>
  void BindOne(int index, const std::optional<T>& value) {
    if (value) {
      BindOne(index, *value);
    } else {
      sqlite3_bind_null(stmt_, index);
    }
  }

  sqlite3_stmt* stmt_;
  std::unique_ptr<Error> failure_;
};

// Not thread-safe: one thread at a time.
class Connection {
 public:
  enum class Mode { kReadOnly, kReadWrite };

  // Opens the database file. A writer creates it when missing. `vfs` names a registered SQLite VFS,
  // or is empty for the default one.
  static Result<std::unique_ptr<Connection>> Open(const std::string& path, Mode mode,
                                                  const std::string& vfs = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // A statement from the cache, reset. `sql` must be a constant of the program: it is prepared
  // once. A disk that fails while SQLite reads the schema fails the statement's Step.
  Statement Prepare(std::string_view sql);
  // Runs statements without parameters or rows.
  Result<void> Execute(const char* sql);

  std::int64_t last_insert_id() const { return sqlite3_last_insert_rowid(db_); }
  sqlite3* raw() const { return db_; }

 private:
  explicit Connection(sqlite3* db) : db_(db) {}

  sqlite3* db_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace regatta::storage
