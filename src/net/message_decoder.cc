#include "message_decoder.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "ascii.h"
#include "regatta/base/check.h"

namespace regatta::net {
namespace beast = boost::beast;
namespace http = boost::beast::http;

// What the two kinds of Beast's parser have in common for us.
class MessageDecoder::Parser {
 public:
  explicit Parser(std::size_t header_bytes_max) : header_bytes_max(header_bytes_max) {}
  virtual ~Parser() = default;
  virtual std::size_t Put(std::string_view bytes, beast::error_code& ec) = 0;
  virtual void PutEof(beast::error_code& ec) = 0;
  virtual bool HasHead() const = 0;
  virtual bool IsDone() const = 0;
  virtual void ExpectNoBody() = 0;
  // Whether Beast can be given `bytes`, all that there are of what it has not taken.
  virtual bool CanPut(std::string_view bytes) const = 0;

  const std::size_t header_bytes_max;
  MessageHead head;
  std::optional<Error> error;  // of the sink, or of a head that Beast lets pass
  const Sink* sink = nullptr;  // set while DecodeBody runs
};

namespace {

std::string ToString(beast::string_view text) { return {text.data(), text.size()}; }

template <bool kIsRequest, typename Base>
class BeastParser final : public Base, private http::basic_parser<kIsRequest> {
 public:
  explicit BeastParser(std::size_t header_bytes_max) : Base(header_bytes_max) {
    this->header_limit(static_cast<std::uint32_t>(header_bytes_max));
    this->body_limit(boost::none);
    this->eager(false);
  }

  std::size_t Put(std::string_view bytes, beast::error_code& ec) override {
    return this->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  }
  void PutEof(beast::error_code& ec) override { this->put_eof(ec); }
  bool HasHead() const override { return this->is_header_done(); }
  bool IsDone() const override { return this->is_done(); }
  void ExpectNoBody() override { this->skip(true); }
  bool CanPut(std::string_view bytes) const override {
    // Beast asserts five bytes once it has read a chunk's size of zero, and so many of its message
    // are still to come then.
    constexpr std::size_t kLastChunkBytes = std::string_view("0\r\n\r\n").size();
    const bool is_between_chunks = this->head.is_chunked && chunk_bytes_left_ == 0;
    return !is_between_chunks || bytes.size() >= kLastChunkBytes ||
           bytes.find('0') == std::string_view::npos;
  }

 private:
  using string_view = beast::string_view;
  using error_code = beast::error_code;

  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    this->head.method = ToString(method);
    this->head.target = ToString(target);
    this->head.is_version_10 = version < 11;
  }
  void on_response_impl(int status, string_view, int version, error_code&) override {
    this->head.status = status;
    this->head.is_version_10 = version < 11;
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    // Fields behind a chunked body are not the message's any more.
    if (!is_head_complete_) this->head.headers.Add(ToString(name), ToString(value));
  }
  void on_header_impl(error_code& ec) override {
    is_head_complete_ = true;
    this->head.keeps_alive = this->keep_alive();
    this->head.is_chunked = this->chunked();
    if (const auto length = this->content_length()) {
      this->head.content_length = *length;
    } else if (kIsRequest && !this->head.is_chunked) {
      this->head.content_length = 0;
    }
    // Beast passes a coding that it cannot undo; taking its bytes for the body would be a lie, and
    // the place where request smuggling starts.
    if (this->head.headers.Has("Transfer-Encoding") &&
        !EqualsIgnoringCase(this->head.headers.Get("Transfer-Encoding"), "chunked")) {
      this->error = InvalidArgument(
          "Transfer-Encoding is not understood: only \"chunked\" is, or send Content-Length");
      ec = http::error::bad_transfer_encoding;
    }
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view piece, error_code& ec) override { return Pass(piece, ec); }
  void on_chunk_header_impl(std::uint64_t size, string_view, error_code&) override {
    chunk_bytes_left_ = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code& ec) override {
    const std::size_t taken = Pass(piece, ec);
    chunk_bytes_left_ -= taken;
    return taken;
  }
  void on_finish_impl(error_code&) override {}

  std::size_t Pass(string_view piece, error_code& ec) {
    const Result<void> taken = (*this->sink)(std::string_view(piece.data(), piece.size()));
    if (!taken) {
      this->error = taken.error();
      ec = http::error::body_limit;
    }
    return piece.size();
  }

  bool is_head_complete_ = false;
  std::uint64_t chunk_bytes_left_ = 0;
};

Error ToError(const beast::error_code& ec, std::size_t header_bytes_max) {
  if (ec == http::error::header_limit) {
    return ResourceExhausted(
        fmt::format("HTTP header is longer than the limit of {} bytes", header_bytes_max));
  }
  return InvalidArgument(fmt::format("not a valid HTTP/1.1 message: {}", ec.message()));
}

}  // namespace

MessageDecoder::MessageDecoder(Kind kind, std::size_t header_bytes_max) {
  if (kind == Kind::kRequest) {
    parser_ = std::make_unique<BeastParser<true, Parser>>(header_bytes_max);
  } else {
    parser_ = std::make_unique<BeastParser<false, Parser>>(header_bytes_max);
  }
}

MessageDecoder::~MessageDecoder() = default;
MessageDecoder::MessageDecoder(MessageDecoder&&) noexcept = default;
MessageDecoder& MessageDecoder::operator=(MessageDecoder&&) noexcept = default;

void MessageDecoder::ExpectNoBody() { parser_->ExpectNoBody(); }
bool MessageDecoder::has_head() const { return parser_->HasHead(); }
bool MessageDecoder::is_done() const { return parser_->IsDone(); }

MessageHead& MessageDecoder::head() {
  Check(has_head(), "the head was read before it was complete");
  return parser_->head;
}

Result<std::size_t> MessageDecoder::DecodeHead(std::string_view bytes) {
  std::size_t taken = 0;
  while (!has_head() && taken < bytes.size()) {
    beast::error_code ec;
    taken += parser_->Put(bytes.substr(taken), ec);
    if (ec == http::error::need_more) break;
    if (parser_->error) return *parser_->error;
    if (ec) return ToError(ec, parser_->header_bytes_max);
  }
  return taken;
}

Result<std::size_t> MessageDecoder::DecodeBody(std::string_view bytes, Sink sink) {
  Check(has_head(), "the body was read before its head");
  parser_->sink = &sink;
  std::size_t taken = 0;
  Result<std::size_t> result = std::size_t{0};
  while (!is_done() && taken < bytes.size() && parser_->CanPut(bytes.substr(taken))) {
    beast::error_code ec;
    taken += parser_->Put(bytes.substr(taken), ec);
    if (ec == http::error::need_more) {
      // What is left is the beginning of a chunk's size line or of the trailer.
      if (bytes.size() - taken > parser_->header_bytes_max) {
        result = ToError(http::error::header_limit, parser_->header_bytes_max);
      }
      break;
    }
    if (ec) {
      result = parser_->error ? *parser_->error : ToError(ec, parser_->header_bytes_max);
      break;
    }
  }
  parser_->sink = nullptr;
  if (!result) return result;
  return taken;
}

Result<void> MessageDecoder::EndOfInput() {
  if (is_done()) return Ok();
  beast::error_code ec;
  parser_->PutEof(ec);
  if (ec || !is_done()) return Unavailable("the connection ended in the middle of a message");
  return Ok();
}

}  // namespace regatta::net
