// What a run logged, read back: history, events, console, and what was said about the machine.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "connection.h"
#include "history_cache.h"
#include "regatta/tracking/console_line.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/extreme_sampler.h"
#include "regatta/tracking/metric_smoother.h"
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

constexpr std::int64_t kSamplesDefault = 500;
constexpr std::int64_t kSamplesMax = std::numeric_limits<std::int32_t>::max();
// Where fewer than one line in so many is wanted, each is looked up instead of reading all.
constexpr std::int64_t kSparseFactor = 50;
constexpr std::int64_t kLookupsMax = 10'000;
constexpr std::int64_t kStepMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kStepMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMetadataBytesMax = std::int64_t{4} << 20;
constexpr std::size_t kSpecsMax = 1'000;
constexpr std::size_t kAllRows = std::numeric_limits<std::size_t>::max();

std::int64_t SamplesOf(const FieldContext& field) {
  return std::clamp<std::int64_t>(field.args().IntOr("samples", kSamplesDefault), 1, kSamplesMax);
}

// Runs `work` on the request's snapshot and answers what it resolved to.
template <typename Work>
Result<Resolved> ReadOne(const FieldContext& field, Work work) {
  Resolved answer = nullptr;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    Result<Resolved> made = work(tables);
    if (!made) return made.error();
    answer = *std::move(made);
    return Ok();
  });
  if (!read) return read.error();
  return answer;
}

// About `samples` lines of a stream, evenly spaced, first and last among them; all if there are no
// more.
Result<Resolved> SampleLines(const Tables& tables, RequestContext& context, const RunNode& node,
                             StreamKind kind, std::int64_t samples) {
  const Result<tracking::StreamInfo> info = tables.streams().Info(node.run.id);
  if (!info) return info.error();
  const std::int64_t count = info->lines(kind);
  Resolved::Items rows;
  const auto take = [&](const StreamLine& line) {
    if (!context.Keep(line.text.size())) return false;
    rows.emplace_back(line.text);
    return true;
  };
  const auto answer = [&](const Result<void>& read) -> Result<Resolved> {
    if (!read) return read.error();
    if (const Result<void> kept = context.Kept(); !kept) return kept.error();
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
      if (!read || !context.Kept()) return answer(read);
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
        // The first place that is not before this line.
        const Wide place = last == 0 ? 0 : (Wide{line.number} * spaces + last - 1) / last;
        return place > spaces || place * last / spaces != line.number || take(line);
      });
  return answer(read);
}

// Visits the rows whose `_step` lies in [step_min, step_max], by step. Rows of one step stay in the
// order of their lines. `take` gets a text that it may keep. Only the first `rows_max` are visited,
// of which twice as many are held at once.
Result<void> ForEachStep(const Tables& tables, RequestContext& context, tracking::RunId run,
                         std::int64_t step_min, std::int64_t step_max, std::size_t rows_max,
                         FunctionRef<void(std::string)> take) {
  struct Row {
    std::int64_t step = 0;
    std::int64_t line = 0;
    std::string text;
  };
  std::vector<Row> rows;
  bool is_sorted = true;
  const auto sort = [&] {
    if (!is_sorted) {
      std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return a.step != b.step ? a.step < b.step : a.line < b.line;
      });
    }
    is_sorted = true;
    for (; rows.size() > rows_max; rows.pop_back()) context.Drop(rows.back().text.size());
  };
  Result<void> read =
      tables.streams().ReadSteps(run, step_min, step_max, [&](const StreamLine& line) {
        const tracking::RowStep row = tracking::ScanStep(line.text);
        if (!row.step || *row.step < step_min || *row.step > step_max) return true;
        if (!context.Keep(line.text.size())) return false;
        is_sorted = is_sorted && (rows.empty() || rows.back().step <= *row.step);
        rows.push_back({*row.step, line.number, std::string(line.text)});
        if (rows.size() / 2 > rows_max) sort();
        return true;
      });
  if (!read) return read;
  if (Result<void> kept = context.Kept(); !kept) return kept;
  sort();
  for (Row& row : rows) take(std::move(row.text));
  return Ok();
}

Result<Resolved> ResolveHistory(const RunNode& node, const FieldContext& field) {
  const std::int64_t samples = SamplesOf(field);
  const std::optional<std::int64_t> min_step = field.args().Int("minStep");
  const std::optional<std::int64_t> max_step = field.args().Int("maxStep");
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    RequestContext& context = Context(field);
    if (!min_step && !max_step) {
      return SampleLines(tables, context, node, StreamKind::kHistory, samples);
    }
    const std::int64_t first = min_step.value_or(0);
    if (max_step && *max_step <= first) return Resolved(Resolved::Items());
    const std::int64_t last = max_step ? *max_step - 1 : kStepMax;
    // A page of `samples` steps is answered in full, even if a step stands in several rows.
    const bool is_page = max_step && *max_step - first <= samples;
    Resolved::Items rows;
    const Result<void> read =
        ForEachStep(tables, context, node.run.id, first, last,
                    is_page ? kAllRows : static_cast<std::size_t>(samples),
                    [&](std::string text) { rows.emplace_back(std::move(text)); });
    if (!read) return read.error();
    return Resolved(std::move(rows));
  });
}

