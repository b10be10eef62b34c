// Sweeps that were there before, as knowledge for a new one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "live_sweep.h"

namespace regatta::sweeps {
namespace {

struct SweepPath {
  std::string entity;   // empty: the sweep's own
  std::string project;  // empty: the sweep's own
  std::string name;
};

SweepPath PathOf(std::string_view text) {
  SweepPath path;
  const std::size_t last = text.rfind('/');
  if (last == std::string_view::npos) {
    path.name = std::string(text);
    return path;
  }
  path.name = std::string(text.substr(last + 1));
  const std::string_view rest = text.substr(0, last);
  const std::size_t first = rest.find('/');
  path.project = std::string(first == std::string_view::npos ? rest : rest.substr(first + 1));
  path.entity = std::string(first == std::string_view::npos ? "" : rest.substr(0, first));
  return path;
}

// Nothing: there is none that the user may see, which is all that anybody learns.
Result<std::optional<SweepRow>> FindSweep(const tracking::Tables& tables, const SweepRow& row,
                                          const SweepPath& path) {
  std::optional<SweepRow> none;
  const Result<std::optional<tracking::Project>> own = tables.projects().Find(row.project);
  if (!own || !*own) {
    return own ? none : Result<std::optional<SweepRow>>(own.error());
  }
  const Result<std::vector<tracking::Entity>> entities = tables.accounts().ListEntitiesOf(row.user);
  if (!entities) {
    return entities.error();
  }
  const auto entity = std::ranges::find_if(*entities, [&](const tracking::Entity& one) {
    return path.entity.empty() ? one.id == (*own)->entity : one.name == path.entity;
  });
  if (entity == entities->end()) {
    return none;
  }
  const Result<std::optional<tracking::Project>> project =
      path.project.empty() ? own : tables.projects().FindByName(entity->id, path.project);
  if (!project || !*project) {
    return project ? none : Result<std::optional<SweepRow>>(project.error());
  }
  return SweepsOf(tables).FindByName((*project)->id, path.name);
}

std::string MetricOf(const SweepConfig& config) {
  if (config.metric) {
    return config.metric->name;
  }
  const auto objective = std::ranges::find_if(
      config.metrics, [](const MetricEntry& entry) { return entry.is_objective(); });
  return objective == config.metrics.end() ? "" : objective->name;
}

// Results there at that moment; what came or changed later is left out.
Result<EarlierSweep> ResultsOf(const tracking::Tables& tables, SweepId id, Timestamp until) {
  const Result<std::vector<PointRecord>> points = SweepsOf(tables).ListPoints(id);
  if (!points) {
    return points.error();
  }
  const Result<std::vector<AttemptRecord>> attempts = SweepsOf(tables).ListAttempts(id);
  if (!attempts) {
    return attempts.error();
  }
  EarlierSweep earlier;
  for (const PointRecord& point : *points) {
    if (!point.result || *point.result >= attempts->size()) {
      continue;
    }
    const AttemptRecord& attempt = (*attempts)[*point.result];
    const bool is_there = attempt.ended_at && *attempt.ended_at <= until;
    if (is_there && attempt.best && std::isfinite(*attempt.best)) {
      earlier.results.push_back({point.args_json, *attempt.best});
    }
  }
  return earlier;
}

}  // namespace

Result<std::vector<EarlierSweep>> ReadEarlierSweeps(const tracking::Tables& tables,
                                                    const SweepConfig& config,
                                                    const SweepRow& row) {
  std::vector<EarlierSweep> sweeps;
  for (const std::string& text : config.regatta.prior_sweeps) {
    const Result<std::optional<SweepRow>> found = FindSweep(tables, row, PathOf(text));
    if (!found) {
      return found.error();
    }
    if (!*found) {
      return NotFound(fmt::format(
          "regatta.prior_sweeps: there is no sweep \"{}\"; write it as ENTITY/PROJECT/SWEEP",
          text));
    }
    const SweepConfig other = InspectSweepConfig((*found)->config_text).config;
    if (MetricOf(other) != MetricOf(config)) {
      return InvalidArgument(fmt::format(
          "regatta.prior_sweeps: sweep \"{}\" is about the metric \"{}\" and this one about "
          "\"{}\"; only values of one metric can be compared",
          text, MetricOf(other), MetricOf(config)));
    }
    Result<EarlierSweep> results = ResultsOf(tables, (*found)->id, row.created_at);
    if (!results) {
      return results.error();
    }
    sweeps.push_back(*std::move(results));
  }
  return sweeps;
}

}  // namespace regatta::sweeps
