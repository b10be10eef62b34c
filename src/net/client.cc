#include "regatta/net/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <optional>
#include <system_error>

#include "ascii.h"
#include "client_connection.h"
#include "error_text.h"
#include "event_parser.h"
#include "message_decoder.h"
#include "regatta/base/check.h"
#include "regatta/base/rng.h"
#include "regatta/codec/base64.h"
#include "response_writer.h"
#include "url.h"

namespace regatta::net {
namespace {

constexpr std::size_t kHeaderBytesMax = std::size_t{256} << 10;
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
constexpr std::size_t kEventBytesMax = std::size_t{64} << 20;

bool IsRepeatable(std::string_view method) {
  constexpr std::array<std::string_view, 5> kMethods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

std::string SystemError() { return std::generic_category().message(errno); }

// What is sent as a body: a text, or a file.
struct Source {
  std::string_view text;
  OpenFile file;
  std::uint64_t size = 0;
};

Result<Source> OpenSource(const std::filesystem::path& path) {
  Source source;
  source.file = OpenFile(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!source.file.is_open() || ::fstat(source.file.get(), &status) != 0) {
    return NotFound(fmt::format("file {} cannot be read: {}", path.string(), SystemError()));
  }
  if (!S_ISREG(status.st_mode)) {
    return InvalidArgument(fmt::format("{} is not a regular file", path.string()));
  }
  source.size = static_cast<std::uint64_t>(status.st_size);
  return source;
}

// Takes the body of an answer. False ends the call; the connection is then given up.
using Taker = FunctionRef<Result<bool>(const MessageHead&, std::string_view)>;

struct Call {
  std::string_view method;
  std::string_view path;
  const Headers& headers;
  const Source& source;
};

}  // namespace

Error ClientResponse::ToError() const {
  Check(!is_ok(), "an answer that is no error was turned into one");
  std::string text = ErrorTextOf(body);
  if (text.empty()) text = fmt::format("the server answered {} {}", status, StatusText(status));
  return {CodeOfStatus(status), std::move(text)};
}

class HttpClient::Impl {
 public:
  Impl(std::string base_url, ClientOptions options)
      : options_(std::move(options)), base_(ParseUrl(base_url)) {
    if (base_ && base_->path.ends_with('/')) base_->path.pop_back();
  }

  // Runs one call; the body goes to `take`, and the answer comes back without it.
  Result<ClientResponse> Run(const Call& call, Taker take);
  void Cancel() { cancel_.Raise(); }
  const ClientOptions& options() const { return options_; }

 private:
  Result<Url> Resolve(std::string_view path, bool& is_under_base) const;
  Result<void> Connect(const Url& url);
  std::string Head(const Call& call, const Url& url, bool is_under_base) const;
  Result<void> SendBody(const Source& source, bool& is_answered_early);
  Result<ClientResponse> Attempt(const Call& call, const std::string& head, Taker take,
                                 bool& has_answer_begun);
  Result<ClientResponse> Receive(const Call& call, Taker take, bool& has_answer_begun);
  Result<bool> ReadSome(bool& has_answer_begun);

  // Constant after construction.
  const ClientOptions options_;
  Result<Url> base_;
  CancelSignal cancel_;

  std::mutex mutex_;
  // State below is protected by mutex_.
  std::unique_ptr<TlsTrust> trust_;
  std::unique_ptr<ClientConnection> connection_;
  std::string connected_to_;
  std::string input_;
};

Result<Url> HttpClient::Impl::Resolve(std::string_view path, bool& is_under_base) const {
  if (!base_) return base_.error();
  if (EqualsIgnoringCase(path.substr(0, 7), "http://") ||
      EqualsIgnoringCase(path.substr(0, 8), "https://")) {
    Result<Url> url = ParseUrl(path);
    if (!url) return url;
    is_under_base = url->is_tls == base_->is_tls && url->host == base_->host &&
                    url->port == base_->port &&
                    (url->path == base_->path || url->path.starts_with(base_->path + "/"));
    return url;
  }
  if (!path.empty() && !path.starts_with('/') && !path.starts_with('?')) {
    return InvalidArgument(fmt::format("request path \"{}\" does not start with '/'", path));
  }
  for (const char c : path) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') {
      return InvalidArgument("a request's path holds a blank or control character: encode it");
    }
  }
  Url url = *base_;
  url.path.append(path);
  is_under_base = true;
  return url;
}

