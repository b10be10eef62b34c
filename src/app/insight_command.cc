#include "insight_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "command_line.h"
#include "person_command.h"
#include "regatta/codec/percent.h"
#include "table.h"

namespace regatta::app {

using nlohmann::json;

namespace {

// Below it the ranking is mostly guesswork (search/analysis.h).
constexpr double kTrustMin = 0.3;
constexpr std::size_t kBarWidth = 20;

struct InsightOptions : PersonOptions {
  std::string path;
  std::string metric;
  std::vector<std::string> contour;
};

double NumberOf(const json& object, const char* key) {
  const json value = object.value(key, json());
  return value.is_number() ? value.get<double>() : std::nan("");
}

std::string PredictedText(const json& predicted) {
  return fmt::format("{} ± {}", NumberText(NumberOf(predicted, "mean")),
                     NumberText(NumberOf(predicted, "spread")));
}

std::string Bar(double share) {
  std::string bar;
  const auto full = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * kBarWidth));
  for (std::size_t i = 0; i < full; ++i) bar += "█";
  return bar;
}

std::string PercentText(double share) {
  return std::isfinite(share) ? fmt::format("{:.0f} %", 100 * share) : "";
}

std::string OutlookText(const json& outlook) {
  const double share = NumberOf(outlook, "share_of_spread");
  std::string text =
      fmt::format("the next run is expected to gain {}, {:.2g} % of the spread of what was seen",
                  NumberText(NumberOf(outlook, "expected_improvement")), 100 * share);
  if (outlook.value("gain_unlikely", false)) text += ": further gain looks unlikely";
  return text;
}

std::string EarlyStopsText(const json& stops) {
  const std::int64_t audited = CountOf(stops, "audited");
  const std::int64_t stopped = CountOf(stops, "stopped");
  std::string text = fmt::format("{} run{} stopped early", stopped, stopped == 1 ? "" : "s");
  if (audited > 0) {
    text += fmt::format("; {} spared to test the rule, of which {} ended among the best tenth",
                        audited, CountOf(stops, "wrong"));
  }
  return text;
}

std::string ContourText(const json& contour, const Terminal& terminal) {
  Table table({{PrintableLine(TextOf(contour, "first"))},
               {PrintableLine(TextOf(contour, "second"))},
               {"PREDICTED", true}});
  for (const json& point : contour.value("points", json::array())) {
    table.Add({{ShortText(point.value("first", json()))},
               {ShortText(point.value("second", json()))},
               {PredictedText(point)}});
  }
  return table.Render(terminal);
}

int Insights(const InsightOptions& options) {
  Result<ItemPath> given = ParseItemPath(options.path, options.defaults());
  if (!given) return Fail(given.error());
  const bool is_one =
      options.contour.size() == 1 && options.contour[0].find(',') == std::string::npos;
  if (is_one || options.contour.size() > 2) {
    return Fail(InvalidArgument("--contour names two parameters, as in --contour lr,depth"));
  }
  Result<std::unique_ptr<ApiClient>> client = Connect(options);
  if (!client) return Fail(client.error());
  const Result<ItemPath> path = Locate(**client, ItemKind::kSweep, *std::move(given));
  if (!path) return Fail(path.error());
  std::string target =
      fmt::format("/api/sweeps/{}/{}/{}/insights?metric={}", codec::EncodePercent(path->entity),
                  codec::EncodePercent(path->project), codec::EncodePercent(path->name),
                  codec::EncodePercent(options.metric));
  for (const std::string& contour : options.contour) {
    target += "&contour=" + codec::EncodePercent(contour);
  }
  const Result<json> answer = (*client)->Call("GET", target);
  if (!answer) return Fail(answer.error());
  if (options.as_json) {
    PrintJson(*answer);
  } else {
    fmt::print("{:<9}{}\n{}", "sweep", path->text(), InsightText(*answer, StandardOutput()));
  }
  return kExitOk;
}

}  // namespace

std::string InsightText(const json& insights, const Terminal& terminal) {
  const std::string metric = TextOf(insights, "metric");
  const json importance = insights.value("importance", json::object());
  const json optimum = insights.value("optimum", json::object());
  const double trust = NumberOf(importance, "trust");
  std::string text = fmt::format("{:<9}{}, {} results\n", "metric", PrintableLine(metric),
                                 CountOf(insights, "results"));
  if (const auto far_off = insights.find("far_off"); far_off != insights.end()) {
    const std::int64_t count = CountOf(*far_off, "results");
    text += fmt::format("{:<9}{} result{} far worse than the rest count{} as {}\n", "far off",
                        count, count == 1 ? "" : "s", count == 1 ? "s" : "",
                        NumberText(NumberOf(*far_off, "counted_as")));
  }
  text +=
      fmt::format("{:<9}{} of the results' variance is predicted{}\n", "trust", PercentText(trust),
                  trust < kTrustMin ? ": too little to rely on what follows" : "");
  text +=
      fmt::format("{:<9}{}\n", "outlook", OutlookText(insights.value("outlook", json::object())));
  if (const auto stops = insights.find("early_stops"); stops != insights.end()) {
    text += fmt::format("{:<9}{}\n", "stops", EarlyStopsText(*stops));
  }
  text += "\n";
  const json best = optimum.value("parameters", json::object());
  Table table({{"PARAMETER"}, {"ALONE", true}, {"WITH OTHERS", true}, {"BEST AT"}, {""}});
  for (const json& parameter : importance.value("parameters", json::array())) {
    const std::string name = TextOf(parameter, "name");
    const auto value = best.find(name);
    const double total = NumberOf(parameter, "total");
    table.Add({{PrintableLine(name)},
               {PercentText(NumberOf(parameter, "alone"))},
               {PercentText(total)},
               {value == best.end() ? "" : PrintableLine(ShortText(*value))},
               {Bar(total), Colour::kCyan}});
  }
  text += table.Render(terminal);
  text += fmt::format("\nthere {} is expected to be {}\n", PrintableLine(metric),
                      PredictedText(optimum));
  if (const auto contour = insights.find("contour"); contour != insights.end()) {
    text += "\n" + ContourText(*contour, terminal);
  }
  return text;
}

void AddInsightCommand(CLI::App& sweep, int& exit_code) {
  const auto options = std::make_shared<InsightOptions>();
  CLI::App* command = sweep.add_subcommand(
      "insights",
      "Which parameters matter, where the optimum is expected, and what more would gain");
  AddPersonOptions(*command, options, true);
  command->add_option("sweep", options->path, "ID, PROJECT/ID or ENTITY/PROJECT/ID")->required();
  command->add_option("--metric", options->metric, "Of several objectives, this one");
  command
      ->add_option(
          "--contour", options->contour,
          "Two parameters, as in lr,depth (or twice, one each): what is expected over both")
      ->allow_extra_args(false);
  command->callback([options, &exit_code] { exit_code = Insights(*options); });
}

}  // namespace regatta::app
