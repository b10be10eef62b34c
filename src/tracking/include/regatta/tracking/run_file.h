// Files of a run, and the blobs that hold them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/tracking/ids.h"

namespace regatta::tracking {

// A stored blob: immutable bytes named by their SHA-256.
struct Blob {
  std::string sha256_hex;
  std::string md5_base64;  // what the wire calls a file's digest
  std::int64_t size = 0;
};

// A named file of a run. A later upload under the same name replaces the blob.
struct RunFile {
  FileId id{};
  RunId run{};
  std::string name;  // relative, '/' between the parts, no "." or ".." part
  Blob blob;
  std::string mimetype;
  Timestamp updated_at;
};

// "" if `name` may name a run file, else what is wrong with it, for the error message.
std::string FileNameProblem(std::string_view name);

class RunFileTables {
 public:
  virtual ~RunFileTables() = default;

  virtual Result<std::optional<RunFile>> Find(FileId id) const = 0;
  virtual Result<std::optional<RunFile>> FindByName(RunId run, std::string_view name) const = 0;
  // By name.
  virtual Result<std::vector<RunFile>> List(RunId run) const = 0;
  virtual Result<std::int64_t> Count(RunId run) const = 0;

  // Inserts or replaces the file of that name, keeping its id; fills in `id`.
  virtual Result<void> Put(RunFile& file) = 0;
  virtual Result<void> Delete(FileId id) = 0;
};

// Immutable files by content hash. Thread-safe.
//
// A blob is written to a temporary name, synced, renamed, and its folder synced, before Adopt
// answers: a row that names it can then be committed. Blobs that no row names are removed by
// Store's sweep-up.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // The folder, on the blobs' own filesystem, where uploads are spooled before Adopt.
  virtual std::string SpoolFolder() const = 0;
  // Takes over the finished file at `path`, whose hash the caller computed while writing it.
  // Errors: kUnavailable if the disk is full or fails; `path` is removed then.
  virtual Result<void> Adopt(const std::string& path, const Blob& blob) = 0;
  // Stores bytes that are in memory.
  virtual Result<Blob> Put(std::string_view bytes) = 0;
  // The file that holds the blob. Errors: kNotFound.
  virtual Result<std::string> Path(std::string_view sha256_hex) const = 0;
  // The whole content. Errors: kNotFound; kResourceExhausted above `max_bytes`.
  virtual Result<std::string> Read(std::string_view sha256_hex, std::int64_t max_bytes) const = 0;
};

}  // namespace regatta::tracking
