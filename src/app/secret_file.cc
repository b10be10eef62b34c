#include "secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace regatta::app {

Result<void> WriteSecretFile(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const auto failed = [&] {
    return Unavailable(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  };
  if (fd < 0) return failed();
  const bool is_written =
      ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
      ::fsync(fd) == 0;
  const Error error = failed();
  ::close(fd);
  if (!is_written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return error;
  }
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const int folder_fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (folder_fd < 0) return failed();
  const bool is_synced = ::fsync(folder_fd) == 0;
  const Error sync_error = failed();
  ::close(folder_fd);
  if (!is_synced) return sync_error;
  return Ok();
}

Result<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // A folder opens like a file, and reading it throws.
  std::error_code failed;
  if (!file || std::filesystem::is_directory(path, failed))
    return NotFound(fmt::format("cannot read {}", path));
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
  return content;
}

}  // namespace regatta::app
