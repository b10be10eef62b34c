#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "regatta/search/stopper.h"
#include "regatta/sweeps/search_options.h"
#include "sections.h"

namespace regatta::sweeps {
namespace {

constexpr std::array<std::string_view, 5> kTypes = {"hyperband", "asha", "median", "curve",
                                                    "model"};

void ReadHyperband(MapReader& reader, EarlyTerminateConfig& config) {
  config.min_iter = reader.Whole("min_iter", 1, Severity::kError);
  config.max_iter = reader.Whole("max_iter", 1, Severity::kError);
  config.s = reader.Whole("s", 1, Severity::kError);
  if (!reader.Has("min_iter") && !reader.Has("max_iter")) {
    reader.problems().Error(reader.path(), reader.map().position,
                            "hyperband needs min_iter, or max_iter together with s",
                            "add min_iter: 3");
    return;
  }
  if (config.max_iter && !reader.Has("s")) {
    if (config.min_iter) {
      reader.Report(Severity::kWarning, "max_iter",
                    "max_iter counts only together with s; min_iter is used");
      config.max_iter.reset();
    } else {
      reader.Report(Severity::kError, "max_iter", "max_iter needs s, the number of bands",
                    "add s: 2, or use min_iter");
    }
  }
}

}  // namespace

std::string_view EarlyTerminateTypeName(EarlyTerminateType type) {
  return kTypes[static_cast<std::size_t>(type)];
}

void ReadEarlyTerminate(const Value& value, SweepConfig& sweep, ProblemList& problems) {
  if (!value.is_map()) {
    problems.Error("early_terminate", value.position,
                   fmt::format("early_terminate is {}, not a mapping", KindName(value.kind())),
                   "write {type: hyperband, min_iter: 3}");
    return;
  }
  MapReader reader(value, "early_terminate", problems);
  const std::size_t problems_before = problems.error_count();
  if (!reader.Has("type")) {
    problems.Error("early_terminate", value.position, "early_terminate needs a type",
                   "add type: hyperband");
  }
  const std::optional<std::size_t> type = reader.Word("type", kTypes, Severity::kError);
  EarlyTerminateConfig config;
  config.type = static_cast<EarlyTerminateType>(type.value_or(0));
  config.resource = reader.Text("resource", Severity::kError).value_or("");
  if (type.has_value()) {
    switch (config.type) {
      case EarlyTerminateType::kHyperband:
        ReadHyperband(reader, config);
        if (!std::exchange(config.resource, "").empty()) {
          reader.Report(Severity::kWarning, "resource",
                        "hyperband counts the values of the metric and no other key",
                        "use type: asha, or leave resource out");
        }
        break;
      case EarlyTerminateType::kAsha:
      case EarlyTerminateType::kModel:
        config.min_iter = reader.Whole("min_iter", 1, Severity::kError);
        config.max_iter = reader.Whole("max_iter", 1, Severity::kError);
        if (config.min_iter && config.max_iter && *config.min_iter >= *config.max_iter) {
          reader.Report(Severity::kError, "min_iter",
                        fmt::format("min_iter {} is not below max_iter {}", *config.min_iter,
                                    *config.max_iter));
        }
        break;
      case EarlyTerminateType::kMedian:
        config.min_iter = reader.Whole("min_iter", 1, Severity::kError);
        config.min_runs = reader.Whole("min_runs", 1, Severity::kError).value_or(5);
        break;
      case EarlyTerminateType::kCurve:
        config.min_iter = reader.Whole("min_iter", 1, Severity::kError);
        config.confidence = reader.Number("confidence", Severity::kError).value_or(0.95);
        if (config.confidence <= 0.5 || config.confidence >= 1) {
          reader.Report(Severity::kError, "confidence",
                        fmt::format("confidence {} is not between 0.5 and 1", config.confidence));
        }
        break;
    }
    if (config.type == EarlyTerminateType::kModel) {
      config.eta = reader.Number("eta", Severity::kError).value_or(2.0);
    }
    if (config.type == EarlyTerminateType::kHyperband || config.type == EarlyTerminateType::kAsha) {
      config.eta = reader.Number("eta", Severity::kError).value_or(3.0);
      config.strict = reader.Flag("strict", Severity::kWarning).value_or(true);
    }
    if (config.type != EarlyTerminateType::kMedian && config.type != EarlyTerminateType::kCurve) {
      if (config.eta <= 1) {
        reader.Report(Severity::kError, "eta", fmt::format("eta {} is not above 1", config.eta));
      }
    }
    reader.ReportUnknown(Severity::kWarning, fmt::format("early_terminate of type {}",
                                                         EarlyTerminateTypeName(config.type)));
  }
  if (problems.error_count() != problems_before) {
    return;
  }
  sweep.early_terminate = std::move(config);
  if (sweep.early_terminate->type == EarlyTerminateType::kHyperband) {
    if (const auto bands = search::HyperbandBands(MakeStopperOptions(sweep)); !bands) {
      problems.Error("early_terminate", value.position, bands.error().message,
                     "raise max_iter, or use min_iter");
      sweep.early_terminate.reset();
    }
  }
}

}  // namespace regatta::sweeps
