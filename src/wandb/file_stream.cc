#include "file_stream.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "regatta/tracking/row_scanner.h"

namespace regatta::wandb {

using tracking::StreamKind;
using tracking::StreamLines;
using tracking::StreamRequest;

namespace {

namespace od = simdjson::ondemand;

// A line beyond this is a client's mistake: the clients cut at 10 MiB.
constexpr std::size_t kLineBytesMax = std::size_t{32} << 20;
// Counts of lines are 32-bit integers of GraphQL.
constexpr std::int64_t kLinesMax = std::numeric_limits<std::int32_t>::max();

std::optional<StreamKind> KindOf(std::string_view file) {
  if (file == "wandb-history.jsonl") return StreamKind::kHistory;
  if (file == "wandb-events.jsonl") return StreamKind::kEvents;
  if (file == "output.log") return StreamKind::kConsole;
  return std::nullopt;
}

Error Malformed(std::string_view what, simdjson::error_code code) {
  return InvalidArgument(
      fmt::format("file_stream body: {} ({}); send one JSON object as the client "
                  "does, nothing of it was stored",
                  what, simdjson::error_message(code)));
}

struct FileContent {
  std::int64_t offset = 0;
  std::vector<std::string> lines;
};

simdjson::error_code ReadContent(od::value value, FileContent& content) {
  od::object file;
  if (auto error = value.get_object().get(file)) return error;
  for (auto field : file) {
    std::string_view key;
    if (auto error = field.unescaped_key().get(key)) return error;
    od::value member;
    if (auto error = field.value().get(member)) return error;
    if (key == "offset") {
      if (auto error = member.get_int64().get(content.offset)) return error;
    } else if (key == "content") {
      od::array array;
      if (auto error = member.get_array().get(array)) return error;
      for (auto item : array) {
        std::string_view line;
        if (auto error = item.get_string().get(line)) return error;
        content.lines.emplace_back(line);
      }
    }
  }
  return simdjson::SUCCESS;
}

Result<void> ScanRows(StreamLines& piece, std::string_view file) {
  for (std::size_t i = 0; i < piece.lines.size(); ++i) {
    const tracking::RowStep row = tracking::ScanStep(piece.lines[i]);
    if (!row.is_valid) {
      return InvalidArgument(fmt::format(
          "file_stream body: {} line {} is not a JSON object; nothing of the request was stored",
          file, piece.first_line + static_cast<std::int64_t>(i)));
    }
    if (row.step) {
      piece.step_min = std::min(piece.step_min, *row.step);
      piece.step_max = std::max(piece.step_max, *row.step);
    }
  }
  return Ok();
}

Result<void> TakeFile(std::string_view name, FileContent content, StreamRequest& request) {
  if (content.offset < 0) {
    return InvalidArgument(
        fmt::format("file_stream body: {} has the negative offset {}", name, content.offset));
  }
  for (std::string& line : content.lines) {
    if (line.size() > kLineBytesMax) {
      return InvalidArgument(
          fmt::format("file_stream body: a line of {} holds {} bytes, more than {}", name,
                      line.size(), kLineBytesMax));
    }
    // Old clients leave the newline on.
    if (!line.empty() && line.back() == '\n') line.pop_back();
  }
  if (name == "wandb-summary.json") {
    if (content.lines.empty()) return Ok();
    if (!tracking::ScanStep(content.lines.back()).is_valid) {
      return InvalidArgument("file_stream body: wandb-summary.json is not a JSON object");
    }
    request.append.summary_json = std::move(content.lines.back());
    return Ok();
  }
  const std::optional<StreamKind> kind = KindOf(name);
  if (!kind || content.lines.empty()) return Ok();
  if (content.offset > kLinesMax - static_cast<std::int64_t>(content.lines.size())) {
    return InvalidArgument(fmt::format(
        "file_stream body: {} has {} lines from offset {} on: a run's file ends at line {}; count "
        "its lines from 0",
        name, content.lines.size(), content.offset, kLinesMax));
  }
  StreamLines piece{.kind = *kind, .first_line = content.offset, .lines = std::move(content.lines)};
  if (*kind != StreamKind::kConsole) {
    if (Result<void> scanned = ScanRows(piece, name); !scanned) return scanned;
  }
  request.append.pieces.push_back(std::move(piece));
  return Ok();
}

}  // namespace

Result<StreamRequest> ParseFileStream(std::string& body) {
  StreamRequest request;
  if (body.find_first_not_of(" \t\r\n") == std::string::npos) return request;
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  thread_local od::parser parser;
  od::document document;
  if (auto error = parser.iterate(body.data(), body.size(), body.capacity()).get(document)) {
    return Malformed("not JSON", error);
  }
  od::object object;
  if (auto error = document.get_object().get(object)) return Malformed("not an object", error);
  for (auto field : object) {
    std::string_view key;
    if (auto error = field.unescaped_key().get(key)) return Malformed("a broken key", error);
    od::value value;
    if (auto error = field.value().get(value)) return Malformed("a broken value", error);
    if (key == "files") {
      od::object files;
      if (value.is_null()) continue;
      if (auto error = value.get_object().get(files)) return Malformed("\"files\"", error);
      for (auto file : files) {
        std::string_view name;
        od::value member;
        if (auto error = file.unescaped_key().get(name)) return Malformed("\"files\"", error);
        const std::string file_name(name);
        if (auto error = file.value().get(member)) return Malformed(file_name, error);
        FileContent content;
        if (auto error = ReadContent(member, content)) return Malformed(file_name, error);
        if (Result<void> taken = TakeFile(file_name, std::move(content), request); !taken) {
          return taken.error();
        }
      }
    } else if (key == "complete" || key == "preempting") {
      bool flag = false;
      if (value.is_null()) continue;
      if (auto error = value.get_bool().get(flag)) return Malformed(key, error);
      (key == "complete" ? request.complete : request.preempting) = flag;
    } else if (key == "exitcode") {
      std::int64_t code = 0;
      if (value.is_null()) continue;
      if (auto error = value.get_int64().get(code)) return Malformed(key, error);
      request.exit_code = code;
    }
  }
  // Past the end there is no location left to ask for.
  if (document.current_location().error() == simdjson::SUCCESS)
    return InvalidArgument("file_stream body: text follows the JSON object");
  return request;
}

}  // namespace regatta::wandb
