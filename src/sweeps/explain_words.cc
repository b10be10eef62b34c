#include "explain_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "config_reader.h"
#include "regatta/search/sampler.h"
#include "regatta/sweeps/search_options.h"
#include "regatta/sweeps/space_point_source.h"

namespace regatta::sweeps {
namespace {

std::string ListText(const std::vector<Value>& values) {
  constexpr std::size_t kShownMax = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), kShownMax); ++i) {
    text += text.empty() ? "" : ", ";
    text += Excerpt(values[i]);
  }
  if (values.size() > kShownMax) {
    text += fmt::format(", ... ({} values)", values.size());
  }
  return text;
}

std::string EarlyTerminateText(const EarlyTerminateConfig& config) {
  std::string text(EarlyTerminateTypeName(config.type));
  const auto add = [&text](std::string_view name, const auto& value) {
    if (value) {
      text += fmt::format(", {} {}", name, *value);
    }
  };
  add("min_iter", config.min_iter);
  add("max_iter", config.max_iter);
  add("s", config.s);
  text += config.resource.empty() ? "; counts the metric's values" : "; counts " + config.resource;
  return text;
}

std::string SamplerText(const SweepConfig& config) {
  std::string name = SamplerName(config);
  for (const search::SamplerInfo& info : search::AllSamplers()) {
    if (info.name == name) {
      return fmt::format("{}: {}", name, info.summary);
    }
  }
  return name;
}

std::string PopulationText(const PopulationConfig& config) {
  const bool learns = config.explore == PopulationExplore::kPb2;
  return fmt::format(
      "pbt: the worst {:g} % copy from the best and go on with {}; asked for by `exploit` of "
      "regatta search --stdio",
      100 * config.share,
      learns ? "what pb2 chooses"
             : fmt::format("perturbed parameters (step {:g}, {:g} % drawn afresh)", config.step,
                           100 * config.resample));
}

std::string JoinedText(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, "; "));
}

std::string CostText(const SweepConfig& config) {
  const std::string& cost = config.regatta.cost;
  if (cost.empty()) {
    return "";
  }
  if (SamplerName(config) != "bayes") {
    return "no effect: only bayes looks at " + cost;
  }
  const std::optional<std::uint64_t> trials = TrialsPlanned(config);
  return fmt::format("cheap runs of equal promise first, by {}{}", cost,
                     trials ? fmt::format(", ever less until the last of {} trials", *trials) : "");
}

}  // namespace

std::string RangeText(const ParameterConfig& config) {
  std::string text;
  bool has_q = false;
  switch (config.kind) {
    case ParameterKind::kConstant:
      return Excerpt(config.value);
    case ParameterKind::kCategorical:
    case ParameterKind::kCategoricalWithProbabilities:
      return ListText(config.values);
    case ParameterKind::kNormal:
    case ParameterKind::kLogNormal:
    case ParameterKind::kQNormal:
    case ParameterKind::kQLogNormal:
      text = fmt::format("mu {}, sigma {}", config.mu, config.sigma);
      has_q = config.kind == ParameterKind::kQNormal || config.kind == ParameterKind::kQLogNormal;
      break;
    case ParameterKind::kBeta:
    case ParameterKind::kQBeta:
      text = fmt::format("a {}, b {}", config.a, config.b);
      has_q = config.kind == ParameterKind::kQBeta;
      break;
    case ParameterKind::kLogUniform:
    case ParameterKind::kQLogUniform:
      text = fmt::format("{:.5g} ... {:.5g}", std::exp(config.min.as_number()),
                         std::exp(config.max.as_number()));
      has_q = config.kind == ParameterKind::kQLogUniform;
      break;
    case ParameterKind::kInvLogUniform:
      return fmt::format("{:.5g} ... {:.5g}", std::exp(-config.max.as_number()),
                         std::exp(-config.min.as_number()));
    case ParameterKind::kQUniform:
    case ParameterKind::kQLogUniformValues:
      has_q = true;
      [[fallthrough]];
    default:
      text = fmt::format("{} ... {}", Excerpt(config.min), Excerpt(config.max));
  }
  return has_q ? fmt::format("{}, multiples of {}", text, Excerpt(config.q)) : text;
}

