// Backup, restore and fsck: whole data folders, outside the running store.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "regatta/codec/hash.h"
#include "regatta/codec/hex.h"
#include "regatta/storage/sql_store.h"
#include "schema.h"
#include "stream_index.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;

Result<void> CopyBlob(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::exists(to, error)) return Ok();
  fs::create_directories(to.parent_path(), error);
  fs::create_hard_link(from, to, error);  // blobs never change, so a link is a copy
  if (error) {
    error.clear();
    fs::copy_file(from, to, error);
  }
  // Removed a moment ago, because no row names it any more.
  if (error == std::errc::no_such_file_or_directory) return Ok();
  if (error) {
    return Unavailable(
        fmt::format("cannot copy {} to {}: {}", from.string(), to.string(), error.message()));
  }
  return Ok();
}

Result<void> CopyAllBlobs(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to, error);
  if (!fs::exists(from, error)) return Ok();
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(from, error)) {
    if (!entry.is_regular_file()) continue;
    if (Result<void> done = CopyBlob(entry.path(), to / fs::relative(entry.path(), from)); !done) {
      return done;
    }
  }
  if (error) return Unavailable(fmt::format("cannot list {}: {}", from.string(), error.message()));
  return Ok();
}

// The small files that a folder needs to go on as the same server.
void CopyIdentity(const DataPaths& from, const DataPaths& to) {
  for (const auto& [source, target] :
       {std::pair(from.ApiKey(), to.ApiKey()), std::pair(from.Secret(), to.Secret())}) {
    std::error_code error;
    if (!fs::exists(source, error)) continue;
    fs::copy_file(source, target, fs::copy_options::overwrite_existing, error);
    fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write, error);
  }
}

// Makes everything on the file system of `folder` durable: copies as well as the names of links.
Result<void> SyncFileSystem(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = fd >= 0 && ::syncfs(fd) == 0;
  const int error_number = errno;
  if (fd >= 0) ::close(fd);
  if (is_synced) return Ok();
  return Unavailable(fmt::format("cannot sync {}: {}", folder, std::strerror(error_number)));
}

Result<std::unique_ptr<Connection>> OpenForReading(const DataPaths& paths) {
  std::error_code error;
  if (!fs::exists(paths.Database(), error)) {
    return NotFound(
        fmt::format("{} holds no regatta data: there is no {}", paths.root, paths.Database()));
  }
  return Connection::Open(paths.Database(), Connection::Mode::kReadOnly);
}

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

void CheckStructure(Connection& connection, FsckReport& report) {
  const Result<void> integrity =
      EachRow(connection.Prepare("PRAGMA integrity_check"), [&](const Statement& row) {
        if (row.View(0) != "ok") report.problems.push_back("database: " + row.Text(0));
      });
  if (!integrity) report.problems.push_back(integrity.error().message);
  const Result<void> keys =
      EachRow(connection.Prepare("PRAGMA foreign_key_check"), [&](const Statement& row) {
        report.problems.push_back(
            fmt::format("database: row {} of table {} names a row of {} that does not exist",
                        row.Int(1), row.View(0), row.View(2)));
      });
  if (!keys) report.problems.push_back(keys.error().message);
}

void CheckLog(Connection& connection, FsckReport& report) {
  const Result<void> pieces =
      EachRow(connection.Prepare("SELECT i.id, i.kind, i.line_count, l.payload, l.id IS NULL "
                                 "FROM log_index i LEFT JOIN log l ON l.id = i.id ORDER BY i.id"),
              [&](const Statement& row) {
                const auto kind = static_cast<LogKind>(row.Int(1));
                if (kind > LogKind::kSummary) return;
                report.log_pieces += 1;
                if (row.Bool(4)) {
                  report.problems.push_back(fmt::format("log piece {} is missing", row.Int(0)));
                  return;
                }
                if (kind == LogKind::kSummary) return;
                std::int64_t lines = 0;
                const bool whole = UnpackLines(row.View(3), 0, row.Int(2), [&](auto, auto) {
                  lines += 1;
                  return true;
                });
                report.lines += lines;
                if (!whole || lines != row.Int(2)) {
                  report.problems.push_back(
                      fmt::format("log piece {} is damaged: {} of {} lines can be read", row.Int(0),
                                  lines, row.Int(2)));
                }
              });
  if (!pieces) report.problems.push_back(pieces.error().message);
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

void CheckBlobs(Connection& connection, const DataPaths& paths, FsckReport& report) {
  std::set<std::string> named;
  const Result<void> rows =
      EachRow(connection.Prepare("SELECT sha256 FROM run_files UNION "
                                 "SELECT sha256 FROM artifact_blobs UNION "
                                 "SELECT sha256 FROM artifact_manifests WHERE sha256 <> ''"),
              [&](const Statement& row) { named.insert(row.Text(0)); });
  if (!rows) report.problems.push_back(rows.error().message);
  std::error_code error;
  std::set<std::string> present;
  if (fs::exists(paths.Blobs(), error)) {
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(paths.Blobs(), error)) {
      if (!entry.is_regular_file()) continue;
      const std::string name = entry.path().filename().string();
      present.insert(name);
      report.blobs += 1;
      if (!named.contains(name)) report.orphan_blobs += 1;
      if (HashFile(entry.path()) != name) {
        report.problems.push_back(
            fmt::format("blob {} is damaged: its content has another hash", name));
      }
    }
  }
  for (const std::string& name : named) {
    if (!present.contains(name)) {
      report.problems.push_back(fmt::format("blob {} is missing", name));
    }
  }
}

