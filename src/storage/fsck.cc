// fsck: reads all of a data folder and says what is not as it was written.
//
// Structure is SQLite's to check (pages, trees, indexes, types, constraints). Content is checked by
// what was stored beside it: each piece of the log by its checksum, each blob by its name, each
// table by the program's own schema, and texts by being what the program writes.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "piece_checksum.h"
#include "regatta/codec/hash.h"
#include "regatta/codec/hex.h"
#include "regatta/storage/sql_store.h"
#include "regatta/tracking/row_scanner.h"
#include "schema.h"
#include "stream_index.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFirstVersionWithArtifacts = 2;
constexpr std::int64_t kFirstVersionWithChecksums = 6;
constexpr std::int64_t kFirstVersionWithWriters = 11;

// Visits the rows of a query until an error.
template <typename Visit>
Result<void> EachRow(Statement statement, Visit visit) {
  while (true) {
    const Result<bool> row = statement.Step();
    if (!row) return row.error();
    if (!*row) return Ok();
    visit(statement);
  }
}

class Check {
 public:
  Check(Connection& connection, const DataPaths& paths, std::int64_t version)
      : connection_(connection), paths_(paths), version_(version) {}

  FsckReport Run() {
    Structure();
    // Without its tables nothing more can be asked.
    if (!Schema()) return std::move(report_);
    Log();
    Runs();
    Blobs();
    return std::move(report_);
  }

 private:
  template <typename... Arguments>
  void Problem(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    report_.problems.push_back(fmt::format(text, std::forward<Arguments>(arguments)...));
  }
  // A query that could not be read to its end is a problem of its own.
  void Note(const Result<void>& read, const char* what) {
    if (!read) Problem("{}: {}", what, read.error().message);
  }

  void Structure();
  bool Schema();
  void Log();
  void Runs();
  void Blobs();

  Connection& connection_;
  const DataPaths& paths_;
  const std::int64_t version_;
  FsckReport report_;
};

void Check::Structure() {
  Note(EachRow(connection_.Prepare("PRAGMA integrity_check"),
               [&](const Statement& row) {
                 if (row.View(0) != "ok") Problem("database: {}", row.View(0));
               }),
       "database");
  Note(EachRow(connection_.Prepare("PRAGMA foreign_key_check"),
               [&](const Statement& row) {
                 Problem("database: row {} of table {} names a row of {} that does not exist",
                         row.Int(1), row.View(0), row.View(2));
               }),
       "database");
}

// name -> the SQL that made it
Result<std::map<std::string, std::string>> Tables(Connection& connection) {
  std::map<std::string, std::string> tables;
  const Result<void> read = EachRow(
      connection.Prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"),
      [&](const Statement& row) { tables[row.Text(0)] = row.Text(1); });
  if (!read) return read.error();
  return tables;
}

// Compares with a database that this program makes anew in memory.
bool Check::Schema() {
  const Result<std::unique_ptr<Connection>> model =
      Connection::Open(":memory:", Connection::Mode::kReadWrite);
  if (!model) return Note(model.error(), "schema"), false;
  if (Result<void> made = MigrateTo(**model, version_); !made) return Note(made, "schema"), false;
  const Result<std::map<std::string, std::string>> expected = Tables(**model);
  const Result<std::map<std::string, std::string>> found = Tables(connection_);
  if (!expected) return Note(expected.error(), "schema"), false;
  if (!found) return Note(found.error(), "schema"), false;
  if (*expected == *found) return true;
  for (const auto& [name, sql] : *expected) {
    const auto same = found->find(name);
    if (same == found->end()) {
      Problem("schema: {} is missing", name);
    } else if (same->second != sql) {
      Problem("schema: {} is not as data version {} has it", name, version_);
    }
  }
  for (const auto& [name, sql] : *found) {
    if (!expected->contains(name)) Problem("schema: {} does not belong there", name);
  }
  return false;
}