// One element of `sampledHistory(specs)`.
struct SampleSpec {
  std::vector<std::string> keys;
  std::int64_t samples = kSamplesDefault;
  std::int64_t step_min = kStepMin;
  std::int64_t step_max = kStepMax;  // inclusive
  bool has_range = false;
  // The key of `keys` whose lowest and highest rows are kept; none: rows are evenly spaced.
  std::optional<std::size_t> extremes;
  // Weight of the running average of that key, which each row then tells; 0: none.
  double smooth = 0;
};

Result<SampleSpec> ParseSpec(const std::string& text) {
  const auto wrong = [&](std::string_view what) {
    return InvalidArgument(fmt::format("sampledHistory: spec {}: {}", text.substr(0, 200), what));
  };
  const std::optional<json> spec = tracking::ParseExtendedJson(text);
  if (!spec || !spec->is_object()) return wrong("not a JSON object");
  SampleSpec parsed;
  if (const auto keys = spec->find("keys"); keys != spec->end() && !keys->is_null()) {
    if (!keys->is_array()) return wrong("\"keys\" takes a list of texts");
    for (const json& key : *keys) {
      if (!key.is_string()) return wrong("\"keys\" takes a list of texts");
      parsed.keys.push_back(key.get<std::string>());
    }
  }
  const auto whole = [&](const char* name) -> Result<std::optional<std::int64_t>> {
    const auto found = spec->find(name);
    if (found == spec->end() || found->is_null()) return std::optional<std::int64_t>();
    if (found->is_number_integer()) return std::optional(found->get<std::int64_t>());
    // Beyond 2^53 a double names no single integer, and beyond 2^63 none at all.
    constexpr double kExactMax = 9007199254740992.0;
    if (found->is_number_float() && std::abs(found->get<double>()) <= kExactMax) {
      return std::optional(static_cast<std::int64_t>(found->get<double>()));
    }
    return wrong(fmt::format("\"{}\" takes an integer", name));
  };
  if (const auto key = spec->find("extremes"); key != spec->end() && !key->is_null()) {
    const auto found = key->is_string() ? std::find(parsed.keys.begin(), parsed.keys.end(),
                                                    key->get<std::string>())
                                        : parsed.keys.end();
    if (found == parsed.keys.end()) return wrong("\"extremes\" takes one of its \"keys\"");
    parsed.extremes = static_cast<std::size_t>(found - parsed.keys.begin());
  }
  if (const auto weight = spec->find("smooth"); weight != spec->end() && !weight->is_null()) {
    const double asked = weight->is_number() ? weight->get<double>() : -1;
    if (!(asked >= 0 && asked < 1)) return wrong("\"smooth\" takes a weight in [0, 1)");
    if (!parsed.extremes) return wrong("\"smooth\" takes the average of the key of \"extremes\"");
    parsed.smooth = asked;
  }
  const auto samples = whole("samples");
  if (!samples) return samples.error();
  parsed.samples = std::clamp<std::int64_t>(samples->value_or(kSamplesDefault), 1, kSamplesMax);
  const auto step_min = whole("minStep");
  if (!step_min) return step_min.error();
  const auto step_max = whole("maxStep");
  if (!step_max) return step_max.error();
  parsed.has_range = step_min->has_value() || step_max->has_value();
  parsed.step_min = step_min->value_or(kStepMin);
  parsed.step_max = step_max->value_or(kStepMax);
  return parsed;
}

// True if the range holds no more steps than `samples`: then every row of it is wanted.
bool IsWholePage(const SampleSpec& spec) {
  if (!spec.has_range || spec.step_max < spec.step_min) return false;
  const auto span =
      static_cast<std::uint64_t>(spec.step_max) - static_cast<std::uint64_t>(spec.step_min);
  return span < static_cast<std::uint64_t>(spec.samples);
}

// Hands all rows that the spec is about to `add`, by ascending step.
Result<void> ForEachRow(const Tables& tables, RequestContext& context, const RunNode& node,
                        const SampleSpec& spec, FunctionRef<void(std::string_view row)> add) {
  if (spec.has_range) {
    return ForEachStep(tables, context, node.run.id, spec.step_min, spec.step_max, kAllRows,
                       [&](std::string&& row) { add(row); });
  }
  const Result<tracking::StreamInfo> info = tables.streams().Info(node.run.id);
  if (!info) return info.error();
  return tables.streams().ReadLines(node.run.id, StreamKind::kHistory, 0,
                                    info->lines(StreamKind::kHistory), [&](const StreamLine& line) {
                                      add(line.text);
                                      return true;
                                    });
}

