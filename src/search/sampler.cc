#include "regatta/search/sampler.h"
#include "regatta/base/count_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "samplers.h"

namespace regatta::search {
namespace {

struct Entry {
  SamplerInfo info;
  SamplerFactory make;
};

constexpr Entry kSamplers[] = {
    {{"bayes", "Gaussian process over all kinds of parameters; the fewest runs to a good result."},
     &MakeBayesSampler},
    {{"tpe", "Multivariate Parzen estimator; cheap at any number of trials."}, &MakeTpeSampler},
    {{"cmaes",
      "Evolution strategy that learns the landscape's axes; for thousands of cheap trials."},
     &MakeCmaesSampler},
    {{"random", "Independent draws from the parameters' distributions."}, &MakeRandomSampler},
    {{"sobol", "Scrambled Sobol points: random draws that leave no gaps."}, &MakeSobolSampler},
    {{"grid", "Every combination of finite lists of values, once."}, &MakeGridSampler},
};

}  // namespace

Result<std::unique_ptr<Sampler>> MakeSampler(std::string_view name, const SearchSpace& space,
                                             const SamplerOptions& options) {
  for (const Entry& entry : kSamplers) {
    if (entry.info.name == name) {
      if (options.objectives.empty()) {
        return InvalidArgument("a search needs at least one objective");
      }
      return entry.make(space, options);
    }
  }
  std::vector<std::string_view> names;
  for (const Entry& entry : kSamplers) {
    names.push_back(entry.info.name);
  }
  return NotFound(
      fmt::format("there is no sampler \"{}\"; there are {}", name, fmt::join(names, ", ")));
}

std::vector<SamplerInfo> AllSamplers() {
  std::vector<SamplerInfo> infos;
  for (const Entry& entry : kSamplers) {
    infos.push_back(entry.info);
  }
  return infos;
}

bool MeetsConstraints(const Trial& trial, std::span<const OutcomeConstraint> constraints) {
  for (std::size_t c = 0; c < constraints.size(); ++c) {
    const double value = c < trial.constraints.size() ? trial.constraints[c] : std::nan("");
    if (!std::isfinite(value) || (constraints[c].min && value < *constraints[c].min) ||
        (constraints[c].max && value > *constraints[c].max)) {
      return false;
    }
  }
  return true;
}

Result<void> CheckSettings(const SamplerOptions& options,
                           std::initializer_list<KnownSetting> known) {
  for (const auto& [name, value] : options.settings) {
    const auto* found = std::ranges::find(known, name, &KnownSetting::name);
    if (found == known.end()) {
      std::vector<std::string_view> names;
      for (const KnownSetting& setting : known) {
        names.push_back(setting.name);
      }
      return InvalidArgument(fmt::format(
          "sampler setting \"{}\" is unknown; there {} {}", name, names.empty() ? "are" : "is",
          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
    }
    if (!(value >= found->min && value <= found->max)) {
      return InvalidArgument(fmt::format("sampler setting \"{}\" is {}, not between {} and {}",
                                         name, value, found->min, found->max));
    }
  }
  return Ok();
}

std::string Describe(const Explanation& why) {
  std::string text = why.rule;
  if (why.predicted_value) {
    text += fmt::format(", predicted {:.6g}", *why.predicted_value);
    if (why.predicted_spread) {
      text += fmt::format(" ± {:.3g}", *why.predicted_spread);
    }
  }
  if (why.success_probability) {
    text += fmt::format(", {:.0f}% likely to be the best so far", 100 * *why.success_probability);
  }
  if (why.expected_improvement) {
    text += fmt::format(", expected improvement {:.3g}", *why.expected_improvement);
  }
  if (why.nearest_trial) {
    text += fmt::format(", nearest to trial {}", *why.nearest_trial);
    if (why.nearest_distance) {
      text += fmt::format(" (distance {:.3f})", *why.nearest_distance);
    }
  }
  text += ", from " + CountText(why.trials_known, "result");
  if (why.trials_pending > 0) {
    text += fmt::format(" and {} pending", why.trials_pending);
  }
  if (!why.note.empty()) {
    text += "; " + why.note;
  }
  return text;
}

}  // namespace regatta::search
