#include "live_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "regatta/sweeps/search_options.h"
#include "regatta/sweeps/space_point_source.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/row_scanner.h"

namespace regatta::sweeps {
namespace {

// The key as it was before somebody wrote it as JSON.
bool IsKey(std::string_view written, std::string_view key) {
  if (written.find('\\') == std::string_view::npos) {
    return written == key;
  }
  const nlohmann::json text = nlohmann::json::parse(fmt::format("\"{}\"", written), nullptr, false);
  return text.is_string() && text.get_ref<const std::string&>() == key;
}

// A number, NaN and the infinities included, bare or quoted as the clients write them.
std::optional<double> NumberOf(std::string_view text) {
  if (const std::optional<double> number = tracking::FiniteNumber(text)) {
    return number;
  }
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (text == "Infinity") {
    return std::numeric_limits<double>::infinity();
  }
  if (text == "-Infinity") {
    return -std::numeric_limits<double>::infinity();
  }
  return std::nullopt;
}

// The metric of one row, and its step or the resource in its stead.
struct RowMetric {
  std::optional<double> value;
  std::optional<std::int64_t> step;
};

std::int64_t WholeOf(double number) {
  constexpr double kLargest = 9e15;  // exact as a double
  return static_cast<std::int64_t>(std::clamp(number, -kLargest, kLargest));
}

RowMetric ReadRow(const LoggedKeys& keys, std::string_view row, std::int64_t line) {
  RowMetric read;
  const bool is_counted = !keys.resource.empty();
  (void)tracking::ScanRow(row, [&](const tracking::RowMember& member) {
    if (IsKey(member.key, keys.metric)) {
      read.value = NumberOf(member.value);
    }
    if (is_counted ? IsKey(member.key, keys.resource) : member.key == "_step") {
      if (const std::optional<double> step = tracking::FiniteNumber(member.value)) {
        read.step = WholeOf(*step);
      }
    }
  });
  if (!read.step && !is_counted) {
    read.step = line;
  }
  return read;
}

}  // namespace

void ReadMetric(const LoggedKeys& keys, std::span<const tracking::StreamLines> pieces,
                MetricUpdate& update) {
  for (const tracking::StreamLines& piece : pieces) {
    if (piece.kind != tracking::StreamKind::kHistory) {
      continue;
    }
    auto line = static_cast<std::uint64_t>(piece.first_line);
    for (const std::string& row : piece.lines) {
      if (!keys.metric.empty()) {
        const RowMetric read = ReadRow(keys, row, static_cast<std::int64_t>(line));
        if (read.value) {
          update.values.push_back({line, read.step, *read.value});
        }
      }
      ++line;
    }
    update.lines_end = std::max(update.lines_end, line);
  }
}

void ReadSummary(const LoggedKeys& keys, std::string_view summary_json, MetricUpdate& update) {
  update.outcomes.assign(keys.outcomes.size(), std::nullopt);
  (void)tracking::ScanRow(summary_json, [&](const tracking::RowMember& member) {
    // The client's own keys are there before anything was logged.
    update.has_summary = update.has_summary || !member.key.starts_with('_');
    if (!keys.metric.empty() && IsKey(member.key, keys.metric)) {
      update.summary = tracking::FiniteNumber(member.value);
    }
    for (std::size_t i = 0; i < keys.outcomes.size(); ++i) {
      if (IsKey(member.key, keys.outcomes[i])) {
        update.outcomes[i] = tracking::FiniteNumber(member.value);
      }
    }
  });
}

Result<AttachedRun> ReadAttachedRun(const tracking::Tables& tables, const tracking::Run& run,
                                    const LoggedKeys& keys) {
  Result<std::string> args = ArgsOf(run.config_json);
  AttachedRun attached{.run_id = run.name,
                       .args_json = args ? *std::move(args) : "{}",
                       .state = run.state,
                       .history = {},
                       .summary = {}};
  if (keys.metric.empty()) {
    return attached;
  }
  std::int64_t step = 0;
  const Result<void> read = tables.streams().ReadLines(
      run.id, tracking::StreamKind::kHistory, 0, std::numeric_limits<std::int64_t>::max(),
      [&](const tracking::StreamLine& line) {
        const RowMetric row = ReadRow(keys, line.text, line.number);
        if (row.value) {
          step = row.step.value_or(step);
          attached.history.push_back({step, *row.value});
        }
        return true;
      });
  if (!read) {
    return read.error();
  }
  MetricUpdate summary;
  ReadSummary(keys, run.summary_json, summary);
  attached.summary = summary.summary;
  attached.outcomes = summary.outcomes;
  return attached;
}

Result<std::string> ArgsOf(std::string_view config_json) {
  const Result<Value> config = ParseJson(config_json);
  if (!config || !config->is_map()) {
    return InvalidArgument(
        "the configuration of a run is a JSON object like {\"lr\": {\"value\": 0.1}}");
  }
  Value args = Value::OfMap({});
  for (const Member& member : config->as_map()) {
    if (member.key == "_wandb") {
      continue;
    }
    Value entry = Value::OfMap({});
    const Value* value = member.value.Find("value");
    entry.Set("value", value != nullptr ? *value : member.value);
    args.Set(member.key, std::move(entry));
  }
  return ToJson(args);
}

Result<SweepParts> MakeSweepParts(const SweepConfig& config, const SweepRow& row,
                                  const SweepTiming& timing, const Background& background,
                                  const std::vector<EarlierSweep>& earlier) {
  SweepParts parts;
  Result<std::unique_ptr<PointSource>> source =
      MakePointSource(config, row.seed, background, earlier);
  if (!source) {
    return source.error();
  }
  parts.source = *std::move(source);
  SweepSettings& settings = parts.settings;
  settings.name = row.name;
  settings.seed = SeedOf(config, row.seed);
  settings.run_id_salt = row.run_id_salt;
  settings.metric = config.metric;
  for (const MetricEntry& entry : config.metrics) {
    if (!settings.metric && entry.is_objective()) {
      settings.metric = MetricConfig{.name = entry.name,
                                     .goal = entry.goal,
                                     .target = {},
                                     .impute = Impute::kWorst,
                                     .impute_while_running = ImputeWhileRunning::kNo};
    }
  }
  settings.run_cap = config.run_cap;
  settings.repeats = config.regatta.repeats;
  settings.retry = config.regatta.retry;
  settings.budget = config.regatta.budget;
  settings.is_search_external = IsSearchExternal(config);
  settings.timing = timing;
  if (config.early_terminate && settings.metric) {
    Result<std::unique_ptr<search::EarlyStopper>> stopper =
        search::MakeStopper(MakeStopperOptions(config, row.seed));
    if (!stopper) {
      return WithContext("early_terminate", stopper.error());
    }
    parts.stopper = *std::move(stopper);
    settings.counts_steps = !config.early_terminate->resource.empty();
  }
  return parts;
}

std::optional<std::uint64_t> ExpectedRuns(const SweepConfig& config) {
  if (IsSearchExternal(config) || SamplerName(config) != "grid") {
    return std::nullopt;
  }
  const Result<ParameterSpace> space = ParameterSpace::Build(config);
  const std::optional<std::uint64_t> points =
      space ? CountGridPoints(config, *space) : std::nullopt;
  if (!points) {
    return std::nullopt;
  }
  const std::uint64_t runs = *points * static_cast<std::uint64_t>(config.regatta.repeats);
  return config.run_cap ? std::min(runs, static_cast<std::uint64_t>(*config.run_cap)) : runs;
}

}  // namespace regatta::sweeps
