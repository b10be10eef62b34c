// Run.sampledHistory: rows of chosen keys, for charts and for scans of single metrics.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "history_rows.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/extreme_sampler.h"
#include "regatta/tracking/metric_smoother.h"
#include "regatta/tracking/row_picker.h"
#include "regatta/tracking/row_scanner.h"
#include "request_context.h"
#include "resolvers.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Resolved;
using nlohmann::json;
using tracking::StreamKind;
using tracking::StreamLine;
using tracking::Tables;

namespace {

constexpr std::size_t kSpecsMax = 1'000;
// Specs that are answered by one reading of the rows, and how many rows they may choose together:
// samplers hold some multiple of what they choose.
constexpr std::size_t kSpecsOfScanMax = 64;
constexpr std::int64_t kSamplesOfScanMax = 64'000;
// What a row costs for each spec, in bytes read.
constexpr std::uint64_t kSpecCost = 32;

// One element of `sampledHistory(specs)`.
struct SampleSpec {
  std::vector<std::string> keys;
  std::int64_t samples = kSamplesDefault;
  StepRange range;
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
  parsed.range.first = step_min->value_or(parsed.range.first);
  parsed.range.last = step_max->value_or(parsed.range.last);
  return parsed;
}

// True if the range holds no more steps than `samples`: then every row of it is wanted.
bool IsWholePage(const SampleSpec& spec) {
  if (!spec.has_range || spec.range.last < spec.range.first) return false;
  const auto span =
      static_cast<std::uint64_t>(spec.range.last) - static_cast<std::uint64_t>(spec.range.first);
  return span < static_cast<std::uint64_t>(spec.samples);
}

// The rows that have to be read for a spec. A running average is that of all rows of the run, by
// their lines: a range does not begin it anew.
std::optional<StepRange> RangeToRead(const SampleSpec& spec) {
  if (!spec.has_range || spec.smooth > 0) return std::nullopt;
  return spec.range;
}

// What one spec has chosen of the rows so far.
class Sampling {
 public:
  Sampling(const SampleSpec& spec, tracking::KeyFinder& finder, ReadAllowance& allowance)
      : allowance_(allowance),
        is_whole_(IsWholePage(spec)),
        picker_(spec.keys),
        even_(is_whole_ ? 0 : static_cast<std::size_t>(spec.samples)) {
    for (const std::string& key : picker_.keys()) places_.push_back(finder.Add(key));
    if (!spec.extremes) return;
    // Keys that stand twice in the spec stand once in the picker.
    const auto& keys = picker_.keys();
    const auto found = std::find(keys.begin(), keys.end(), spec.keys[*spec.extremes]);
    const auto key = static_cast<std::size_t>(found - keys.begin());
    if (!is_whole_) extremes_.emplace(picker_, key, static_cast<std::size_t>(spec.samples));
    if (spec.smooth == 0) return;
    smoother_.emplace(*found, spec.smooth);
    smoothed_place_ = places_[key];
    if (spec.has_range) range_ = spec.range;
  }
  Sampling(const Sampling&) = delete;
  Sampling& operator=(const Sampling&) = delete;

  // `found` is what the finder found in the row. False when the answer becomes too long.
  bool Add(std::string_view row, const std::vector<std::string_view>& found) {
    std::optional<double> smoothed;
    if (smoother_) smoothed = smoother_->AddFound(found[smoothed_place_]);
    values_.clear();
    for (const std::size_t place : places_) {
      if (found[place].empty()) return true;
      values_.push_back(found[place]);
    }
    if (range_ && !IsIn(*range_, row)) return true;
    if (extremes_) {
      extremes_->AddFound(values_, smoothed);
      return true;
    }
    std::size_t size = 0;
    even_.AddBy([&](std::string& text) {
      picker_.PickFound(values_, text);
      if (smoothed) text = tracking::WithSmoothed(std::move(text), smoothed);
      size = text.size();
    });
    return !is_whole_ || allowance_.Keep(size);
  }

  std::string TakeJson() {
    return fmt::format("[{}]",
                       fmt::join(extremes_ ? extremes_->TakeSample() : even_.TakeSample(), ","));
  }

 private:
  static bool IsIn(const StepRange& range, std::string_view row) {
    const std::optional<std::int64_t> step = tracking::ScanStep(row).step;
    return step && *step >= range.first && *step <= range.last;
  }

  ReadAllowance& allowance_;
  const bool is_whole_;
  const tracking::RowPicker picker_;
  std::vector<std::size_t> places_;
  std::vector<std::string_view> values_;
  tracking::EvenSampler even_;
  std::optional<tracking::ExtremeSampler> extremes_;
  std::optional<tracking::MetricSmoother> smoother_;
  std::size_t smoothed_place_ = 0;
  // Where more is read than the spec is about.
  std::optional<StepRange> range_;
};

// Some specs about the same rows, answered by one reading of them.
class Scan {
 public:
  Scan(const std::vector<const SampleSpec*>& specs, ReadAllowance& allowance)
      : allowance_(allowance) {
    for (const SampleSpec* spec : specs) {
      samplings_.push_back(std::make_unique<Sampling>(*spec, finder_, allowance));
    }
  }

