// Links that carry their own permission: uploads and downloads without credentials.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"

namespace regatta::wandb {

// What a link allows.
struct Grant {
  enum class Kind : char {
    kUploadRunFile = 'u',   // target: run row id, name: file name
    kDownloadBlob = 'd',    // target: unused, name: SHA-256, note: file name and type
    kUploadArtifact = 'a',  // target: artifact row id, name: what the artifact side encodes
  };
  Kind kind = Kind::kDownloadBlob;
  std::int64_t target = 0;
  std::string name;
  std::string note;
};

// Thread-safe.
class Links {
 public:
  Links(std::string secret, Clock& clock) : secret_(std::move(secret)), clock_(clock) {}

  // A token of URL-safe characters, good for `lifetime`.
  std::string Sign(const Grant& grant,
                   std::chrono::seconds lifetime = std::chrono::hours(24)) const;
  // Errors: kPermissionDenied for a token that is not ours or too old.
  Result<Grant> Verify(std::string_view token) const;

 private:
  const std::string secret_;
  Clock& clock_;
};

}  // namespace regatta::wandb