std::string WhenText(const std::vector<WhenClause>& clauses) {
  std::string text;
  for (const WhenClause& clause : clauses) {
    text += text.empty() ? "" : " and ";
    if (!clause.is_range) {
      text += fmt::format("{} is {}", clause.parent, ListText(clause.values));
    } else if (std::isinf(clause.min)) {
      text += fmt::format("{} <= {}", clause.parent, clause.max);
    } else if (std::isinf(clause.max)) {
      text += fmt::format("{} >= {}", clause.parent, clause.min);
    } else {
      text += fmt::format("{} <= {} <= {}", clause.min, clause.parent, clause.max);
    }
  }
  return text;
}

std::string PriorText(const ParameterConfig& config) {
  if (!config.prior) {
    return "";
  }
  constexpr std::string_view kNames[] = {"low", "medium", "high"};
  return fmt::format("{}, {} confidence", Excerpt(*config.prior),
                     kNames[static_cast<std::size_t>(config.prior_confidence)]);
}

std::string MetricText(const SweepConfig& config) {
  if (config.metric) {
    return fmt::format("{} ({})", config.metric->name, GoalName(config.metric->goal));
  }
  std::string text;
  for (const MetricEntry& entry : config.metrics) {
    text += text.empty() ? "" : ", ";
    if (entry.is_objective()) {
      text += fmt::format("{} ({})", entry.name, GoalName(entry.goal));
    } else if (entry.min && entry.max) {
      text += fmt::format("{} <= {} <= {}", *entry.min, entry.name, *entry.max);
    } else if (entry.max) {
      text += fmt::format("{} <= {}", entry.name, *entry.max);
    } else {
      text += fmt::format("{} >= {}", entry.name, *entry.min);
    }
  }
  return text;
}

std::vector<ExplainedSetting> ExplainSettings(const SweepConfig& config) {
  std::vector<ExplainedSetting> settings;
  const auto add = [&settings](std::string name, std::string meaning) {
    if (!meaning.empty()) {
      settings.push_back({std::move(name), std::move(meaning)});
    }
  };
  const RegattaConfig& block = config.regatta;
  if (config.run_cap) {
    add("run_cap", fmt::format("{} runs at most", *config.run_cap));
  }
  if (config.early_terminate) {
    add("early_terminate", EarlyTerminateText(*config.early_terminate));
  }
  add("sampler", IsSearchExternal(config) ? "outside of the server" : SamplerText(config));
  add("regatta.population", block.population ? PopulationText(*block.population) : "");
  if (block.seed) {
    add("regatta.seed", fmt::format("{}", *block.seed));
  }
  add("regatta.order", block.order == PointOrder::kShuffled ? "shuffled" : "");
  std::vector<std::string> zips;
  for (const std::vector<std::string>& zip : block.zip) {
    zips.push_back(fmt::format("{} move together", fmt::join(zip, ", ")));
  }
  add("regatta.zip", JoinedText(zips));
  std::vector<std::string> constraints;
  for (const ConstraintText& constraint : block.constraints) {
    constraints.push_back(constraint.text);
  }
  add("regatta.constraints", JoinedText(constraints));
  if (!block.initial_points.empty()) {
    add("regatta.initial_points", fmt::format("{} tried first", block.initial_points.size()));
  }
  add("regatta.prior_sweeps", JoinedText(block.prior_sweeps));
  const RetryConfig usual;
  const bool is_usual = block.retry.lost == usual.lost && block.retry.oom == usual.oom &&
                        block.retry.failed == usual.failed;
  if (!is_usual) {
    add("regatta.retry", fmt::format("a point again after {} lost machines, {} times out of "
                                     "memory, {} failures",
                                     block.retry.lost, block.retry.oom, block.retry.failed));
  }
  std::vector<std::string> budget;
  if (block.budget.runs) {
    budget.push_back(fmt::format("{} runs", *block.budget.runs));
  }
  if (block.budget.hours) {
    budget.push_back(fmt::format("{} hours", *block.budget.hours));
  }
  if (block.budget.gpu_hours) {
    budget.push_back(fmt::format("{} GPU hours", *block.budget.gpu_hours));
  }
  add("regatta.budget", JoinedText(budget));
  add("regatta.cost", CostText(config));
  add("regatta.wandb_numbers", block.wandb_numbers ? "whole numbers lose their .0" : "");
  return settings;
}

}  // namespace regatta::sweeps
