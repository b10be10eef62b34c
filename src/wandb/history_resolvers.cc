// What a run logged, read back: history, events, console, and what was said about the machine.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "connection.h"
#include "history_cache.h"
#include "history_rows.h"
#include "one_answer.h"
#include "regatta/tracking/console_line.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/row_picker.h"
#include "regatta/tracking/row_scanner.h"
#include "request_context.h"
#include "resolvers.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using nlohmann::json;
using tracking::StreamKind;
using tracking::StreamLine;
using tracking::Tables;

namespace {

// Where fewer than one line in so many is wanted, each is looked up instead of reading all.
constexpr std::int64_t kSparseFactor = 50;
constexpr std::int64_t kLookupsMax = 10'000;
constexpr std::int64_t kStepMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMetadataBytesMax = std::int64_t{4} << 20;

std::int64_t SamplesOf(const FieldContext& field) {
  return std::clamp<std::int64_t>(field.args().IntOr("samples", kSamplesDefault), 1, kSamplesMax);
}

// About `samples` lines of a stream, evenly spaced, first and last among them; all if there are no
// more.
Result<Resolved> SampleLines(const Tables& tables, ReadAllowance& allowance, const RunNode& node,
                             StreamKind kind, std::int64_t samples) {
  const Result<tracking::StreamInfo> info = tables.streams().Info(node.run.id);
  if (!info) return info.error();
  const std::int64_t count = info->lines(kind);
  Resolved::Items rows;
  const auto take = [&](const StreamLine& line) {
    if (!allowance.Keep(line.text.size())) return false;
    rows.emplace_back(line.text);
    return true;
  };
  const auto answer = [&](const Result<void>& read) -> Result<Resolved> {
    if (!read) return read.error();
    if (const Result<void> allowed = allowance.Check(); !allowed) return allowed.error();
    return Resolved(std::move(rows));
  };
  if (count <= samples) {
    return answer(tables.streams().ReadLines(node.run.id, kind, 0, count, take));
  }
  if (count / samples >= kSparseFactor && samples <= kLookupsMax) {
    for (const std::size_t position : tracking::EvenPositions(static_cast<std::size_t>(count),
                                                              static_cast<std::size_t>(samples))) {
      const Result<void> read = tables.streams().ReadLines(
          node.run.id, kind, static_cast<std::int64_t>(position), 1, take);
      if (!read || !allowance.Check()) return answer(read);
    }
    return answer(Ok());
  }
  // The same places, reckoned on the way: most of `count` lines may never have been written, so
  // what is held and done here goes by those that were. Line numbers have a limit of 2^31 today,
  // but older programs stored larger ones: their products need more than 64 bits.
  using Wide = __int128;
  const std::int64_t spaces = std::max<std::int64_t>(samples - 1, 1);
  const std::int64_t last = samples == 1 ? 0 : count - 1;
  const Result<void> read =
      tables.streams().ReadLines(node.run.id, kind, 0, count, [&](const StreamLine& line) {
        if (!allowance.Read(line.text.size())) return false;
        // The first place that is not before this line.
        const Wide place = last == 0 ? 0 : (Wide{line.number} * spaces + last - 1) / last;
        return place > spaces || place * last / spaces != line.number || take(line);
      });
  return answer(read);
}

Result<Resolved> ResolveHistory(const RunNode& node, const FieldContext& field) {
  const std::int64_t samples = SamplesOf(field);
  const std::optional<std::int64_t> min_step = field.args().Int("minStep");
  const std::optional<std::int64_t> max_step = field.args().Int("maxStep");
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    ReadAllowance& allowance = Context(field).allowance;
    if (!min_step && !max_step) {
      return SampleLines(tables, allowance, node, StreamKind::kHistory, samples);
    }
    const std::int64_t first = min_step.value_or(0);
    if (max_step && *max_step <= first) return Resolved(Resolved::Items());
    const std::int64_t last = max_step ? *max_step - 1 : kStepMax;
    // A page of `samples` steps is answered in full, even if a step stands in several rows.
    const bool is_page = max_step && *max_step - first <= samples;
    Resolved::Items rows;
    const Result<void> read =
        ForEachStep(tables, allowance, node.run.id, {first, last},
                    is_page ? kAllRows : static_cast<std::size_t>(samples),
                    [&](std::string text) { rows.emplace_back(std::move(text)); });
    if (!read) return read.error();
    return Resolved(std::move(rows));
  });
}