std::string HttpClient::Impl::Head(const Call& call, const Url& url, bool is_under_base) const {
  const std::string target = url.path.starts_with('/') ? url.path : "/" + url.path;
  std::string head =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", call.method, target, url.HostField());
  const auto add = [&](std::string_view name, std::string_view value) {
    if (call.headers.Has(name)) return;
    head += fmt::format("{}: {}\r\n", name, value);
  };
  add("User-Agent", options_.user_agent);
  add("Accept", "*/*");
  if (is_under_base && !options_.bearer_token.empty()) {
    add("Authorization", "Bearer " + options_.bearer_token);
  } else if (is_under_base && !(options_.basic_user + options_.basic_password).empty()) {
    add("Authorization",
        "Basic " + codec::EncodeBase64(options_.basic_user + ":" + options_.basic_password));
  }
  if (call.source.size > 0 || (call.method != "GET" && call.method != "HEAD")) {
    head += fmt::format("Content-Length: {}\r\n", call.source.size);
  }
  for (const auto& [name, value] : call.headers) {
    if (EqualsIgnoringCase(name, "Content-Length") || EqualsIgnoringCase(name, "Host")) continue;
    std::string line = name + ": " + value;
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    head += line + "\r\n";
  }
  return head + "\r\n";
}

Result<void> HttpClient::Impl::Connect(const Url& url) {
  connection_ = nullptr;
  input_.clear();
  if (url.is_tls && trust_ == nullptr) {
    auto trust = TlsTrust::Load(options_.ca_file, options_.verifies_certificate);
    if (!trust) return trust.error();
    trust_ = *std::move(trust);
  }
  auto connection = ClientConnection::Open(url, options_.connect_timeout, trust_.get(), cancel_);
  if (!connection) return connection.error();
  connection_ = *std::move(connection);
  connected_to_ = fmt::format("{}:{}:{}", url.is_tls, url.host, url.port);
  return Ok();
}

Result<ClientResponse> HttpClient::Impl::Run(const Call& call, Taker take) {
  const std::lock_guard lock(mutex_);
  if (cancel_.is_raised()) return Unavailable("the call was cancelled");
  bool is_under_base = false;
  const Result<Url> url = Resolve(call.path, is_under_base);
  if (!url) return url.error();
  const std::string head = Head(call, *url, is_under_base);
  const std::string address = fmt::format("{}:{}:{}", url->is_tls, url->host, url->port);
  const bool is_reused =
      connection_ != nullptr && connected_to_ == address && !connection_->IsStale();
  if (!is_reused) {
    if (Result<void> connected = Connect(*url); !connected) return connected.error();
  }
  bool has_answer_begun = false;
  Result<ClientResponse> answer = Attempt(call, head, take, has_answer_begun);
  const bool retries = !answer && answer.error().code == ErrorCode::kUnavailable && is_reused &&
                       !has_answer_begun && IsRepeatable(call.method) && !cancel_.is_raised();
  if (!retries) return answer;
  if (Result<void> connected = Connect(*url); !connected) return connected.error();
  return Attempt(call, head, take, has_answer_begun);
}