// Samples with the running average of the spec's key beside each row. The average is that of all
// rows of the run, by their lines: a range does not begin it anew.
Result<std::string> SampleSmoothed(const Tables& tables, const RunNode& node,
                                   const SampleSpec& spec, const tracking::RowPicker& picker,
                                   std::size_t key, bool is_whole) {
  tracking::ExtremeSampler extremes(picker, key, static_cast<std::size_t>(spec.samples));
  tracking::EvenSampler all(0);
  tracking::MetricSmoother smoother(picker.keys()[key], spec.smooth);
  const Result<tracking::StreamInfo> info = tables.streams().Info(node.run.id);
  if (!info) return info.error();
  const Result<void> read = tables.streams().ReadLines(
      node.run.id, StreamKind::kHistory, 0, info->lines(StreamKind::kHistory),
      [&](const StreamLine& line) {
        const std::optional<double> smoothed = smoother.Add(line.text);
        if (spec.has_range) {
          const tracking::RowStep row = tracking::ScanStep(line.text);
          if (!row.step || *row.step < spec.step_min || *row.step > spec.step_max) return true;
        }
        if (!is_whole) {
          extremes.Add(line.text, smoothed);
        } else if (auto picked = picker.Pick(line.text)) {
          all.Add(tracking::WithSmoothed(*std::move(picked), smoothed));
        }
        return true;
      });
  if (!read) return read.error();
  return fmt::format("[{}]", fmt::join(is_whole ? all.TakeSample() : extremes.TakeSample(), ","));
}

Result<std::string> SampleKeys(const Tables& tables, RequestContext& context, const RunNode& node,
                               const SampleSpec& spec) {
  if (spec.keys.empty()) return std::string("[]");
  const tracking::RowPicker picker(spec.keys);
  const bool is_whole = IsWholePage(spec);
  const auto samples = static_cast<std::size_t>(spec.samples);
  // Keys that stand twice in the spec stand once in the picker.
  const auto& keys = picker.keys();
  const auto key = static_cast<std::size_t>(
      spec.extremes ? std::find(keys.begin(), keys.end(), spec.keys[*spec.extremes]) - keys.begin()
                    : 0);
  if (spec.smooth > 0) return SampleSmoothed(tables, node, spec, picker, key, is_whole);
  if (spec.extremes && !is_whole) {
    tracking::ExtremeSampler sampler(picker, key, samples);
    if (Result<void> read = ForEachRow(tables, context, node, spec,
                                       [&](std::string_view row) { sampler.Add(row); });
        !read) {
      return read.error();
    }
    return fmt::format("[{}]", fmt::join(sampler.TakeSample(), ","));
  }
  tracking::EvenSampler sampler(is_whole ? 0 : samples);
  if (Result<void> read = ForEachRow(tables, context, node, spec,
                                     [&](std::string_view row) {
                                       if (auto picked = picker.Pick(row)) {
                                         sampler.Add(*std::move(picked));
                                       }
                                     });
      !read) {
    return read.error();
  }
  return fmt::format("[{}]", fmt::join(sampler.TakeSample(), ","));
}

Result<Resolved> ResolveSampledHistory(const RunNode& node, const FieldContext& field) {
  const std::vector<std::string> texts =
      field.args().StringList("specs").value_or(std::vector<std::string>());
  if (texts.size() > kSpecsMax) {
    return InvalidArgument(
        fmt::format("sampledHistory: {} specs are more than {}", texts.size(), kSpecsMax));
  }
  std::vector<SampleSpec> specs;
  for (const std::string& text : texts) {
    Result<SampleSpec> spec = ParseSpec(text);
    if (!spec) return spec.error();
    specs.push_back(*std::move(spec));
  }
  return ReadOne(field, [&](const Tables& tables) -> Result<Resolved> {
    Resolved::Items samples;
    for (const SampleSpec& spec : specs) {
      Result<std::string> rows = SampleKeys(tables, Context(field), node, spec);
      if (!rows) return rows.error();
      samples.push_back(Resolved::Json(*std::move(rows)));
    }
    return Resolved(std::move(samples));
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
    const Result<void> read = tables.streams().ReadLines(
        node.run.id, StreamKind::kConsole, first, end - first, [&](const StreamLine& line) {
          for (; next < line.number; ++next) lines.push_back(LogLine(next, ""));
          lines.push_back(LogLine(line.number, line.text));
          next = line.number + 1;
          return true;
        });
    if (!read) return read.error();
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
      return SampleLines(tables, Context(field), node, StreamKind::kEvents, SamplesOf(field));
    });
  });
  resolvers.Field<RunNode>("Run", "sampledHistory", ResolveSampledHistory);
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
