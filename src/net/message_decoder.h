// HTTP/1.1 framing: bytes in, one message out, in whatever pieces they come.
//
// Not thread-safe. One object decodes one message.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/net/http.h"

namespace regatta::net {

struct MessageHead {
  std::string method;  // of requests
  std::string target;
  int status = 0;              // of responses
  bool is_version_10 = false;  // HTTP/1.0, else 1.1
  Headers headers;
  bool keeps_alive = false;
  bool is_chunked = false;
  // Nothing when chunked, and when a response's body lasts until the connection ends.
  std::optional<std::uint64_t> content_length;
};

class MessageDecoder {
 public:
  enum class Kind { kRequest, kResponse };
  using Sink = FunctionRef<Result<void>(std::string_view)>;

  // A head longer than `header_bytes_max` is refused, and so is a chunk's size line or trailer.
  MessageDecoder(Kind kind, std::size_t header_bytes_max);
  ~MessageDecoder();
  MessageDecoder(MessageDecoder&&) noexcept;
  MessageDecoder& operator=(MessageDecoder&&) noexcept;

  // Says before decoding that no body follows whatever the head says: the answer to HEAD.
  void ExpectNoBody();

  // Decodes the head from `bytes`, which begin with those that the last call did not take. Returns
  // how many were taken; when the head is not complete (has_head), more are needed after those left
  // over. Errors: kResourceExhausted when the head is too long, kInvalidArgument when it is not
  // HTTP/1.x.
  Result<std::size_t> DecodeHead(std::string_view bytes);
  bool has_head() const;
  // Requires: has_head().
  MessageHead& head();

  // Gives the body's bytes to `sink` as they come out of the framing. As DecodeHead otherwise; an
  // error of the sink is returned as it is. Requires: has_head().
  Result<std::size_t> DecodeBody(std::string_view bytes, Sink sink);
  // Whether the message is complete.
  bool is_done() const;
  // The peer has closed: ends a response that lasts until then, and is an error in all other
  // places.
  Result<void> EndOfInput();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace regatta::net
