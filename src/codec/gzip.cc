#include "regatta/codec/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "regatta/base/check.h"

namespace regatta::codec {
namespace {

constexpr int kGzipWindowBits = 15 + 16;
constexpr std::size_t kRatioFreeBytes = std::size_t{1} << 20;
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr std::size_t kInputStepBytes = std::numeric_limits<uInt>::max();

class Inflater {
 public:
  Inflater() { Check(inflateInit2(&stream_, kGzipWindowBits) == Z_OK, "zlib cannot start"); }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

// The most output that `input_bytes` may give.
std::size_t OutputMax(std::size_t input_bytes, const GunzipLimits& limits) {
  const std::size_t ratio = std::max<std::size_t>(limits.ratio_max, 1);
  const std::size_t by_ratio = input_bytes > std::numeric_limits<std::size_t>::max() / ratio
                                   ? std::numeric_limits<std::size_t>::max()
                                   : input_bytes * ratio;
  return std::min(limits.output_bytes_max, std::max(by_ratio, kRatioFreeBytes));
}

Error TooLarge(std::size_t input_bytes, std::size_t output_max, const GunzipLimits& limits) {
  if (output_max == limits.output_bytes_max) {
    return ResourceExhausted(fmt::format(
        "gzip data of {} bytes inflates to more than the limit of {} bytes: send it in pieces",
        input_bytes, limits.output_bytes_max));
  }
  return ResourceExhausted(
      fmt::format("gzip data of {} bytes inflates to more than {} times its size: send it "
                  "without compression",
                  input_bytes, limits.ratio_max));
}

}  // namespace

Result<std::string> Gunzip(std::string_view bytes, GunzipLimits limits) {
  const std::size_t output_max = OutputMax(bytes.size(), limits);
  Inflater inflater;
  z_stream& stream = inflater.stream();
  std::string output;
  std::string_view rest = bytes;
  std::string piece(std::min(kPieceBytes, output_max + 1), '\0');
  bool is_member_done = false;
  while (true) {
    const std::size_t step = std::min(rest.size(), kInputStepBytes);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    stream.avail_in = static_cast<uInt>(step);
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    rest.remove_prefix(step - stream.avail_in);
    const std::size_t made = piece.size() - stream.avail_out;
    if (made > output_max - output.size()) return TooLarge(bytes.size(), output_max, limits);
    output.append(piece, 0, made);
    is_member_done = code == Z_STREAM_END;
    if (is_member_done && rest.empty()) return output;
    if (is_member_done) {
      inflateReset(&stream);
    } else if (code == Z_BUF_ERROR || (code == Z_OK && rest.empty() && stream.avail_out != 0)) {
      return InvalidArgument(
          fmt::format("gzip data is cut off after {} bytes: send it again", bytes.size()));
    } else if (code != Z_OK) {
      return InvalidArgument(fmt::format("data is not gzip: {} near byte {}",
                                         stream.msg != nullptr ? stream.msg : "it is damaged",
                                         bytes.size() - rest.size()));
    }
  }
}

std::string Gzip(std::string_view bytes, int level) {
  z_stream stream{};
  Check(deflateInit2(&stream, level, Z_DEFLATED, kGzipWindowBits, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib cannot start: the level is 1 to 9");
  std::string output(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  std::size_t written = 0;
  std::string_view rest = bytes;
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    const std::size_t step = std::min(rest.size(), kInputStepBytes);
    const std::size_t room = std::min(output.size() - written, kInputStepBytes);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    stream.avail_in = static_cast<uInt>(step);
    stream.next_out = reinterpret_cast<Bytef*>(output.data() + written);
    stream.avail_out = static_cast<uInt>(room);
    code = deflate(&stream, step == rest.size() ? Z_FINISH : Z_NO_FLUSH);
    Check(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR, "zlib cannot deflate");
    rest.remove_prefix(step - stream.avail_in);
    written += room - stream.avail_out;
    if (written == output.size() && code != Z_STREAM_END)
      output.resize(output.size() + kPieceBytes);
  }
  deflateEnd(&stream);
  output.resize(written);
  return output;
}

}  // namespace regatta::codec
