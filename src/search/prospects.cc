#include "prospects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "row_choice.h"

namespace regatta::search {
namespace {

constexpr double kMargin = 0.05;             // of what there is to win
constexpr std::size_t kFirst = 20;           // trials that say how much that is
constexpr std::size_t kWrongStopShare = 50;  // one in so many stopped may have been wrong

}  // namespace

ProspectVerdict JudgeProspects(Prospects prospects, double sign) {
  std::vector<double> first = prospects.all;
  first.resize(std::min(first.size(), kFirst));
  const double best_of_all = AtTenth(prospects.all, 1);
  const double span = std::max(0.0, AtTenth(first, 9) - best_of_all);
  const auto regretted = static_cast<std::size_t>(
      std::ranges::count_if(prospects.stopped, [&](double end) { return end < best_of_all; }));
  const bool is_careful = regretted * kWrongStopShare > prospects.stopped.size();

  const std::size_t known = prospects.rung.size();
  const auto better = static_cast<std::size_t>(
      std::ranges::count_if(prospects.rung, [&](double end) { return end < prospects.own; }));
  const std::size_t spared = std::max<std::size_t>(1, is_careful ? known * 2 / 3 : known * 2 / 5);
  const double best = AtTenth(prospects.rung, 1);
  const bool is_close = prospects.own - best <= kMargin * span;

  ProspectVerdict verdict;
  verdict.is_spared = better < spared || is_close;
  verdict.reason = fmt::format("the model expects {:.6g} of it in the end, ", sign * prospects.own);
  if (better < spared) {
    verdict.reason += fmt::format("among the best {} of {}", spared, known);
  } else {
    verdict.reason +=
        fmt::format("not among the best {} of {}, {} within {:.3g} of the best tenth ({:.6g})",
                    spared, known, is_close ? "but" : "nor", kMargin * span, sign * best);
  }
  if (is_careful) {
    verdict.reason += fmt::format(
        "; two thirds are spared, since it now expects {} of {} stopped ones among the best tenth",
        regretted, prospects.stopped.size());
  }
  return verdict;
}

}  // namespace regatta::search
