#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "regatta/sweeps/constraint.h"
#include "sections.h"

namespace regatta::sweeps {
namespace {

constexpr std::array<std::string_view, 2> kOrders = {"declared", "shuffled"};
// In the order of PopulationExplore.
constexpr std::array<std::string_view, 2> kExplores = {"perturb", "pb2"};

// The strings of a list; anything else in it is reported.
std::vector<std::string> ReadTexts(const Value& list, const std::string& path,
                                   std::string_view what, ProblemList& problems) {
  std::vector<std::string> texts;
  for (const Value& item : list.as_list()) {
    if (item.is_string()) {
      texts.push_back(item.as_string());
    } else {
      problems.Error(path, item.position, fmt::format("{} is no {}", Excerpt(item), what));
    }
  }
  return texts;
}

void ReadZip(MapReader& reader, RegattaConfig& block) {
  const Value* zip = reader.List("zip", Severity::kError);
  if (zip == nullptr) {
    return;
  }
  for (const Value& group : zip->as_list()) {
    const std::string path = reader.PathOf("zip");
    if (!group.is_list() || group.as_list().size() < 2) {
      reader.problems().Error(path, group.position,
                              "zip holds lists of at least two parameter names",
                              "write zip: [[width, depth]]");
      continue;
    }
    block.zip.push_back(ReadTexts(group, path, "parameter name", reader.problems()));
  }
}

void ReadConstraints(MapReader& reader, RegattaConfig& block) {
  const Value* list = reader.List("constraints", Severity::kError);
  if (list == nullptr) {
    return;
  }
  constexpr std::size_t kConstraintsMax = 100;
  if (list->as_list().size() > kConstraintsMax) {
    reader.Report(
        Severity::kError, "constraints",
        fmt::format("{} constraints; the limit is {}", list->as_list().size(), kConstraintsMax));
    return;
  }
  for (std::size_t i = 0; i < list->as_list().size(); ++i) {
    const Value& item = list->as_list()[i];
    const std::string path = fmt::format("{}[{}]", reader.PathOf("constraints"), i);
    if (!item.is_string()) {
      reader.problems().Error(path, item.position,
                              fmt::format("{} is no expression", Excerpt(item)),
                              "write it in quotes, e.g. \"a * b <= 4096\"");
      continue;
    }
    ConstraintError error;
    if (!Constraint::Parse(item.as_string(), &error)) {
      reader.problems().Error(
          path, item.position,
          fmt::format("\"{}\", character {}: {}", item.as_string(), error.column, error.message),
          error.suggestion);
      continue;
    }
    block.constraints.push_back({item.as_string(), item.position});
  }
}

void ReadInitialPoints(MapReader& reader, RegattaConfig& block) {
  const Value* list = reader.List("initial_points", Severity::kError);
  if (list == nullptr) {
    return;
  }
  for (const Value& item : list->as_list()) {
    if (item.is_map()) {
      block.initial_points.push_back(item);
    } else {
      reader.problems().Error(reader.PathOf("initial_points"), item.position,
                              fmt::format("{} is no mapping of parameters", Excerpt(item)),
                              "write {name: value, ...}");
    }
  }
}

void ReadRetry(MapReader& outer, RegattaConfig& block) {
  const Value* map = outer.Map("retry", Severity::kError);
  if (map == nullptr) {
    return;
  }
  MapReader reader(*map, outer.PathOf("retry"), outer.problems());
  block.retry.lost = reader.Whole("lost", 0, Severity::kError).value_or(block.retry.lost);
  block.retry.oom = reader.Whole("oom", 0, Severity::kError).value_or(block.retry.oom);
  block.retry.failed = reader.Whole("failed", 0, Severity::kError).value_or(block.retry.failed);
  reader.ReportUnknown(Severity::kError, "regatta.retry");
}

std::optional<double> ReadPositive(MapReader& reader, std::string_view key) {
  const std::optional<double> number = reader.Number(key, Severity::kError);
  if (number && *number <= 0) {
    reader.Report(Severity::kError, key, fmt::format("{} is not above 0", *number));
  }
  return number;
}

void ReadBudget(MapReader& outer, RegattaConfig& block) {
  const Value* map = outer.Map("budget", Severity::kError);
  if (map == nullptr) {
    return;
  }
  MapReader reader(*map, outer.PathOf("budget"), outer.problems());
  block.budget.runs = reader.Whole("runs", 1, Severity::kError);
  block.budget.hours = ReadPositive(reader, "hours");
  block.budget.gpu_hours = ReadPositive(reader, "gpu_hours");
  reader.ReportUnknown(Severity::kError, "regatta.budget");
}

enum class Zero : std::uint8_t { kRefused, kTaken };

// Keeps `usual` where the number is absent or refused: below 0, above `max`, or 0 if that is not
// taken.
void ReadShare(MapReader& reader, std::string_view key, Zero zero, double max, double& usual) {
  const std::optional<double> number = reader.Number(key, Severity::kError);
  if (!number) return;
  const bool takes_zero = zero == Zero::kTaken;
  if ((takes_zero ? *number >= 0 : *number > 0) && *number <= max) {
    usual = *number;
    return;
  }
  reader.Report(Severity::kError, key,
                takes_zero ? fmt::format("{} is not in [0, {}]", *number, max)
                           : fmt::format("{} is not above 0 and at most {}", *number, max));
}

void ReadPopulation(MapReader& outer, SweepConfig& sweep) {
  const Value* map = outer.Map("population", Severity::kError);
  if (map == nullptr) {
    return;
  }
  MapReader reader(*map, outer.PathOf("population"), outer.problems());
  PopulationConfig population;
  population.explore = static_cast<PopulationExplore>(
      reader.Word("explore", kExplores, Severity::kError).value_or(0));
  ReadShare(reader, "share", Zero::kRefused, 0.5, population.share);
  ReadShare(reader, "resample", Zero::kTaken, 1, population.resample);
  ReadShare(reader, "step", Zero::kRefused, 1, population.step);
  reader.ReportUnknown(Severity::kError, "regatta.population");
  if (sweep.early_terminate) {
    outer.Report(Severity::kWarning, "population",
                 "early_terminate compares curves of unchanged parameters, so that no member can "
                 "exploit",
                 "leave out one of the two");
  }
  sweep.regatta.population = population;
}

void ReadSampler(MapReader& reader, RegattaConfig& block) {
  const Value* sampler = reader.Find("sampler");
  if (sampler == nullptr) {
    return;
  }
  if (sampler->is_string()) {
    block.sampler = sampler->as_string();
    return;
  }
  const Value* name = sampler->Find("name");
  if (name == nullptr || !name->is_string()) {
    reader.Report(Severity::kError, "sampler", "sampler needs a name", "write {name: bayes}");
    return;
  }
  block.sampler = name->as_string();
  block.sampler_options = *sampler;
}

}  // namespace

void ReadRegattaBlock(const Value& value, SweepConfig& sweep, ProblemList& problems) {
  if (!value.is_map()) {
    problems.Error("regatta", value.position,
                   fmt::format("regatta is {}, not a mapping", KindName(value.kind())));
    return;
  }
  MapReader reader(value, "regatta", problems);
  RegattaConfig& block = sweep.regatta;
  block.seed = reader.Whole("seed", std::numeric_limits<std::int64_t>::min(), Severity::kError);
  block.order =
      static_cast<PointOrder>(reader.Word("order", kOrders, Severity::kError).value_or(0));
  block.repeats = reader.Whole("repeats", 1, Severity::kError).value_or(1);
  ReadZip(reader, block);
  ReadConstraints(reader, block);
  ReadInitialPoints(reader, block);
  ReadRetry(reader, block);
  ReadBudget(reader, block);
  block.cost = reader.Text("cost", Severity::kError).value_or("");
  block.wandb_numbers = reader.Flag("wandb_numbers", Severity::kError).value_or(false);
  if (const Value* list = reader.List("prior_sweeps", Severity::kError); list != nullptr) {
    block.prior_sweeps = ReadTexts(*list, reader.PathOf("prior_sweeps"), "sweep path", problems);
  }
  ReadSampler(reader, block);
  ReadPopulation(reader, sweep);
  if (const Value* kubernetes = reader.Map("kubernetes", Severity::kError); kubernetes != nullptr) {
    block.kubernetes = *kubernetes;
  }
  reader.ReportUnknown(Severity::kError, "the block regatta");
  if (block.order == PointOrder::kShuffled && sweep.method != SearchMethod::kGrid) {
    reader.Report(Severity::kWarning, "order", "order matters for method: grid alone");
  }
}

}  // namespace regatta::sweeps
