#include "regatta/storage/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace regatta::storage {

Result<std::unique_ptr<FolderLock>> FolderLock::Take(const DataPaths& paths) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(paths.root, error);
  if (error) {
    return FailedPrecondition(
        fmt::format("cannot create data folder {}: {}", paths.root, error.message()));
  }
  if (is_new) ::chmod(paths.root.c_str(), 0700);
  const int fd = ::open(paths.Lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return FailedPrecondition(fmt::format("cannot open {}: {}; is the data folder writable?",
                                          paths.Lock(), std::strerror(errno)));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> owner{};
    const ssize_t size = ::pread(fd, owner.data(), owner.size() - 1, 0);
    ::close(fd);
    return FailedPrecondition(fmt::format(
        "data folder {} is in use by the server with pid {}: stop that one first, or choose "
        "another "
        "folder with --data",
        paths.root, size > 0 ? std::string(owner.data(), static_cast<std::size_t>(size)) : "?"));
  }
  const std::string pid = fmt::format("{}", ::getpid());
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    const int error_number = errno;
    ::close(fd);
    return FailedPrecondition(
        fmt::format("cannot write {}: {}", paths.Lock(), std::strerror(error_number)));
  }
  return std::unique_ptr<FolderLock>(new FolderLock(fd));
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace regatta::storage