Result<void> HttpClient::Impl::SendBody(const Source& source, bool& is_answered_early) {
  if (!source.file.is_open()) return connection_->Write(source.text, options_.read_timeout);
  std::string piece(kPieceBytes, '\0');
  std::uint64_t offset = 0;
  while (offset < source.size) {
    // A server that refuses answers before the end; sending on would be for nothing.
    if (connection_->HasInput()) {
      is_answered_early = true;
      return Ok();
    }
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), source.size - offset));
    const ssize_t count =
        ::pread(source.file.get(), piece.data(), wanted, static_cast<off_t>(offset));
    if (count <= 0) return Internal("the file became shorter or unreadable while it was sent");
    offset += static_cast<std::uint64_t>(count);
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
    if (Result<void> sent = connection_->Write(bytes, options_.read_timeout); !sent) return sent;
  }
  return Ok();
}

Result<ClientResponse> HttpClient::Impl::Attempt(const Call& call, const std::string& head,
                                                 Taker take, bool& has_answer_begun) {
  // Whatever goes wrong from here on, the connection's state is unknown until the answer is
  // complete.
  bool is_answered_early = false;
  Result<void> sent = Ok();
  constexpr std::size_t kJoinedBytesMax = std::size_t{16} << 10;
  if (!call.source.file.is_open() && call.source.text.size() <= kJoinedBytesMax) {
    sent = connection_->Write(head + std::string(call.source.text), options_.read_timeout);
  } else {
    sent = connection_->Write(head, options_.read_timeout);
    if (sent) sent = SendBody(call.source, is_answered_early);
  }
  Result<ClientResponse> answer = Receive(call, take, has_answer_begun);
  if (!answer) {
    connection_ = nullptr;
    // The failure to send came first, and says more than the missing answer.
    if (!sent && !has_answer_begun) return sent.error();
    return answer;
  }
  if (!sent || is_answered_early) connection_ = nullptr;
  return answer;
}

Result<bool> HttpClient::Impl::ReadSome(bool& has_answer_begun) {
  const Result<bool> is_open = connection_->Read(input_, options_.read_timeout);
  if (is_open && *is_open) has_answer_begun = true;
  return is_open;
}

Result<ClientResponse> HttpClient::Impl::Receive(const Call& call, Taker take,
                                                 bool& has_answer_begun) {
  std::optional<MessageDecoder> decoder;
  // Interim answers (1xx) come before the one that counts.
  do {
    decoder.emplace(MessageDecoder::Kind::kResponse, kHeaderBytesMax);
    if (call.method == "HEAD") decoder->ExpectNoBody();
    while (true) {
      const Result<std::size_t> taken = decoder->DecodeHead(input_);
      if (!taken) return WithContext("the answer", taken.error());
      input_.erase(0, *taken);
      if (decoder->has_head()) break;
      const Result<bool> is_open = ReadSome(has_answer_begun);
      if (!is_open) return is_open.error();
      if (!*is_open) return Unavailable("the server closed the connection without an answer");
    }
  } while (decoder->head().status < 200);

  bool is_stopped = false;
  const auto pass = [&](std::string_view piece) -> Result<void> {
    const Result<bool> goes_on = take(decoder->head(), piece);
    if (!goes_on) return goes_on.error();
    is_stopped = !*goes_on;
    return is_stopped ? Result<void>(Unavailable("stopped")) : Ok();
  };
  while (!decoder->is_done()) {
    const Result<std::size_t> taken = decoder->DecodeBody(input_, pass);
    if (is_stopped) break;
    if (!taken) return taken.error();
    input_.erase(0, *taken);
    if (decoder->is_done()) break;
    const Result<bool> is_open = ReadSome(has_answer_begun);
    if (!is_open) return is_open.error();
    if (!*is_open) {
      if (Result<void> ended = decoder->EndOfInput(); !ended) return ended.error();
    }
  }
  MessageHead& head = decoder->head();
  ClientResponse response;
  response.status = head.status;
  if (is_stopped || !head.keeps_alive || !input_.empty()) connection_ = nullptr;
  response.headers = std::move(head.headers);
  return response;
}

