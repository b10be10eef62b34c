// Two claims about any dialogue over --stdio, tried with random ones: a state taken anywhere goes
// on as the session that it was taken from, whatever the sampler and the kind of space; and a line
// that is refused has changed nothing. A failure names its seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "search_stdio.h"

namespace regatta::app {
namespace {

using nlohmann::json;

// Everything that a space can have: a group, a condition, a prior, a constraint.
json MixedParameters() {
  return json::parse(R"({
    "lr": {"distribution": "log_uniform_values", "min": 0.0001, "max": 0.1, "prior": 0.01},
    "net": {"parameters": {"layers": {"min": 1, "max": 6}, "width": {"values": [16, 32, 64]}}},
    "optimizer": {"values": ["adam", "sgd"], "prior": "adam", "prior_confidence": "high"},
    "momentum": {"min": 0.0, "max": 0.99, "when": {"optimizer": "sgd"}},
    "epochs": {"value": 3}})");
}

json GridParameters() {
  return json::parse(R"({"a": {"values": [1, 2, 3]}, "b": {"values": ["x", "y"]},
                         "c": {"min": 1, "max": 4, "when": {"b": "y"}}})");
}

struct Dialogue {
  std::string name;
  json config;
  std::vector<std::string> metrics;  // told by name; empty: "value"
  std::uint64_t steps = 30;
  bool is_population = false;  // trials report and exploit most of the time
};

std::vector<Dialogue> Dialogues() {
  std::vector<Dialogue> dialogues;
  for (const search::SamplerInfo& sampler : search::AllSamplers()) {
    const std::string name(sampler.name);
    json config = {{"method", name == "grid" ? "grid" : "random"},
                   {"metric", {{"name", "loss"}, {"goal", "maximize"}}},
                   {"parameters", name == "grid" ? GridParameters() : MixedParameters()},
                   {"regatta", {{"sampler", {{"name", name}}}}}};
    if (name != "grid") {
      config["regatta"]["constraints"] = {"net.layers * net.width <= 200"};
      config["regatta"]["initial_points"] = json::array({{{"lr", 0.02}}});
    }
    dialogues.push_back({name, config, {}, name == "bayes" ? 18U : 40U});
  }
  for (const char* type : {"hyperband", "asha", "median", "curve"}) {
    json config = {{"method", "random"},
                   {"metric", {{"name", "loss"}, {"goal", "minimize"}}},
                   {"parameters", MixedParameters()},
                   {"early_terminate", {{"type", type}, {"min_iter", 1}}}};
    if (std::string_view(type) == "asha") config["early_terminate"]["max_iter"] = 9;
    dialogues.push_back({type, config, {}, 60});
  }
  json curves = {{"method", "bayes"},
                 {"metrics", json::parse(R"([{"name": "loss"}, {"name": "ms", "max": 0.7}])")},
                 {"parameters", MixedParameters()},
                 {"early_terminate", {{"type", "asha"}, {"min_iter", 1}}},
                 {"regatta", {{"cost", "seconds"}}}};
  dialogues.push_back({"curves without a full length", curves, {"loss", "ms"}, 24});
  for (const char* method : {"random", "bayes"}) {
    json config = {
        {"method", method},
        {"metrics", json::parse(R"([{"name": "loss"}, {"name": "acc", "goal": "maximize"},
                                              {"name": "ms", "max": 0.7}])")},
        {"parameters", MixedParameters()},
        {"regatta", {{"cost", "seconds"}}}};
    dialogues.push_back(
        {std::string("several metrics, ") + method, config, {"loss", "acc", "ms"}, 14});
  }
  for (const char* method : {"random", "bayes"}) {
    json config = {{"method", method},
                   {"metric", {{"name", "loss"}, {"goal", "minimize"}}},
                   {"parameters", MixedParameters()}};
    config["regatta"]["constraints"] = {"net.layers * net.width <= 200"};
    dialogues.push_back({std::string("population, ") + method, config, {}, 80, true});
    config["regatta"]["population"] = {{"explore", "pb2"}};
    dialogues.push_back({std::string("population with pb2, ") + method, config, {}, 60, true});
  }
  return dialogues;
}

json Ask(SearchSession& session, const json& request) {
  return json::parse(session.Answer(request.dump()));
}

void SetOutcome(Rng& rng, const Dialogue& dialogue, json& request) {
  const std::uint64_t kind = rng.Below(8);
  if (kind == 0) {
    request["state"] = "failed";
  } else if (kind == 1) {
    request["state"] = "lost";
  } else if (dialogue.metrics.empty()) {
    request["value"] = kind == 2 ? json("NaN") : json(rng.Uniform());
  } else {
    for (const std::string& metric : dialogue.metrics) request["values"][metric] = rng.Uniform();
  }
  if (rng.Below(2) == 0) request["cost"] = 1 + 10 * rng.Uniform();
}

