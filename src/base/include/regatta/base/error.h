// What went wrong, told by what the caller should do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace regatta {

// The code names the caller's next step, not the place of the fault.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,     // the request is wrong: change it
  kUnauthenticated,     // say who you are
  kPermissionDenied,    // known, but not allowed
  kNotFound,            // no such thing, or none that the caller may see
  kAlreadyExists,       // the name is taken
  kFailedPrecondition,  // right request, wrong state: repair the state first
  kConflict,            // somebody else was faster: read again, then retry
  kResourceExhausted,   // a limit is reached
  kUnavailable,         // retry the same call later
  kUnsupported,         // this server does not do that (yet)
  kInternal,            // our mistake
};

// The code's name as it stands in logs and in JSON, e.g. "not_found".
std::string_view ErrorCodeName(ErrorCode code);

// An error is a value. `message` is a sentence for the person who made the call: it names the
// thing, the place and the remedy (`sweep "ab12": parameter "lr": max 0.1 is below min 1`) and
// never holds a secret.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

inline Error InvalidArgument(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}
inline Error Unauthenticated(std::string message) {
  return {ErrorCode::kUnauthenticated, std::move(message)};
}
inline Error PermissionDenied(std::string message) {
  return {ErrorCode::kPermissionDenied, std::move(message)};
}
inline Error NotFound(std::string message) { return {ErrorCode::kNotFound, std::move(message)}; }
inline Error AlreadyExists(std::string message) {
  return {ErrorCode::kAlreadyExists, std::move(message)};
}
inline Error FailedPrecondition(std::string message) {
  return {ErrorCode::kFailedPrecondition, std::move(message)};
}
inline Error Conflict(std::string message) { return {ErrorCode::kConflict, std::move(message)}; }
inline Error ResourceExhausted(std::string message) {
  return {ErrorCode::kResourceExhausted, std::move(message)};
}
inline Error Unavailable(std::string message) {
  return {ErrorCode::kUnavailable, std::move(message)};
}
inline Error Unsupported(std::string message) {
  return {ErrorCode::kUnsupported, std::move(message)};
}
inline Error Internal(std::string message) { return {ErrorCode::kInternal, std::move(message)}; }

// `error` with "context: " before its message, for the place that an inner function cannot know.
inline Error WithContext(std::string_view context, Error error) {
  error.message = std::string(context) + ": " + error.message;
  return error;
}

}  // namespace regatta
