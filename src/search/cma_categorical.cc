#include "cma_categorical.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace regatta::search {
namespace {

constexpr double kSignal = 1.5;  // α of the adaptive natural gradient

// Lengths of a step, in the metric of the Fisher information.
constexpr double kFirstStep = 0.25;
constexpr double kLongestStep = 1;
constexpr double kShortestStep = 1e-3;

}  // namespace

CmaCategorical::CmaCategorical(std::vector<std::vector<double>> probabilities)
    : probabilities_(std::move(probabilities)), step_(kFirstStep) {
  const auto count = static_cast<double>(probabilities_.size());
  std::size_t items = 0;
  for (const auto& list : probabilities_) {
    std::vector<bool>& possible_items = possible_items_.emplace_back();
    for (const double p : list) {
      possible_items.push_back(p > 0);
    }
    possible_.push_back(std::count(possible_items.begin(), possible_items.end(), true));
    const auto possible = static_cast<double>(possible_.back());
    parameters_ += std::max(0.0, possible - 1);
    // So that at a full convergence about three quarters of the draws are of the best items.
    margin_.push_back(possible > 1 ? (1 - std::pow(0.73, 1 / count)) / (possible - 1) : 0);
    items += list.size();
  }
  path_.assign(items, 0.0);
  KeepMargin();
}

std::vector<std::size_t> CmaCategorical::Draw(Rng& rng) const {
  std::vector<std::size_t> items;
  for (const auto& list : probabilities_) {
    double u = rng.Uniform();
    std::size_t last = 0;
    for (std::size_t k = 0; k < list.size(); ++k) {
      if (list[k] > 0) {
        last = k;
        if (u < list[k]) {
          break;
        }
        u -= list[k];
      }
    }
    items.push_back(last);
  }
  return items;
}

void CmaCategorical::Update(const std::vector<Row>& ranked, const std::vector<double>& weights) {
  if (parameters_ == 0) {
    return;
  }
  // Natural gradient, and its image under the square root of the Fisher information, in which its
  // length is that of the step.
  std::vector<std::vector<double>> gradient;
  std::vector<double> image;
  for (std::size_t d = 0; d < probabilities_.size(); ++d) {
    const std::vector<double>& p = probabilities_[d];
    std::vector<double>& g = gradient.emplace_back(p.size(), 0.0);
    for (std::size_t i = 0; i < ranked.size() && i < weights.size(); ++i) {
      if (weights[i] <= 0 || !ranked[i][d]) {
        continue;
      }
      for (std::size_t k = 0; k < p.size(); ++k) {
        g[k] += weights[i] * ((*ranked[i][d] == k && p[k] > 0 ? 1.0 : 0.0) - p[k]);
      }
    }
    for (std::size_t k = 0; k < p.size(); ++k) {
      image.push_back(p[k] > 0 ? g[k] / std::sqrt(p[k]) : 0.0);
    }
  }
  double norm = 0;
  for (const double x : image) {
    norm += x * x;
  }
  norm = std::sqrt(norm);
  if (!(norm > 1e-12)) {
    return;
  }
  for (std::size_t d = 0; d < probabilities_.size(); ++d) {
    for (std::size_t k = 0; k < probabilities_[d].size(); ++k) {
      probabilities_[d][k] += step_ / norm * gradient[d][k];
    }
  }
  const double beta = std::min(1.0, step_ / std::sqrt(parameters_));
  gamma_ = (1 - beta) * (1 - beta) * gamma_ + beta * (2 - beta);
  double path = 0;
  for (std::size_t i = 0; i < path_.size(); ++i) {
    path_[i] = (1 - beta) * path_[i] + std::sqrt(beta * (2 - beta)) * image[i] / norm;
    path += path_[i] * path_[i];
  }
  step_ =
      std::clamp(step_ * std::exp(beta * (path / kSignal - gamma_)), kShortestStep, kLongestStep);
  KeepMargin();
}

void CmaCategorical::KeepMargin() {
  for (std::size_t d = 0; d < probabilities_.size(); ++d) {
    std::vector<double>& p = probabilities_[d];
    if (possible_[d] < 2) {
      continue;
    }
    const double floor = margin_[d];
    const double all_floors = floor * static_cast<double>(possible_[d]);
    double above = 0;
    for (std::size_t k = 0; k < p.size(); ++k) {
      p[k] = possible_items_[d][k] ? std::max(p[k], floor) : 0;
      above += possible_items_[d][k] ? p[k] - floor : 0;
    }
    // What the margin added is taken from what lies above it.
    for (std::size_t k = 0; k < p.size(); ++k) {
      if (possible_items_[d][k]) {
        const double share =
            above > 0 ? (p[k] - floor) / above : 1 / static_cast<double>(possible_[d]);
        p[k] = floor + share * (1 - all_floors);
      }
    }
  }
}

}  // namespace regatta::search