// A sensible request, most of the time; `asked` holds the parameters of each trial so far.
json Request(Rng& rng, const Dialogue& dialogue, const std::vector<json>& asked) {
  if (dialogue.is_population && !asked.empty() && rng.Below(4) != 0) {
    const std::uint64_t id = rng.Below(asked.size());
    if (rng.Below(2) == 0) return {{"op", "report"}, {"id", id}, {"value", rng.Uniform()}};
    return {{"op", "exploit"}, {"id", id}, {"interval", rng.Below(9)}};
  }
  const std::uint64_t kind = asked.empty() ? 0 : rng.Below(10);
  if (kind < 4) return {{"op", "ask"}, {"n", 1 + rng.Below(2)}};
  const std::uint64_t id = rng.Below(asked.size());
  if (kind < 7) {
    json request = {{"op", "tell"}, {"id", id}};
    SetOutcome(rng, dialogue, request);
    return request;
  }
  if (kind < 8) {
    json request = {{"op", "add"}, {"parameters", asked[id]}};
    if (rng.Below(4) != 0) SetOutcome(rng, dialogue, request);
    return request;
  }
  if (kind < 9) return {{"op", "report"}, {"id", id}, {"value", rng.Uniform()}};
  return {{"op", "best"}};
}

void Note(const json& request, const json& answer, std::vector<json>& asked) {
  if (request["op"] == "add" && answer.contains("id")) asked.push_back(request["parameters"]);
  if (answer.contains("trials") && answer["trials"].is_array()) {
    for (const json& trial : answer["trials"]) asked.push_back(trial["parameters"]);
  }
}

TEST(SearchSession, AStateTakenAnywhereGoesOnIdentically) {
  int copied = 0;
  for (const Dialogue& dialogue : Dialogues()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(dialogue.name + ", seed " + std::to_string(seed));
      Rng rng(seed);
      SearchSession first;
      const json opened = Ask(first, {{"op", "open"}, {"config", dialogue.config}, {"seed", seed}});
      ASSERT_TRUE(opened.contains("ok")) << opened;
      std::vector<json> asked;
      for (std::uint64_t step = 0; step < dialogue.steps; ++step) {
        const json request = Request(rng, dialogue, asked);
        const json answer = Ask(first, request);
        if (answer.contains("parent") && !answer["parent"].is_null()) ++copied;
        Note(request, answer, asked);
      }
      const std::string state = first.Answer(R"({"op":"state"})");
      SearchSession second;
      const json again = Ask(second, {{"op", "open"}, {"state", json::parse(state)["state"]}});
      ASSERT_TRUE(again.contains("ok")) << again;
      ASSERT_EQ(second.Answer(R"({"op":"state"})"), state);
      for (std::uint64_t step = 0; step < dialogue.steps / 2; ++step) {
        const std::string request = Request(rng, dialogue, asked).dump();
        const std::string answer = first.Answer(request);
        ASSERT_EQ(second.Answer(request), answer) << request;
        Note(json::parse(request), json::parse(answer), asked);
      }
    }
  }
  EXPECT_GT(copied, 5) << "trials that took over another one";
}

// One small mistake of the kind that programs and people make.
std::string Damaged(Rng& rng, std::string line) {
  constexpr std::string_view kBytes("\0{}[]\":,0-9eEnulltrue\\\x80\xff\n ", 26);
  const std::size_t place = rng.Below(line.size());
  switch (rng.Below(5)) {
    case 0:
      line.erase(place, 1 + rng.Below(4));
      break;
    case 1:
      line.insert(place, 1, kBytes[rng.Below(kBytes.size())]);
      break;
    case 2:
      line[place] = kBytes[rng.Below(kBytes.size())];
      break;
    case 3:
      line.resize(place);
      break;
    default:
      line.insert(place, line.substr(rng.Below(line.size()), 1 + rng.Below(12)));
  }
  return line;
}

TEST(SearchSession, ARefusedLineHasChangedNothing) {
  const std::vector<Dialogue> dialogues = Dialogues();
  const auto quick = [](const Dialogue& dialogue) {
    return dialogue.name == "random" || dialogue.name == "grid" || dialogue.name == "hyperband" ||
           dialogue.name == "population, random";
  };
  int refused = 0;
  for (const Dialogue& dialogue : dialogues) {
    if (!quick(dialogue)) continue;
    Rng rng(11);
    SearchSession session;
    ASSERT_TRUE(Ask(session, {{"op", "open"}, {"config", dialogue.config}}).contains("ok"));
    std::vector<json> asked;
    for (int step = 0; step < 20; ++step) {
      const json request = Request(rng, dialogue, asked);
      Note(request, Ask(session, request), asked);
    }
    std::string before = session.Answer(R"({"op":"state"})");
    for (int step = 0; step < 400; ++step) {
      const json request = step % 7 == 0 ? json({{"op", "open"}, {"config", dialogue.config}})
                                         : Request(rng, dialogue, asked);
      const std::string line = Damaged(rng, request.dump());
      const std::string text = session.Answer(line);
      ASSERT_EQ(text.find('\n'), std::string::npos) << line;
      const json answer = json::parse(text, nullptr, false);
      ASSERT_FALSE(answer.is_discarded()) << line << "\n" << text;
      const std::string after = session.Answer(R"({"op":"state"})");
      if (answer.contains("error")) {
        ++refused;
        ASSERT_EQ(after, before) << line << "\n" << text;
        ASSERT_FALSE(answer["error"]["message"].get<std::string>().empty());
      }
      before = after;
    }
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace regatta::app
