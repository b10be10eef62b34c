// What the tests of SearchSession ask it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "search_stdio.h"

namespace regatta::app {

using nlohmann::json;

// A sweep over a logarithmic range, integers and a list.
inline json Config(const std::string& method) {
  return {{"method", method},
          {"metric", {{"name", "loss"}, {"goal", "minimize"}}},
          {"parameters",
           {{"lr", {{"min", 0.001}, {"max", 0.1}, {"distribution", "log_uniform_values"}}},
            {"layers", {{"min", 1}, {"max", 6}}},
            {"optimizer", {{"values", {"adam", "sgd"}}}},
            {"epochs", {{"value", 3}}}}}};
}

// The answer to one line.
inline json Ask(SearchSession& session, const json& request) {
  return json::parse(session.Answer(request.dump()));
}

inline void Open(SearchSession& session, const json& config, int seed = 1) {
  const json answer = Ask(session, {{"op", "open"}, {"config", config}, {"seed", seed}});
  ASSERT_TRUE(answer.contains("ok")) << answer;
}

// Of the parameters of Config, lower is better.
inline double Loss(const json& parameters) {
  return std::pow(std::log10(parameters["lr"].get<double>()) + 2, 2) +
         0.1 * parameters["layers"].get<int>() + (parameters["optimizer"] == "adam" ? 0 : 0.3);
}

}  // namespace regatta::app
