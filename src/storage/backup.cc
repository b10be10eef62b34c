// Backup and restore: whole data folders, outside the running store.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "regatta/storage/sql_store.h"
#include "sqlite.h"

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
Result<void> CopyIdentity(const DataPaths& from, const DataPaths& to) {
  for (const auto& [source, target] :
       {std::pair(from.ApiKey(), to.ApiKey()), std::pair(from.Secret(), to.Secret())}) {
    std::error_code error;
    if (!fs::exists(source, error) && !error) continue;
    if (!error) fs::copy_file(source, target, fs::copy_options::overwrite_existing, error);
    if (!error) {
      fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write, error);
    }
    if (error) {
      return Unavailable(fmt::format("cannot copy {} to {}: {}", source, target, error.message()));
    }
  }
  return Ok();
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

// The blobs first and once more afterwards: between the two the image of the database is taken,
// and each blob that it names existed before or came before the second look.
Result<void> CopyWhole(Connection& connection, const DataPaths& from, const DataPaths& to) {
  if (Result<void> done = CopyAllBlobs(from.Blobs(), to.Blobs()); !done) return done;
  Statement copy = connection.Prepare("VACUUM INTO ?");
  const std::string database = to.Database();
  copy.Bind(database);
  if (Result<void> done = copy.Run(); !done) return done;
  if (Result<void> done = CopyAllBlobs(from.Blobs(), to.Blobs()); !done) return done;
  return CopyIdentity(from, to);
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
  if (Result<void> done = CopyIdentity(from, to); !done) return done;
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

}  // namespace regatta::storage