void Check::Log() {
  const bool has_checksums = version_ >= kFirstVersionWithChecksums;
  const auto check_piece = [&](const Statement& row) {
    const LogEntry entry{.log_id = row.Int(0),
                         .run = tracking::RunId{row.Int(1)},
                         .kind = static_cast<LogKind>(row.Int(2)),
                         .first_line = row.Int(3),
                         .count = row.Int(4),
                         .step_min = row.Int(5),
                         .step_max = row.Int(6),
                         .at_us = row.Int(7),
                         .summary = {}};
    const std::string_view payload = row.View(8);
    if (has_checksums && row.Int(10) != PieceChecksum(entry, payload)) {
      Problem("log piece {} of run {} is damaged: its content has another checksum", entry.log_id,
              row.Int(1));
    }
    if (entry.kind > LogKind::kSummary) return;
    report_.log_pieces += 1;
    if (row.Bool(9)) {
      // A piece whose lines are all empty still has their lengths; only a summary may be empty.
      Problem("log piece {} is missing", entry.log_id);
      return;
    }
    if (entry.kind == LogKind::kSummary) return;
    std::int64_t lines = 0;
    const bool whole = UnpackLines(payload, 0, entry.count, [&](auto, auto) {
      lines += 1;
      return true;
    });
    report_.lines += lines;
    if (!whole || lines != entry.count) {
      Problem("log piece {} is damaged: {} of {} lines can be read", entry.log_id, lines,
              entry.count);
    }
  };
  constexpr std::string_view kPieces =
      "SELECT i.id, i.run_id, i.kind, i.first_line, i.line_count, i.step_min, i.step_max, i.at_us, "
      "l.payload, l.id IS NULL, i.checksum FROM log_index i LEFT JOIN log l ON l.id = i.id "
      "ORDER BY i.id";
  constexpr std::string_view kPiecesWithoutChecksums =
      "SELECT i.id, i.run_id, i.kind, i.first_line, i.line_count, i.step_min, i.step_max, i.at_us, "
      "l.payload, l.id IS NULL FROM log_index i LEFT JOIN log l ON l.id = i.id ORDER BY i.id";
  Note(EachRow(connection_.Prepare(has_checksums ? kPieces : kPiecesWithoutChecksums), check_piece),
       "log");
  Note(EachRow(connection_.Prepare(
                   "SELECT id FROM log WHERE id NOT IN (SELECT id FROM log_index) ORDER BY id"),
               [&](const Statement& row) { Problem("log piece {} is in no index", row.Int(0)); }),
       "log");
  if (version_ >= kFirstVersionWithWriters) {
    Note(EachRow(connection_.Prepare("SELECT id FROM log_writers WHERE id NOT IN "
                                     "(SELECT id FROM log_index) ORDER BY id"),
                 [&](const Statement& row) {
                   Problem("log piece {} has a writer, but is in no index", row.Int(0));
                 }),
         "log");
  }
  if (!has_checksums) return;  // older programs left the cuts of deleted runs behind
  Note(EachRow(connection_.Prepare("SELECT id, run_id FROM log_index WHERE run_id NOT IN "
                                   "(SELECT id FROM runs) ORDER BY id"),
               [&](const Statement& row) {
                 Problem("log piece {} is of run {}, which does not exist", row.Int(0), row.Int(1));
               }),
       "log");
}

void Check::Runs() {
  const auto is_whole = [](std::string_view text) {
    return text.empty() || (text.front() == '{' && tracking::IsExtendedJson(text));
  };
  Note(EachRow(connection_.Prepare("SELECT id, name, config, summary FROM runs"),
               [&](const Statement& row) {
                 for (const auto& [column, what] :
                      {std::pair(2, "config"), std::pair(3, "summary")}) {
                   if (!is_whole(row.View(column))) {
                     Problem("run {} (\"{}\") is damaged: its {} is no JSON object", row.Int(0),
                             row.View(1), what);
                   }
                 }
               }),
       "runs");
}

std::string HashFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  codec::Sha256 hash;
  std::string buffer(std::size_t{1} << 20, '\0');
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.Update(std::string_view(buffer.data(), static_cast<std::size_t>(file.gcount())));
  }
  const codec::Sha256Digest digest = hash.Finish();
  return codec::EncodeHex(codec::AsBytes(digest));
}

void Check::Blobs() {
  std::set<std::string> named;
  constexpr std::string_view kNamed =
      "SELECT sha256 FROM run_files UNION SELECT sha256 FROM artifact_blobs UNION "
      "SELECT sha256 FROM artifact_manifests WHERE sha256 <> ''";
  Note(
      EachRow(connection_.Prepare(
                  version_ >= kFirstVersionWithArtifacts ? kNamed : "SELECT sha256 FROM run_files"),
              [&](const Statement& row) { named.insert(row.Text(0)); }),
      "blobs");
  std::error_code error;
  std::set<std::string> present;
  if (fs::exists(paths_.Blobs(), error)) {
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(paths_.Blobs(), error)) {
      if (!entry.is_regular_file()) continue;
      const std::string name = entry.path().filename().string();
      present.insert(name);
      report_.blobs += 1;
      if (!named.contains(name)) report_.orphan_blobs += 1;
      if (HashFile(entry.path()) != name) {
        Problem("blob {} is damaged: its content has another hash", name);
      }
    }
  }
  for (const std::string& name : named) {
    if (!present.contains(name)) Problem("blob {} is missing", name);
  }
}

}  // namespace

Result<FsckReport> Fsck(const std::string& folder) {
  const DataPaths paths(folder);
  std::error_code error;
  if (!fs::exists(paths.Database(), error)) {
    return NotFound(fmt::format("{} holds no regatta data", folder));
  }
  const Result<std::unique_ptr<FolderLock>> lock = FolderLock::Take(paths);
  if (!lock) return lock.error();
  const Result<std::unique_ptr<Connection>> opened =
      Connection::Open(paths.Database(), Connection::Mode::kReadWrite);
  if (!opened) return opened.error();
  const Result<std::int64_t> version = StoredVersion(**opened);
  if (!version) return version.error();
  if (*version > SchemaVersion()) return NewerData(*version);
  if (*version <= 0) return UnknownData(**opened, *version);
  return Check(**opened, paths, *version).Run();
}

}  // namespace regatta::storage
