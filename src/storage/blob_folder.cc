#include "blob_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "regatta/codec/base64.h"
#include "regatta/codec/hash.h"
#include "regatta/codec/hex.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kAdoptionGrace{1};

bool IsBlobName(std::string_view name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error DiskError(std::string_view doing, const std::string& path, int error_number) {
  return Unavailable(
      fmt::format("{} {}: {}; nothing was stored", doing, path, std::strerror(error_number)));
}

}  // namespace

FileCalls FileCalls::OfTheSystem() {
  return {.write = ::write, .sync = ::fsync, .rename = ::rename};
}

BlobFolder::BlobFolder(std::string blob_folder, std::string spool_folder, Clock& clock,
                       FileCalls calls)
    : blob_folder_(std::move(blob_folder)),
      spool_folder_(std::move(spool_folder)),
      clock_(clock),
      calls_(calls) {}

Result<std::unique_ptr<BlobFolder>> BlobFolder::Open(const std::string& blob_folder,
                                                     const std::string& spool_folder, Clock& clock,
                                                     FileCalls calls) {
  std::error_code error;
  fs::remove_all(spool_folder, error);
  for (const std::string& folder : {blob_folder, spool_folder}) {
    fs::create_directories(folder, error);
    if (error) {
      return FailedPrecondition(
          fmt::format("cannot create folder {}: {}", folder, error.message()));
    }
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  return std::unique_ptr<BlobFolder>(new BlobFolder(blob_folder, spool_folder, clock, calls));
}

std::string BlobFolder::PathOf(std::string_view sha256_hex) const {
  return fmt::format("{}/{}/{}", blob_folder_, sha256_hex.substr(0, 2), sha256_hex);
}

Result<void> BlobFolder::Sync(const std::string& path) const {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return DiskError("open", path, errno);
  const int synced = calls_.sync(fd);
  const int error_number = errno;
  ::close(fd);
  if (synced != 0) return DiskError("sync", path, error_number);
  return Ok();
}

Result<void> BlobFolder::WriteWhole(const std::string& path, std::string_view bytes) const {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return DiskError("create", path, errno);
  Result<void> outcome = Ok();
  while (!bytes.empty()) {
    const ssize_t written = calls_.write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      outcome = DiskError("write", path, errno);
      break;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  // Some file systems tell of a failed write only now.
  if (::close(fd) != 0 && outcome) outcome = DiskError("close", path, errno);
  return outcome;
}

Result<void> BlobFolder::Move(const std::string& path, const std::string& target) const {
  if (Result<void> synced = Sync(path); !synced) return synced;
  const std::string folder = target.substr(0, target.rfind('/'));
  std::error_code error;
  const bool is_new_folder = fs::create_directory(folder, error);
  if (error) return DiskError("create folder", folder, error.value());
  if (calls_.rename(path.c_str(), target.c_str()) != 0) {
    return DiskError("rename to", target, errno);
  }
  Result<void> synced = Sync(folder);
  if (synced && is_new_folder) synced = Sync(blob_folder_);
  // A name that may be gone after a power cut must not make the next upload believe in it.
  if (!synced) ::unlink(target.c_str());
  return synced;
}

Result<void> BlobFolder::Adopt(const std::string& path, const tracking::Blob& blob) {
  {
    const std::lock_guard lock(mutex_);
    const Timestamp now = clock_.Now();
    std::erase_if(adopted_, [&](const auto& entry) { return entry.second + kAdoptionGrace < now; });
    adopted_[blob.sha256_hex] = now;
  }
  const std::string target = PathOf(blob.sha256_hex);
  Result<void> outcome = Ok();
  if (::access(target.c_str(), F_OK) == 0) {
    // Somebody else may have moved it there this very moment, and not have synced the name yet.
    outcome = Sync(target.substr(0, target.rfind('/')));
  } else {
    outcome = Move(path, target);
  }
  ::unlink(path.c_str());
  return outcome;
}

Result<tracking::Blob> BlobFolder::Put(std::string_view bytes) {
  const tracking::Blob blob{
      .sha256_hex = codec::EncodeHex(codec::AsBytes(codec::Sha256::Of(bytes))),
      .md5_base64 = codec::EncodeBase64(codec::AsBytes(codec::Md5::Of(bytes))),
      .size = static_cast<std::int64_t>(bytes.size())};
  const std::string path = fmt::format("{}/put-{}", spool_folder_, next_spool_name_++);
  if (Result<void> written = WriteWhole(path, bytes); !written) {
    ::unlink(path.c_str());
    return written.error();
  }
  if (Result<void> adopted = Adopt(path, blob); !adopted) return adopted.error();
  return blob;
}

Result<std::string> BlobFolder::Path(std::string_view sha256_hex) const {
  if (!IsBlobName(sha256_hex)) {
    return InvalidArgument("a blob is named by 64 hex digits");
  }
  std::string path = PathOf(sha256_hex);
  if (::access(path.c_str(), R_OK) != 0) {
    return NotFound(fmt::format("blob {} is not in the blob folder", sha256_hex));
  }
  return path;
}

Result<std::string> BlobFolder::Read(std::string_view sha256_hex, std::int64_t max_bytes) const {
  const Result<std::string> path = Path(sha256_hex);
  if (!path) return path.error();
  std::ifstream file(*path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  if (!file || size < 0) return Unavailable(fmt::format("blob {} cannot be read", sha256_hex));
  if (size > max_bytes) {
    return ResourceExhausted(
        fmt::format("blob {} holds {} bytes, more than the {} that are read "
                    "at once",
                    sha256_hex, size, max_bytes));
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  file.read(bytes.data(), size);
  if (!file) return Unavailable(fmt::format("blob {} cannot be read", sha256_hex));
  return bytes;
}

std::optional<Timestamp> BlobFolder::Remove(std::string_view sha256_hex) {
  const std::lock_guard lock(mutex_);
  const auto adopted = adopted_.find(std::string(sha256_hex));
  if (adopted != adopted_.end() && adopted->second + kAdoptionGrace > clock_.Now()) {
    return adopted->second + kAdoptionGrace;
  }
  ::unlink(PathOf(sha256_hex).c_str());
  return std::nullopt;
}

std::vector<std::string> BlobFolder::NamesIn(int folder) const {
  const std::string digits = fmt::format("{:02x}", folder);
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(fmt::format("{}/{}", blob_folder_, digits), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (IsBlobName(name) && name.starts_with(digits)) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace regatta::storage
