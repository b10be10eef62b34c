#include "response_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iterator>

#include "ascii.h"
#include "regatta/codec/gzip.h"

namespace regatta::net {

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

namespace {

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The date of the answer (RFC 9110, section 5.6.7), made once a second and thread. It informs
// caches and decides nothing here, so it is read from the machine and not from a Clock.
std::string_view HttpDate() {
  thread_local std::time_t cached_second = -1;
  thread_local std::string cached_text;
  const std::time_t now = std::time(nullptr);
  if (now != cached_second) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[64];
    // The C locale's names are the RFC's; a program that sets another locale would break this.
    const std::size_t size = std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    cached_text.assign(text, size);
    cached_second = now;
  }
  return cached_text;
}

bool IsCompressible(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("application/javascript") || type.starts_with("application/jsonl") ||
         type.starts_with("image/svg+xml") || type.starts_with("application/wasm");
}

// Whether "Accept-Encoding" names gzip with a weight above zero.
bool AcceptsGzip(const Headers& headers) {
  std::string_view rest = headers.Get("Accept-Encoding");
  while (!rest.empty()) {
    std::string_view item = TakeUntil(rest, ',');
    const std::string_view name = Trim(TakeUntil(item, ';'));
    if (!EqualsIgnoringCase(name, "gzip")) continue;
    const std::string_view weight = Trim(item);
    return !weight.starts_with("q=0") ||
           weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

void Compress(Response& response, WireResponse& wire, const Request& request,
              std::size_t bytes_min) {
  const std::string_view text = wire.text();
  if (bytes_min == 0 || text.size() < bytes_min || response.headers.Has("Content-Encoding") ||
      !IsCompressible(response.headers.Get("Content-Type"))) {
    return;
  }
  response.headers.Add("Vary", "Accept-Encoding");
  if (!AcceptsGzip(request.headers)) return;
  constexpr int kFastest = 1;
  wire.owned_text = codec::Gzip(text, kFastest);
  wire.shared_text = nullptr;
  response.headers.Set("Content-Encoding", "gzip");
}

bool IsUnchanged(const Response& response, const Request& request) {
  if (response.status != 200 || (request.method != "GET" && request.method != "HEAD")) return false;
  const std::string_view tag = response.headers.Get("ETag");
  return !tag.empty() && (request.headers.HasToken("If-None-Match", tag) ||
                          request.headers.Get("If-None-Match") == "*");
}

// Opens the file and settles status and range. False when it cannot be opened.
bool OpenBody(const FileBody& body, Response& response, WireResponse& wire,
              const Request& request) {
  wire.file = OpenFile(::open(body.path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!wire.file.is_open() || ::fstat(wire.file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return false;
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (body.part) {
    const std::uint64_t offset = std::min(body.part->offset, size);
    wire.file_range = {offset, std::min(body.part->length, size - offset)};
    return true;
  }
  wire.file_range = {0, size};
  if (response.status != 200) return true;
  response.headers.Set("Accept-Ranges", "bytes");
  const std::string_view condition = request.headers.Get("If-Range");
  if (request.method != "GET" ||
      (!condition.empty() && condition != response.headers.Get("ETag"))) {
    return true;
  }
  const RangeChoice choice = ChooseRange(request.headers.Get("Range"), size);
  if (choice.kind == RangeChoice::Kind::kPart) {
    response.status = 206;
    wire.file_range = choice.range;
    response.headers.Set("Content-Range",
                         fmt::format("bytes {}-{}/{}", choice.range.offset,
                                     choice.range.offset + choice.range.length - 1, size));
  } else if (choice.kind == RangeChoice::Kind::kUnsatisfiable) {
    response = ErrorResponse(
        416, fmt::format("the range lies outside of the file, which has {} bytes", size));
    response.headers.Set("Content-Range", fmt::format("bytes */{}", size));
    wire.file = OpenFile();
    wire.owned_text = std::get<std::string>(response.body);
  }
  return true;
}

void AppendValue(std::string& out, std::string_view value) {
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

bool HasNoBody(int status) { return status == 204 || status == 304 || status < 200; }

std::string SerializeHead(const Response& response, std::optional<std::uint64_t> length,
                          const WriterOptions& options, bool keeps_alive) {
  std::string head;
  head.reserve(256);
  const auto out = std::back_inserter(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nServer: {}\r\nDate: {}\r\n", response.status,
                 StatusText(response.status), options.server_name, HttpDate());
  for (const auto& [name, value] : response.headers) {
    if (EqualsIgnoringCase(name, "Content-Length") || EqualsIgnoringCase(name, "Connection") ||
        EqualsIgnoringCase(name, "Transfer-Encoding")) {
      continue;
    }
    AppendValue(head, name);
    head += ": ";
    AppendValue(head, value);
    head += "\r\n";
  }
  if (length && !HasNoBody(response.status)) {
    fmt::format_to(out, "Content-Length: {}\r\n", *length);
  }
  head += keeps_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace

RangeChoice ChooseRange(std::string_view field, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit) || field.find(',') != std::string_view::npos) return {};
  std::string_view rest = Trim(field.substr(kUnit.size()));
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first_text = Trim(rest.substr(0, dash));
  const std::string_view last_text = Trim(rest.substr(dash + 1));
  const std::optional<std::uint64_t> first = ParseNumber(first_text);
  const std::optional<std::uint64_t> last = ParseNumber(last_text);
  const RangeChoice unsatisfiable = {RangeChoice::Kind::kUnsatisfiable, {}};
  if (first_text.empty()) {
    if (!last) return {};
    const std::uint64_t length = std::min(*last, size);
    if (length == 0) return unsatisfiable;
    return {RangeChoice::Kind::kPart, {size - length, length}};
  }
  if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return {};
  if (*first >= size) return unsatisfiable;
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {RangeChoice::Kind::kPart, {*first, end - *first + 1}};
}

WireResponse PrepareResponse(Response response, const Request& request,
                             const WriterOptions& options, bool keeps_alive, bool is_stream) {
  WireResponse wire;
  if (IsUnchanged(response, request)) {
    response.status = 304;
    response.body = std::string();
  }
  if (auto* text = std::get_if<std::string>(&response.body)) {
    wire.owned_text = std::move(*text);
  } else if (auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body)) {
    wire.shared_text = std::move(*shared);
  } else {
    const FileBody body = std::get<FileBody>(response.body);
    if (!OpenBody(body, response, wire, request)) {
      wire.file = OpenFile();
      response = ErrorResponse(404, "the file is not there any more");
      wire.owned_text = std::get<std::string>(response.body);
    }
  }
  std::optional<std::uint64_t> length;
  if (!is_stream) {
    if (!wire.file.is_open()) Compress(response, wire, request, options.gzip_bytes_min);
    length = wire.file.is_open() ? wire.file_range.length : wire.text().size();
  }
  wire.status = response.status;
  wire.head = SerializeHead(response, length, options, keeps_alive);
  if (request.method == "HEAD" || HasNoBody(response.status)) {
    wire.owned_text.clear();
    wire.shared_text = nullptr;
    wire.file = OpenFile();
    wire.file_range = {};
  }
  return wire;
}

}  // namespace regatta::net