HttpClient::HttpClient(std::string base_url, ClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(base_url), std::move(options))) {}
HttpClient::~HttpClient() = default;

void HttpClient::Cancel() { impl_->Cancel(); }

namespace {

// Gathers a body in memory up to a bound.
class Collector {
 public:
  explicit Collector(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  Result<bool> operator()(const MessageHead&, std::string_view piece) {
    if (piece.size() > bytes_max_ - body_.size()) {
      return ResourceExhausted(fmt::format("the answer is larger than {} bytes", bytes_max_));
    }
    body_.append(piece);
    return true;
  }
  std::string& body() { return body_; }

 private:
  std::uint64_t bytes_max_;
  std::string body_;
};

}  // namespace

Result<ClientResponse> HttpClient::Do(std::string_view method, std::string_view path,
                                      const Headers& headers, std::string_view body) {
  Source source;
  source.text = body;
  source.size = body.size();
  Collector collector(impl_->options().response_bytes_max);
  Result<ClientResponse> response = impl_->Run({method, path, headers, source}, collector);
  if (response) response->body = std::move(collector.body());
  return response;
}

Result<ClientResponse> HttpClient::Upload(std::string_view method, std::string_view path,
                                          const Headers& headers,
                                          const std::filesystem::path& file) {
  const Result<Source> source = OpenSource(file);
  if (!source) return source.error();
  Collector collector(impl_->options().response_bytes_max);
  Result<ClientResponse> response = impl_->Run({method, path, headers, *source}, collector);
  if (response) response->body = std::move(collector.body());
  return response;
}

Result<ClientResponse> HttpClient::Download(std::string_view path, const Headers& headers,
                                            const std::filesystem::path& file) {
  std::filesystem::path part = file;
  part += "." + RandomId(8) + ".part";
  OpenFile output(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!output.is_open()) {
    return FailedPrecondition(
        fmt::format("file {} cannot be written: {}", file.string(), SystemError()));
  }
  Collector collector(impl_->options().response_bytes_max);
  const auto take = [&](const MessageHead& head, std::string_view piece) -> Result<bool> {
    if (head.status < 200 || head.status > 299) return collector(head, piece);
    while (!piece.empty()) {
      const ssize_t count = ::write(output.get(), piece.data(), piece.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        return FailedPrecondition(
            fmt::format("file {} cannot be written: {}", file.string(), SystemError()));
      }
      piece.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  };
  const Source nothing;
  Result<ClientResponse> response = impl_->Run({"GET", path, headers, nothing}, take);
  output = OpenFile();
  std::error_code failed;
  if (response && response->is_ok()) {
    std::filesystem::rename(part, file, failed);
    if (!failed) return response;
    response = FailedPrecondition(
        fmt::format("file {} cannot be written: {}", file.string(), failed.message()));
  } else if (response) {
    response->body = std::move(collector.body());
  }
  std::filesystem::remove(part, failed);
  return response;
}

Result<void> HttpClient::ReadEvents(std::string_view path, const Headers& headers,
                                    FunctionRef<bool(const ServerEvent&)> on_event) {
  Headers all = headers;
  all.Set("Accept", "text/event-stream");
  EventParser parser(kEventBytesMax);
  Collector collector(impl_->options().response_bytes_max);
  bool is_stopped = false;
  const auto take = [&](const MessageHead& head, std::string_view piece) -> Result<bool> {
    if (head.status != 200) return collector(head, piece);
    const Result<bool> goes_on = parser.Feed(piece, on_event);
    is_stopped = goes_on && !*goes_on;
    return goes_on;
  };
  const Source nothing;
  Result<ClientResponse> response = impl_->Run({"GET", path, all, nothing}, take);
  if (!response) return response.error();
  if (!response->is_ok()) {
    response->body = std::move(collector.body());
    return response->ToError();
  }
  if (is_stopped) return Ok();
  return Unavailable("the server ended the event stream");
}

}  // namespace regatta::net
