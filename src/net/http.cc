#include "regatta/net/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "ascii.h"
#include "regatta/base/json_string.h"
#include "regatta/codec/base64.h"

namespace regatta::net {

void Headers::Add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::Set(std::string name, std::string value) {
  Remove(name);
  Add(std::move(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return EqualsIgnoringCase(field.first, name); });
}

std::string_view Headers::Get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (EqualsIgnoringCase(field, name)) return value;
  }
  return {};
}

bool Headers::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const Field& field) { return EqualsIgnoringCase(field.first, name); });
}

bool Headers::HasToken(std::string_view name, std::string_view token) const {
  for (const auto& [field, value] : fields_) {
    if (!EqualsIgnoringCase(field, name)) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      if (EqualsIgnoringCase(Trim(TakeUntil(rest, ',')), token)) return true;
    }
  }
  return false;
}

SpooledFile::~SpooledFile() {
  if (is_released_) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::filesystem::path SpooledFile::Release() {
  is_released_ = true;
  return path_;
}

namespace {

std::string_view Find(const std::vector<std::pair<std::string, std::string>>& pairs,
                      std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return {};
}

Response TypedResponse(std::string_view type, std::string text, int status) {
  Response response;
  response.status = status;
  response.headers.Add("Content-Type", std::string(type));
  response.body = std::move(text);
  return response;
}

}  // namespace

std::string_view Request::Param(std::string_view name) const { return Find(params, name); }

std::string_view Request::Query(std::string_view name) const { return Find(query, name); }

bool Request::HasQuery(std::string_view name) const {
  return std::any_of(query.begin(), query.end(),
                     [&](const auto& pair) { return pair.first == name; });
}

std::vector<std::string> Request::Queries(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

Response JsonResponse(std::string json, int status) {
  return TypedResponse("application/json", std::move(json), status);
}

Response TextResponse(std::string text, int status) {
  return TypedResponse("text/plain; charset=utf-8", std::move(text), status);
}

Response HtmlResponse(std::string html, int status) {
  return TypedResponse("text/html; charset=utf-8", std::move(html), status);
}

Response RedirectResponse(std::string location, int status) {
  Response response;
  response.status = status;
  response.headers.Add("Location", std::move(location));
  return response;
}

Response ErrorResponse(int status, std::string_view message) {
  return JsonResponse(fmt::format(R"({{"errors":[{{"message":{}}}]}})", JsonString(message)),
                      status);
}

Response ErrorResponse(const Error& error) {
  Response response = ErrorResponse(StatusOf(error.code), error.message);
  if (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kResourceExhausted) {
    response.headers.Add("Retry-After", "1");
  }
  return response;
}

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kUnauthenticated:
      return 401;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kFailedPrecondition:
      return 412;
    case ErrorCode::kResourceExhausted:
      return 429;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kUnsupported:
      return 501;
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

ErrorCode CodeOfStatus(int status) {
  switch (status) {
    case 401:
      return ErrorCode::kUnauthenticated;
    case 403:
      return ErrorCode::kPermissionDenied;
    case 404:
    case 410:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    case 412:
      return ErrorCode::kFailedPrecondition;
    case 413:
    case 429:
    case 431:
      return ErrorCode::kResourceExhausted;
    case 408:
    case 502:
    case 503:
    case 504:
      return ErrorCode::kUnavailable;
    case 405:
    case 501:
      return ErrorCode::kUnsupported;
    default:
      return status >= 400 && status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kInternal;
  }
}

std::string_view StatusText(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

std::optional<std::pair<std::string, std::string>> BasicCredentials(const Headers& headers) {
  std::string_view field = headers.Get("Authorization");
  if (!EqualsIgnoringCase(field.substr(0, 6), "Basic ")) return std::nullopt;
  const Result<std::string> pair = codec::DecodeBase64Lenient(field.substr(6));
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return std::pair(pair->substr(0, colon), pair->substr(colon + 1));
}

std::optional<std::string> BearerToken(const Headers& headers) {
  const std::string_view field = headers.Get("Authorization");
  if (!EqualsIgnoringCase(field.substr(0, 7), "Bearer ")) return std::nullopt;
  return std::string(Trim(field.substr(7)));
}

std::optional<std::string> Cookie(const Headers& headers, std::string_view name) {
  for (const auto& [field, value] : headers) {
    if (!EqualsIgnoringCase(field, "Cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view pair = Trim(TakeUntil(rest, ';'));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
        return std::string(pair.substr(equals + 1));
      }
    }
  }
  return std::nullopt;
}

std::string_view MediaType(std::string_view file_name) {
  using Entry = std::pair<std::string_view, std::string_view>;
  static constexpr std::array<Entry, 31> kTypes = {{
      {"html", "text/html; charset=utf-8"},
      {"htm", "text/html; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"},
      {"mjs", "text/javascript; charset=utf-8"},
      {"json", "application/json"},
      {"map", "application/json"},
      {"jsonl", "application/jsonl"},
      {"txt", "text/plain; charset=utf-8"},
      {"log", "text/plain; charset=utf-8"},
      {"md", "text/markdown; charset=utf-8"},
      {"csv", "text/csv; charset=utf-8"},
      {"yaml", "application/yaml"},
      {"yml", "application/yaml"},
      {"py", "text/x-python; charset=utf-8"},
      {"patch", "text/x-diff; charset=utf-8"},
      {"svg", "image/svg+xml"},
      {"png", "image/png"},
      {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},
      {"gif", "image/gif"},
      {"webp", "image/webp"},
      {"ico", "image/vnd.microsoft.icon"},
      {"bmp", "image/bmp"},
      {"mp4", "video/mp4"},
      {"webm", "video/webm"},
      {"wav", "audio/wav"},
      {"mp3", "audio/mpeg"},
      {"woff2", "font/woff2"},
      {"wasm", "application/wasm"},
      {"pdf", "application/pdf"},
  }};
  const std::size_t dot = file_name.rfind('.');
  if (dot != std::string_view::npos) {
    const std::string_view ending = file_name.substr(dot + 1);
    for (const auto& [name, type] : kTypes) {
      if (EqualsIgnoringCase(name, ending)) return type;
    }
  }
  return "application/octet-stream";
}

}  // namespace regatta::net