  // False when the request has read or holds as much as it may.
  bool Add(std::string_view row) {
    if (!allowance_.Read(kSpecCost * samplings_.size())) return false;
    if (!finder_.Find(row, found_)) return true;
    return std::all_of(samplings_.begin(), samplings_.end(),
                       [&](const auto& sampling) { return sampling->Add(row, found_); });
  }

  std::vector<std::string> TakeJson() {
    std::vector<std::string> texts;
    for (const auto& sampling : samplings_) texts.push_back(sampling->TakeJson());
    return texts;
  }

 private:
  ReadAllowance& allowance_;
  tracking::KeyFinder finder_;
  std::vector<std::unique_ptr<Sampling>> samplings_;
  std::vector<std::string_view> found_;
};

// The answers to `specs`, for which the same rows have to be read, in their order.
Result<std::vector<std::string>> ScanRows(const Tables& tables, ReadAllowance& allowance,
                                          tracking::RunId run,
                                          const std::vector<const SampleSpec*>& specs) {
  Scan scan(specs, allowance);
  const std::optional<StepRange> range = RangeToRead(*specs.front());
  if (!range) {
    const Result<tracking::StreamInfo> info = tables.streams().Info(run);
    if (!info) return info.error();
    const Result<void> read =
        tables.streams().ReadLines(run, StreamKind::kHistory, 0, info->lines(StreamKind::kHistory),
                                   [&](const StreamLine& line) {
                                     return allowance.Read(line.text.size()) && scan.Add(line.text);
                                   });
    if (!read) return read.error();
    if (const Result<void> allowed = allowance.Check(); !allowed) return allowed.error();
    return scan.TakeJson();
  }
  const Result<bool> is_in_order = ForEachStepInOrder(
      tables, allowance, run, *range, [&](std::string_view row) { return scan.Add(row); });
  if (!is_in_order) return is_in_order.error();
  if (const Result<void> allowed = allowance.Check(); !allowed) return allowed.error();
  if (*is_in_order) return scan.TakeJson();
  // A run that went back in its steps: its rows are put in order first.
  Scan sorted(specs, allowance);
  std::uint64_t held = 0;
  const Result<void> read =
      ForEachStep(tables, allowance, run, *range, kAllRows, [&](std::string&& row) {
        held += row.size();
        sorted.Add(row);
      });
  if (!read) return read.error();
  if (const Result<void> allowed = allowance.Check(); !allowed) return allowed.error();
  allowance.Drop(held);
  return sorted.TakeJson();
}

// The answers to all specs, by their place.
Result<std::vector<std::string>> SampleAll(const Tables& tables, ReadAllowance& allowance,
                                           tracking::RunId run,
                                           const std::vector<SampleSpec>& specs) {
  std::vector<std::string> answers(specs.size(), "[]");
  std::map<std::optional<StepRange>, std::vector<std::size_t>> by_rows;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (!specs[i].keys.empty()) by_rows[RangeToRead(specs[i])].push_back(i);
  }
  for (const auto& [rows, places] : by_rows) {
    for (std::size_t begin = 0; begin < places.size();) {
      std::vector<const SampleSpec*> chosen;
      std::int64_t samples = 0;
      std::size_t end = begin;
      for (; end < places.size() && chosen.size() < kSpecsOfScanMax; ++end) {
        const SampleSpec& spec = specs[places[end]];
        if (!chosen.empty() && samples + spec.samples > kSamplesOfScanMax) break;
        samples += spec.samples;
        chosen.push_back(&spec);
      }
      Result<std::vector<std::string>> texts = ScanRows(tables, allowance, run, chosen);
      if (!texts) return texts.error();
      for (std::size_t i = begin; i < end; ++i) answers[places[i]] = std::move((*texts)[i - begin]);
      begin = end;
    }
  }
  return answers;
}

Result<Resolved> ResolveSampledHistory(const RunNode& node, const FieldContext& field) {
  const std::vector<std::string> texts =
      field.args().StringList("specs").value_or(std::vector<std::string>());
  if (texts.size() > kSpecsMax) {
    return InvalidArgument(
        fmt::format("sampledHistory: {} specs are more than {}: send them in several requests",
                    texts.size(), kSpecsMax));
  }
  std::vector<SampleSpec> specs;
  for (const std::string& text : texts) {
    Result<SampleSpec> spec = ParseSpec(text);
    if (!spec) return spec.error();
    specs.push_back(*std::move(spec));
  }
  RequestContext& context = Context(field);
  Resolved::Items samples;
  const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
    Result<std::vector<std::string>> answers =
        SampleAll(tables, context.allowance, node.run.id, specs);
    if (!answers) return answers.error();
    for (std::string& answer : *answers) samples.push_back(Resolved::Json(std::move(answer)));
    return Ok();
  });
  if (!read) return read.error();
  return Resolved(std::move(samples));
}

}  // namespace

void AddSampledHistoryResolvers(graphql::ResolverMap& resolvers) {
  resolvers.Field<RunNode>("Run", "sampledHistory", ResolveSampledHistory);
}

}  // namespace regatta::wandb
