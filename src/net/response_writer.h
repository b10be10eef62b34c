// From a handler's Response to what goes over the wire: ranges, conditions, compression, the head.
//
// Pure but for opening the file of a FileBody. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "regatta/net/http.h"

namespace regatta::net {

// A file descriptor that is closed with its owner.
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OpenFile();
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// A range of bytes.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct RangeChoice {
  enum class Kind { kWhole, kPart, kUnsatisfiable };
  Kind kind = Kind::kWhole;
  ByteRange range;
};

// What "Range: bytes=..." asks of `size` bytes (RFC 9110, section 14.2). Several ranges and
// everything that is not understood give the whole, as the RFC allows.
RangeChoice ChooseRange(std::string_view field, std::uint64_t size);

struct WriterOptions {
  std::string server_name;
  std::size_t gzip_bytes_min = 0;  // 0 = never
};

// An answer that is ready to be written: `head`, then the text or the part of the file.
struct WireResponse {
  int status = 200;
  std::string head;
  std::string owned_text;
  std::shared_ptr<const std::string> shared_text;
  OpenFile file;
  ByteRange file_range;

  std::string_view text() const {
    return shared_text ? std::string_view(*shared_text) : owned_text;
  }
};

// `keeps_alive` decides the Connection field. Event streams (`is_stream`) have no length.
WireResponse PrepareResponse(Response response, const Request& request,
                             const WriterOptions& options, bool keeps_alive,
                             bool is_stream = false);

}  // namespace regatta::net