// The blobs first and once more afterwards: between the two the image of the database is taken,
// and each blob that it names existed before or came before the second look.
Result<void> CopyWhole(Connection& connection, const DataPaths& from, const DataPaths& to) {
  if (Result<void> done = CopyAllBlobs(from.Blobs(), to.Blobs()); !done) return done;
  Statement copy = connection.Prepare("VACUUM INTO ?");
  const std::string database = to.Database();
  copy.Bind(database);
  if (Result<void> done = copy.Run(); !done) return done;
  if (Result<void> done = CopyAllBlobs(from.Blobs(), to.Blobs()); !done) return done;
  CopyIdentity(from, to);
  return Ok();
}

}  // namespace

Result<void> Backup(const std::string& folder, const std::string& target) {
  const DataPaths from(folder);
  std::error_code error;
  if (fs::exists(target, error)) {
    return AlreadyExists(
        fmt::format("{} exists already: name a new folder for the backup", target));
  }
  Result<std::unique_ptr<Connection>> opened = OpenForReading(from);
  if (!opened) return opened.error();
  // Under another name until all of it is there and durable: a folder called `target` is whole.
  const DataPaths partial(target + ".partial");
  fs::remove_all(partial.root, error);
  fs::create_directories(partial.root, error);
  if (error) {
    return FailedPrecondition(fmt::format("cannot create {}: {}", partial.root, error.message()));
  }
  fs::permissions(partial.root, fs::perms::owner_all, error);
  Result<void> copied = CopyWhole(**opened, from, partial);
  if (copied) copied = SyncFileSystem(partial.root);
  if (copied) {
    fs::rename(partial.root, target, error);
    if (error) copied = Unavailable(fmt::format("cannot name {}: {}", target, error.message()));
  }
  if (copied) return SyncFileSystem(target);
  fs::remove_all(partial.root, error);
  return WithContext("backup", copied.error());
}

Result<void> Restore(const std::string& backup, const std::string& folder) {
  const DataPaths from(backup);
  const DataPaths to(folder);
  std::error_code error;
  if (Result<std::unique_ptr<Connection>> opened = OpenForReading(from); !opened) {
    return opened.error();
  }
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    return FailedPrecondition(fmt::format(
        "{} is not empty: restore into a new folder, so that nothing is overwritten", folder));
  }
  fs::create_directories(folder, error);
  fs::permissions(folder, fs::perms::owner_all, error);
  if (Result<void> done = CopyAllBlobs(from.Blobs(), to.Blobs()); !done) return done;
  CopyIdentity(from, to);
  // The database last and under its name only when whole: what broke off is no data folder.
  const std::string partial = to.Database() + ".partial";
  fs::copy_file(from.Database(), partial, error);
  if (error) {
    return Unavailable(fmt::format("cannot copy {}: {}", from.Database(), error.message()));
  }
  if (Result<void> synced = SyncFileSystem(folder); !synced) return synced;
  fs::rename(partial, to.Database(), error);
  if (error) return Unavailable(fmt::format("cannot rename {}: {}", partial, error.message()));
  return SyncFileSystem(folder);
}

Result<FsckReport> Fsck(const std::string& folder) {
  const DataPaths paths(folder);
  std::error_code error;
  if (!fs::exists(paths.Database(), error)) {
    return NotFound(fmt::format("{} holds no regatta data", folder));
  }
  const Result<std::unique_ptr<FolderLock>> lock = FolderLock::Take(paths);
  if (!lock) return lock.error();
  Result<std::unique_ptr<Connection>> opened =
      Connection::Open(paths.Database(), Connection::Mode::kReadWrite);
  if (!opened) return opened.error();
  FsckReport report;
  CheckStructure(**opened, report);
  CheckLog(**opened, report);
  CheckBlobs(**opened, paths, report);
  return report;
}

}  // namespace regatta::storage