// The last values of the system's metrics. Monitors may write one line each, so the last few lines
// are laid over each other.
Result<Resolved> ResolveSystemMetrics(const RunNode& node, const FieldContext& field) {
  constexpr std::int64_t kLines = 16;
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<tracking::StreamInfo> info = tables.streams().Info(node.run.id);
    if (!info) return info.error();
    const std::int64_t count = info->lines(StreamKind::kEvents);
    if (count == 0) return Resolved(nullptr);
    std::vector<std::pair<std::string, std::string>> metrics;
    const Result<void> read = tables.streams().ReadLines(
        node.run.id, StreamKind::kEvents, std::max<std::int64_t>(count - kLines, 0), kLines,
        [&](const StreamLine& line) {
          tracking::ScanRow(line.text, [&](const tracking::RowMember& member) {
            if (member.key.starts_with('_')) return;
            const auto known = std::find_if(metrics.begin(), metrics.end(), [&](const auto& entry) {
              return entry.first == member.key;
            });
            if (known == metrics.end()) {
              metrics.emplace_back(member.key, member.value);
            } else {
              known->second = std::string(member.value);
            }
          });
          return true;
        });
    if (!read) return read.error();
    std::string text = "{";
    for (const auto& [key, value] : metrics) {
      text += fmt::format("{}\"{}\":{}", text.size() > 1 ? "," : "", key, value);
    }
    return Resolved(text + "}");
  });
}

Resolved LogLine(std::int64_t number, std::string_view text) {
  tracking::ConsoleLine line = tracking::ParseConsoleLine(text);
  const auto or_null = [](std::string part) {
    return part.empty() ? Resolved(nullptr) : Resolved(std::move(part));
  };
  return Record("LogLine")
      .Set("number", number)
      .Set("timestamp", or_null(std::move(line.timestamp)))
      .Set("level", or_null(std::move(line.level)))
      .Set("label", or_null(std::move(line.label)))
      .Set("line", std::move(line.text));
}

// A console is a buffer of lines: one that was never written is empty.
Result<Resolved> ResolveLogLines(const RunNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const Result<tracking::StreamInfo> info = tables.streams().Info(node.run.id);
    if (!info) return info.error();
    const auto total = static_cast<std::size_t>(info->lines(StreamKind::kConsole));
    const Result<PageRange> range = PageOf(field.args(), total);
    if (!range) return range.error();
    const auto first = static_cast<std::int64_t>(range->begin);
    const auto end = static_cast<std::int64_t>(range->end);
    std::vector<Resolved> lines;
    std::int64_t next = first;
    ReadAllowance& allowance = Context(field).allowance;
    const Result<void> read = tables.streams().ReadLines(
        node.run.id, StreamKind::kConsole, first, end - first, [&](const StreamLine& line) {
          if (!allowance.Keep(line.text.size())) return false;
          for (; next < line.number; ++next) lines.push_back(LogLine(next, ""));
          lines.push_back(LogLine(line.number, line.text));
          next = line.number + 1;
          return true;
        });
    if (!read) return read.error();
    if (const Result<void> allowed = allowance.Check(); !allowed) return allowed.error();
    for (; next < end; ++next) lines.push_back(LogLine(next, ""));
    return Connection("LogLineConnection", "LogLineEdge", std::move(lines), *range, total);
  });
}

Resolved TextOrNull(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return nullptr;
  return found->get<std::string>();
}

Resolved CountOrNull(const json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer()) continue;
    const auto count = found->get<std::int64_t>();
    if (count >= 0 && count <= std::numeric_limits<std::int32_t>::max()) return count;
  }
  return nullptr;
}

Resolved RunInfoOf(const json& metadata) {
  Record info("RunInfo");
  Resolved args = nullptr;
  if (const auto found = metadata.find("args"); found != metadata.end() && found->is_array()) {
    Resolved::Items items;
    for (const json& item : *found) {
      items.emplace_back(item.is_string()
                             ? item.get<std::string>()
                             : item.dump(-1, ' ', false, json::error_handler_t::replace));
    }
    args = Resolved(std::move(items));
  }
  Resolved git = nullptr;
  if (const auto found = metadata.find("git"); found != metadata.end() && found->is_object()) {
    git = Record("GitInfo")
              .Set("remote", TextOrNull(*found, "remote"))
              .Set("commit", TextOrNull(*found, "commit"));
  }
  info.Set("program", TextOrNull(metadata, "program"))
      .Set("args", std::move(args))
      .Set("os", TextOrNull(metadata, "os"))
      .Set("python", TextOrNull(metadata, "python"))
      .Set("colab", TextOrNull(metadata, "colab"))
      .Set("executable", TextOrNull(metadata, "executable"))
      .Set("codeSaved", metadata.contains("codePath") && metadata["codePath"].is_string())
      .Set("cpuCount", CountOrNull(metadata, {"cpu_count_logical", "cpu_count"}))
      .Set("gpuCount", CountOrNull(metadata, {"gpu_count"}))
      .Set("gpu", TextOrNull(metadata, "gpu"))
      .Set("git", std::move(git));
  return Resolved(std::move(info));
}

// From the file that every client uploads; null while it is not there.
Result<Resolved> ResolveRunInfo(const RunNode& node, const FieldContext& field) {
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    const auto file = tables.files().FindByName(node.run.id, "wandb-metadata.json");
    if (!file) return file.error();
    if (!*file) return Resolved(nullptr);
    const Result<std::string> text =
        Context(field).services.store.blobs().Read((*file)->blob.sha256_hex, kMetadataBytesMax);
    if (!text) return text.error();
    const std::optional<json> metadata = tracking::ParseExtendedJson(*text);
    if (!metadata || !metadata->is_object()) return Resolved(nullptr);
    return RunInfoOf(*metadata);
  });
}

}  // namespace

void AddHistoryResolvers(ResolverMap& resolvers) {
  resolvers.Field<RunNode>("Run", "history", ResolveHistory);
  resolvers.Field<RunNode>("Run", "events", [](const RunNode& node, const FieldContext& field) {
    return ReadOne(field, [&](const Tables& tables) {
      return SampleLines(tables, Context(field).allowance, node, StreamKind::kEvents,
                         SamplesOf(field));
    });
  });
  // Nothing is exported yet, so clients read everything as rows.
  resolvers.Field<RunNode>("Run", "parquetHistory", [](const RunNode&) {
    return Resolved(Record("ParquetHistory")
                        .Set("parquetUrls", Resolved(Resolved::Items()))
                        .Set("liveData", Resolved(Resolved::Items())));
  });
  const auto cache = std::make_shared<HistoryKeyCache>();
  resolvers.Field<RunNode>(
      "Run", "historyKeys", [cache](const RunNode& node, const FieldContext& field) {
        return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
          Result<std::optional<std::string>> keys = cache->KeysOf(tables, node.run.id);
          if (!keys) return keys.error();
          if (!*keys) return Resolved(nullptr);
          return Resolved::Json(**std::move(keys));
        });
      });
  resolvers.Field<RunNode>("Run", "systemMetrics", ResolveSystemMetrics);
  resolvers.Field<RunNode>("Run", "logLines", ResolveLogLines);
  resolvers.Field<RunNode>("Run", "runInfo", ResolveRunInfo);
  resolvers.Record("ParquetHistory", {"parquetUrls", "liveData"});
  resolvers.Record("LogLineConnection", {"edges", "pageInfo"});
  resolvers.Record("LogLineEdge", {"node", "cursor"});
  resolvers.Record("LogLine", {"number", "timestamp", "level", "label", "line"});
  resolvers.Record("RunInfo", {"program", "args", "os", "python", "colab", "executable",
                               "codeSaved", "cpuCount", "gpuCount", "gpu", "git"});
  resolvers.Record("GitInfo", {"remote", "commit"});
}

}  // namespace regatta::wandb
