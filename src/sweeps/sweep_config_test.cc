// Every row of the validation catalogue (sweep file contract, section 18), each as a file with one
// mistake, and files that must pass unchanged.
#include "regatta/sweeps/sweep_config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "regatta/search/stopper.h"
#include "regatta/sweeps/search_options.h"

namespace regatta::sweeps {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSound =
    "program: train.py\nmethod: bayes\nmetric: {name: val_loss, goal: minimize}\n"
    "parameters:\n  learning_rate: {min: 0.001, max: 0.1}\n  optimizer: {values: [adam, sgd]}\n";

// The problems, one a line, as "E 3:5 path: message; suggestion".
std::string Problems(std::string_view text, bool strict = false) {
  std::string lines;
  for (const Problem& problem : InspectSweepConfig(text, {strict}).problems) {
    lines += problem.severity == Severity::kError ? "E " : "W ";
    lines += std::to_string(problem.position.line) + ":" + std::to_string(problem.position.column);
    lines += " " + problem.path + ": " + problem.message;
    lines += problem.suggestion.empty() ? "" : "; " + problem.suggestion;
    lines += "\n";
  }
  return lines;
}

// A random sweep with the given text as its parameters' mapping, in flow style.
std::string WithParameters(std::string_view parameters) {
  return "method: random\nparameters: " + std::string(parameters) + "\n";
}

std::string ParameterProblems(std::string_view parameter) {
  return Problems(WithParameters("{a: " + std::string(parameter) + "}"));
}

TEST(SweepConfig, ReadsASoundFileWithoutAWord) {
  EXPECT_EQ(Problems(kSound), "");
  const Result<ParsedSweep> parsed = ParseSweepConfig(kSound);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->config.method, SearchMethod::kBayes);
  EXPECT_EQ(parsed->config.program, "train.py");
  EXPECT_EQ(parsed->config.metric->name, "val_loss");
  ASSERT_EQ(parsed->config.parameters.size(), 2U);
  EXPECT_EQ(parsed->config.parameters[0].kind, ParameterKind::kUniform);
  EXPECT_EQ(parsed->config.parameters[1].values.size(), 2U);
}

TEST(SweepConfig, ReportsFiveMistakesAtOnceWithTheirPlaces) {
  const std::string problems = Problems(
      "method: byes\n"
      "metric: {name: loss, goal: minimise}\n"
      "parameters:\n"
      "  lr: {min: 0.1, max: 0.01}\n"
      "  optimizer:\n"
      "    valeus: [adam, sgd]\n"
      "  layers: {distribution: int_uniform, min: 1.5, max: 4}\n");
  EXPECT_EQ(problems,
            "E 1:9 method: \"byes\" is not one of grid, random, bayes, custom; did you mean "
            "\"bayes\"?\n"
            "E 2:28 metric.goal: \"minimise\" is not one of minimize, maximize; did you mean "
            "\"minimize\"?\n"
            "E 4:13 parameters.lr.min: lr: min 0.1 is not less than max 0.01; exchange min and "
            "max\n"
            "E 5:3 parameters.optimizer: invalid hyperparameter configuration: optimizer: no "
            "distribution fits the keys valeus; did you mean \"values\" instead of \"valeus\"?\n"
            "E 7:44 parameters.layers.min: int_uniform needs whole bounds, and min is 1.5; write "
            "an integer, or use distribution: uniform\n");
  const Result<ParsedSweep> parsed = ParseSweepConfig("method: byes\n");
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("Invalid sweep config: line 1, column 1: "));
  EXPECT_THAT(parsed.error().message, HasSubstr("\nline 1, column 9: method: \"byes\""));
}

TEST(SweepConfig, RefusesEmptyAndForeignDocuments) {
  EXPECT_THAT(Problems(""), HasSubstr("E 0:0 : the document is empty"));
  EXPECT_THAT(Problems("~\n"), HasSubstr("Configuration file is empty"));
  EXPECT_THAT(Problems("[1, 2]\n"), HasSubstr("is a mapping, not a list"));
  EXPECT_THAT(Problems("a: [1\n"), HasSubstr("E 2:1 : "));
}

TEST(SweepConfig, RefusesMissingMethodAndParameters) {
  EXPECT_THAT(Problems("parameters: {a: {value: 1}}\n"),
              HasSubstr("E 1:1 method: `method` is a required property"));
  EXPECT_THAT(Problems("method: random\n"),
              HasSubstr("E 1:1 parameters: `parameters` is required unless "
                        "`scheduler.search_space` is set."));
  EXPECT_THAT(Problems("method: random\nparamters: {a: {value: 1}}\n"),
              HasSubstr("rename \"paramters\" on line 2"));
  EXPECT_THAT(Problems(WithParameters("{}")), HasSubstr("does not have enough properties"));
  EXPECT_THAT(Problems(WithParameters("[a]")), HasSubstr("is a list, not a mapping"));
}

TEST(SweepConfig, SaysHowToAskForASamplerThatIsNoMethod) {
  EXPECT_THAT(Problems("method: tpe\nparameters: {a: {value: 1}}\n"),
              HasSubstr("write method: bayes, and regatta: {sampler: tpe}"));
}

TEST(SweepConfig, NamesTheBoundWhoseExponentIsTooLarge) {
  EXPECT_THAT(
      ParameterProblems("{distribution: inv_log_uniform, min: -800, max: -700}"),
      HasSubstr("parameters.a.min: inv_log_uniform bounds are exponents of 1/e, and with -800 "
                "the result is beyond every number"));
}

TEST(SweepConfig, AsksForAConfidenceThatACurveCanHave) {
  EXPECT_THAT(Problems(std::string(kSound) + "early_terminate: {type: curve, confidence: 0.3}\n"),
              HasSubstr("confidence 0.3 is not between 0.5 and 1"));
}

TEST(SweepConfig, WarnsOfUnknownKeysAndKeepsThem) {
  const ParsedSweep parsed = InspectSweepConfig(std::string(kSound) + "run_capp: 5\n");
  EXPECT_FALSE(parsed.has_errors());
  ASSERT_EQ(parsed.problems.size(), 1U);
  EXPECT_EQ(ProblemText(parsed.problems[0]),
            "line 7, column 1: run_capp: Additional properties are not allowed: a sweep "
            "configuration has no key \"run_capp\"; did you mean \"run_cap\"?");
  EXPECT_NE(parsed.document.Find("run_capp"), nullptr);
}

TEST(SweepConfig, ReadsRunCapOnlyAsAWholeNumber) {
  const auto cap = [](std::string_view value) {
    return InspectSweepConfig(std::string(kSound) + "run_cap: " + std::string(value) + "\n");
  };
  EXPECT_EQ(cap("5.0").config.run_cap, 5);
  EXPECT_TRUE(cap("5.0").problems.empty());
  for (const std::string_view wrong : {"5.5", "\"5\"", "0", "-1", "true"}) {
    const ParsedSweep parsed = cap(wrong);
    EXPECT_EQ(parsed.config.run_cap, std::nullopt) << wrong;
    EXPECT_EQ(parsed.problems.size(), 1U) << wrong;
    EXPECT_FALSE(parsed.has_errors()) << wrong;
  }
}

TEST(SweepConfig, RefusesBoundsThatAreNoInterval) {
  EXPECT_THAT(ParameterProblems("{min: 5, max: 3}"), HasSubstr("a: min 5 is not less than max 3"));
  EXPECT_THAT(ParameterProblems("{min: 3, max: 3}"), HasSubstr("write value: 3"));
  EXPECT_THAT(
      ParameterProblems("{min: \"1e-5\", max: 1.0}"),
      HasSubstr("min is a string (\"1e-5\"), not a finite number; write min: 1e-5 without quotes"));
  EXPECT_THAT(ParameterProblems("{min: 1}"), HasSubstr("max is missing"));
  EXPECT_THAT(ParameterProblems("{min: .nan, max: 1.0}"), HasSubstr("not a finite number"));
  EXPECT_THAT(ParameterProblems("{min: true, max: 1.0}"), HasSubstr("a boolean"));
}

TEST(SweepConfig, RefusesParametersThatAreNoMapping) {
  EXPECT_THAT(ParameterProblems("5"),
              HasSubstr("Invalid configuration for hyperparameter 'a': it is an integer, not a "
                        "mapping; write a: {value: 5}"));
  EXPECT_THAT(ParameterProblems("[1, 2]"), HasSubstr("write a: {values: [1,2]}"));
  EXPECT_THAT(ParameterProblems("~"), HasSubstr("it is null"));
}

TEST(SweepConfig, RefusesParametersThatFitNoShape) {
  constexpr std::string_view kInvalid = "invalid hyperparameter configuration: a";
  for (const std::string_view parameter :
       {"{mu: 0, sigma: 1}", "{}", "{value: 1, desc: x}", "{values: [1], min: 0}",
        "{distribution: unifrom, min: 0, max: 1}", "{parameters: {b: {value: 1}}, value: 2}"}) {
    EXPECT_THAT(ParameterProblems(parameter), HasSubstr(std::string(kInvalid))) << parameter;
  }
  EXPECT_THAT(ParameterProblems("{distribution: unifrom, min: 0, max: 1}"),
              HasSubstr("did you mean \"uniform\"?"));
  EXPECT_THAT(ParameterProblems("{mu: 0, sigma: 1}"), HasSubstr("add distribution: normal"));
  EXPECT_THAT(ParameterProblems("{values: []}"), HasSubstr("values is empty"));
  EXPECT_THAT(ParameterProblems("{values: adam}"), HasSubstr("write values: [adam]"));
}

TEST(SweepConfig, ChoosesTheDistributionThatTheKeysMean) {
  const auto kind = [](std::string_view parameter) {
    const ParsedSweep parsed =
        InspectSweepConfig(WithParameters("{a: " + std::string(parameter) + "}"));
    EXPECT_FALSE(parsed.has_errors()) << parameter;
    return parsed.config.parameters.empty()
               ? std::string("none")
               : std::string(ParameterKindName(parsed.config.parameters[0].kind));
  };
  EXPECT_EQ(kind("{value: ~}"), "constant");
  EXPECT_EQ(kind("{values: [1]}"), "categorical");
  EXPECT_EQ(kind("{values: [1, 2], probabilities: [0.5, 0.5]}"), "categorical_w_probabilities");
  EXPECT_EQ(kind("{min: 1, max: 2}"), "int_uniform");
  EXPECT_EQ(kind("{min: 1.0, max: 2.0}"), "uniform");
  EXPECT_EQ(kind("{min: 1, max: 2.0}"), "uniform");
  EXPECT_EQ(kind("{distribution: uniform, min: 1, max: 2}"), "uniform");
  EXPECT_EQ(kind("{distribution: q_beta}"), "q_beta");
  EXPECT_EQ(kind("{parameters: {b: {value: 1}}}"), "parameters");
}

TEST(SweepConfig, RefusesWrongProbabilities) {
  EXPECT_THAT(ParameterProblems("{values: [1, 2], probabilities: [1.0]}"),
              HasSubstr("values and probabilities are not the same length"));
  EXPECT_THAT(ParameterProblems("{values: [1, 2], probabilities: [0.5, 0.4]}"),
              HasSubstr("do not sum to 1"));
  EXPECT_THAT(ParameterProblems("{values: [1, 2], probabilities: [1.5, -0.5]}"),
              HasSubstr("-0.5 is no probability"));
  EXPECT_THAT(ParameterProblems("{values: [1], probabilities: [1], distribution: categorical}"),
              HasSubstr("categorical_w_probabilities"));
  EXPECT_EQ(ParameterProblems("{values: [1, 2], probabilities: [0.500001, 0.5]}"), "");
}

TEST(SweepConfig, RefusesImpossibleDistributionFields) {
  EXPECT_THAT(ParameterProblems("{distribution: log_uniform_values, min: 0, max: 1}"),
              HasSubstr("needs min above 0"));
  EXPECT_THAT(ParameterProblems("{distribution: q_uniform, min: 0, max: 1, q: 0}"),
              HasSubstr("q 0 is not above 0"));
  EXPECT_THAT(ParameterProblems("{distribution: normal, sigma: -1}"), HasSubstr("below 0"));
  EXPECT_EQ(ParameterProblems("{distribution: normal, sigma: 0}"), "");
  EXPECT_THAT(ParameterProblems("{distribution: beta, a: 0}"), HasSubstr("not above 0"));
}

TEST(SweepConfig, WarnsOfExponentsWithTheEffectiveRange) {
  const std::string problems =
      ParameterProblems("{distribution: log_uniform, min: 0.0001, max: 0.1}");
  EXPECT_THAT(problems, testing::StartsWith("W "));
  EXPECT_THAT(problems, HasSubstr("mean 1.0001 ... 1.1052"));
  EXPECT_THAT(problems, HasSubstr("log_uniform_values"));
}

TEST(SweepConfig, WarnsWhenRoundingLeavesTheRange) {
  EXPECT_THAT(ParameterProblems("{distribution: q_uniform, min: 1, max: 10, q: 4}"),
              HasSubstr("gives 0 ... 8, outside of min and max; values stay in 4 ... 8"));
  EXPECT_EQ(ParameterProblems("{distribution: q_uniform, min: 0.0, max: 1.0, q: 0.1}"), "");
}

TEST(SweepConfig, ChecksNestedParametersAtEveryDepth) {
  const std::string problems = Problems(
      "method: random\nparameters:\n  opt:\n    parameters:\n      lr: {min: 5, max: 3}\n"
      "      inner:\n        parameters:\n          p: {values: [1, 2], probabilities: [1, 1]}\n"
      "          old: {distribution: log_uniform, min: 0, max: 1}\n");
  EXPECT_THAT(problems, HasSubstr("E 5:17 parameters.opt.parameters.lr.min"));
  EXPECT_THAT(problems,
              HasSubstr("E 8:46 parameters.opt.parameters.inner.parameters.p.probabilities"));
  EXPECT_THAT(problems, HasSubstr("W 9:31 "));
}

TEST(SweepConfig, WarnsOfNamesThatAreNone) {
  for (const std::string_view name : {"1a", "a b", "a/b"}) {
    const ParsedSweep parsed =
        InspectSweepConfig(WithParameters("{\"" + std::string(name) + "\": {value: 1}}"));
    ASSERT_EQ(parsed.problems.size(), 1U) << name;
    EXPECT_EQ(parsed.problems[0].severity, Severity::kWarning);
  }
  EXPECT_EQ(Problems(WithParameters("{batch-size: {value: 1}, model.depth: {value: 2}}")), "");
}

TEST(SweepConfig, ChecksMetricAndMetrics) {
  const std::string space = "parameters: {a: {min: 0.0, max: 1.0}}\n";
  EXPECT_THAT(Problems("method: bayes\n" + space),
              HasSubstr("E 1:9 method: method bayes needs a metric"));
  EXPECT_THAT(Problems("method: random\nearly_terminate: {type: hyperband, min_iter: 3}\n" + space),
              HasSubstr("early_terminate needs a metric"));
  EXPECT_THAT(Problems("method: random\nmetric: {name: a, goal: maximise}\n" + space),
              HasSubstr("E 2:25 metric.goal: \"maximise\" is not one of minimize, maximize; did "
                        "you mean \"maximize\"?"));
  EXPECT_THAT(Problems("method: random\nmetric: loss\n" + space), HasSubstr("W 2:9 metric"));
  EXPECT_THAT(Problems("method: random\nmetric: {name: a, impute: wrost}\n" + space),
              HasSubstr("; worst is used; did you mean \"worst\"?"));
  EXPECT_EQ(Problems("method: random\nmetric: {name: a, impute_while_running: false}\n" + space),
            "");
  const std::string both =
      Problems("method: random\nmetric: {name: a}\nmetrics: [{name: a}, {name: b}]\n" + space);
  EXPECT_THAT(both, HasSubstr("`metric` and `metrics` cannot both be set"));
  EXPECT_THAT(Problems("method: random\nmetrics: [{name: a}, {name: b, max: 3}]\n" + space),
              HasSubstr("W 2:10 metrics: `metrics` requires `method: custom` in W&B"));
  EXPECT_EQ(Problems("method: custom\nmetrics: [{name: a}, {name: b, goal: maximize}]\n" + space),
            "");
}

TEST(SweepConfig, RefusesClashesWithScheduler) {
  const std::string rest = "metric: {name: l}\nparameters: {a: {value: 1}}\n";
  EXPECT_THAT(Problems("method: random\nscheduler: {engine: wandb}\nearly_terminate: {type: "
                       "hyperband, min_iter: 3}\n" +
                       rest),
              HasSubstr("`scheduler` and `early_terminate` cannot both be set"));
  EXPECT_THAT(
      Problems("method: random\nscheduler: {engine: wandb}\ncontroller: {type: local}\n" + rest),
      HasSubstr("`scheduler` and `controller.type: local` cannot both be set"));
  EXPECT_EQ(Problems("method: random\nscheduler: {engine: optuna}\n" + rest), "");
  EXPECT_THAT(Problems("method: custom\nscheduler: {engine: wandb}\n" + rest),
              HasSubstr("not custom"));
  EXPECT_EQ(Problems("method: random\nscheduler: {engine: wandb}\n" + rest), "");
}

TEST(SweepConfig, ChecksEarlyTerminate) {
  const auto check = [](std::string_view section) {
    return Problems(std::string(kSound) + "early_terminate: " + std::string(section) + "\n");
  };
  EXPECT_EQ(check("{type: hyperband, min_iter: 3}"), "");
  EXPECT_EQ(check("{type: hyperband, max_iter: 27, s: 2.0}"), "");
  EXPECT_EQ(check("{type: asha, min_iter: 1, max_iter: 81, resource: epoch}"), "");
  EXPECT_THAT(check("{type: asha, min_iter: 9, max_iter: 9}"), HasSubstr("is not below max_iter"));
  EXPECT_THAT(check("{type: model, min_iter: 1, max_iter: 81, eta: 1}"), HasSubstr("eta 1 is not"));
  EXPECT_THAT(check("{type: hyperbnad, min_iter: 3}"), HasSubstr("did you mean \"hyperband\"?"));
  EXPECT_THAT(check("{type: hyperband}"), HasSubstr("needs min_iter, or max_iter together with s"));
  EXPECT_THAT(check("{type: hyperband, max_iter: 27}"), HasSubstr("max_iter needs s"));
  EXPECT_THAT(check("{type: hyperband, max_iter: 27, min_iter: 3}"), testing::StartsWith("W "));
  EXPECT_THAT(check("{type: hyperband, max_iter: 2, s: 1}"), testing::StartsWith("E "));
  EXPECT_THAT(check("{type: hyperband, min_iter: 3, eta: 1}"), HasSubstr("eta 1 is not above 1"));
  EXPECT_THAT(check("{type: hyperband, min_iter: 3, foo: 1}"), HasSubstr("has no key \"foo\""));
}

TEST(SweepConfig, ChecksThatThereIsAModelToJudgeBy) {
  const auto check = [](std::string_view method) {
    return Problems(
        fmt::format("method: {}\nmetric: {{name: loss}}\nparameters: {{x: {{min: 0.0, max: "
                    "1.0}}}}\nearly_terminate: {{type: model, max_iter: 27}}\n",
                    method));
  };
  EXPECT_EQ(check("bayes"), "");
  EXPECT_THAT(check("random"),
              HasSubstr("type model asks the model of bayes, and random has none"));
  EXPECT_EQ(check("random\nregatta: {sampler: bayes}"), "");
  const Result<ParsedSweep> parsed = ParseSweepConfig(
      "method: bayes\nmetric: {name: loss, goal: maximize}\nparameters: {x: {min: "
      "0.0, max: 1.0}}\nearly_terminate: {type: model, max_iter: 27}\n");
  ASSERT_TRUE(parsed);
  const search::StopperOptions options = MakeStopperOptions(parsed->config);
  EXPECT_EQ(options.type, "model");
  EXPECT_EQ(options.eta, 2);
  EXPECT_EQ(options.audit, 0.05);
}

TEST(SweepConfig, SparesRunsByTheSeedOfTheSearch) {
  const std::string text =
      "method: random\nmetric: {name: loss}\nparameters: {x: {min: 0.0, max: "
      "1.0}}\nearly_terminate: {type: asha, min_iter: 1}\n";
  const Result<ParsedSweep> without = ParseSweepConfig(text);
  const Result<ParsedSweep> with = ParseSweepConfig(text + "regatta: {seed: 3}\n");
  ASSERT_TRUE(without && with);
  for (const std::uint64_t row_seed : {7U, 8U}) {
    EXPECT_EQ(MakeStopperOptions(without->config, row_seed).seed, row_seed);
    EXPECT_EQ(MakeStopperOptions(with->config, row_seed).seed, 3);
  }
}

TEST(SweepConfig, GivesHyperbandsBands) {
  const auto bands = [](std::string_view section) {
    const ParsedSweep parsed =
        InspectSweepConfig(std::string(kSound) + "early_terminate: " + std::string(section) + "\n");
    auto all = *search::HyperbandBands(MakeStopperOptions(parsed.config));
    all.resize(std::min<std::size_t>(all.size(), 4));
    return all;
  };
  using testing::ElementsAre;
  EXPECT_THAT(bands("{type: hyperband, min_iter: 3}"), ElementsAre(3, 9, 27, 81));
  EXPECT_THAT(bands("{type: hyperband, min_iter: 30, eta: 1.5}"), ElementsAre(30, 45, 67, 101));
  EXPECT_THAT(bands("{type: hyperband, max_iter: 100, s: 4, eta: 2}"), ElementsAre(6, 12, 25, 50));
  EXPECT_THAT(bands("{type: hyperband, max_iter: 9, s: 10}"), ElementsAre(1, 3));
}

TEST(SweepConfig, RefusesGridsOverAContinuum) {
  EXPECT_THAT(Problems("method: grid\nparameters: {a: {min: 0.0, max: 1.0}, b: {values: [1]}}\n"),
              HasSubstr("E 2:14 parameters.a: method grid cannot list the values of uniform"));
  EXPECT_THAT(Problems("method: grid\nparameters: {a: {values: [1], probabilities: [1]}}\n"),
              HasSubstr("categorical_w_probabilities"));
}

TEST(SweepConfig, RefusesBayesWithNothingToSearch) {
  EXPECT_THAT(Problems("method: bayes\nmetric: {name: l}\nparameters: {a: {value: 1}}\n"),
              HasSubstr("Need at least one searchable parameter for bayes search."));
}

TEST(SweepConfig, RefusesBayesWithProbabilitiesInStrictModeAlone) {
  const std::string text =
      "method: bayes\nmetric: {name: l}\nparameters: {a: {values: [1, 2], probabilities: [0.5, "
      "0.5]}}\n";
  EXPECT_EQ(Problems(text), "");
  EXPECT_THAT(Problems(text, true), HasSubstr("strict mode"));
}

TEST(SweepConfig, ReadsCommands) {
  const auto check = [](std::string_view command) {
    return Problems(std::string(kSound) + "command: " + std::string(command) + "\n");
  };
  EXPECT_EQ(check(R"(["${env}", python3, "${program}", 5, true, "${args_no_boolean_flags}"])"), "");
  EXPECT_THAT(check("python train.py"), testing::StartsWith("W 7:10 command"));
  EXPECT_THAT(check("[\"${progam}\"]"), HasSubstr("E 7:11 command[0]"));
  EXPECT_THAT(check("[\"${program} ${args}\"]"), HasSubstr("E 7:11 command[0]"));
  EXPECT_EQ(check("[python, \"${program}\", \"--n=${learning_rate}\", \"--r=${repeat}\"]"), "");
  EXPECT_THAT(Problems("method: random\ncommand: [\"${program}\"]\nparameters: {a: {value: 1}}\n"),
              HasSubstr("E 2:11 command[0]"));
  EXPECT_EQ(Problems("method: random\nparameters: {a: {value: 1}}\n"), "");
}

TEST(SweepConfig, WarnsOfWidenedFloatsAndReadsThem) {
  const ParsedSweep parsed = InspectSweepConfig(WithParameters("{lr: {min: 1e-5, max: 1e-1}}"));
  EXPECT_FALSE(parsed.has_errors());
  EXPECT_EQ(parsed.problems.size(), 2U);
  EXPECT_EQ(parsed.config.parameters[0].kind, ParameterKind::kUniform);
  EXPECT_TRUE(
      InspectSweepConfig(WithParameters("{lr: {min: 1e-5, max: 1e-1}}"), {true}).has_errors());
}

TEST(RegattaBlock, ReadsEveryKey) {
  const ParsedSweep parsed = InspectSweepConfig(
      std::string(kSound) +
      "regatta:\n  seed: 7\n  repeats: 3\n  constraints: ['learning_rate < 0.05 or optimizer == "
      "\"adam\"']\n"
      "  initial_points: [{learning_rate: 0.01, optimizer: adam}]\n"
      "  prior_sweeps: [team/project/abc123]\n  retry: {lost: 5, oom: 2, failed: 1}\n"
      "  budget: {runs: 200, hours: 12, gpu_hours: 1.5}\n  cost: seconds\n"
      "  kubernetes: {image: x}\n");
  EXPECT_TRUE(parsed.problems.empty()) << ProblemText(parsed.problems[0]);
  const RegattaConfig& block = parsed.config.regatta;
  EXPECT_EQ(block.seed, 7);
  EXPECT_EQ(block.repeats, 3);
  EXPECT_EQ(block.retry.lost, 5);
  EXPECT_EQ(block.budget.gpu_hours, 1.5);
  EXPECT_EQ(block.cost, "seconds");
  EXPECT_EQ(ToJson(block.kubernetes), R"({"image":"x"})");
}

TEST(RegattaBlock, RefusesUnknownKeysWithASuggestion) {
  EXPECT_THAT(Problems(std::string(kSound) + "regatta:\n  sead: 7\n"),
              HasSubstr("E 8:3 regatta.sead: the block regatta has no key \"sead\"; did you mean "
                        "\"seed\"?"));
  EXPECT_THAT(Problems(std::string(kSound) + "regatta: {retry: {lots: 7}}\n"),
              HasSubstr("did you mean \"lost\"?"));
}

TEST(RegattaBlock, PlacesMistakesInConstraintsAndPoints) {
  const auto check = [](std::string_view block) {
    return Problems(std::string(kSound) + "regatta: {" + std::string(block) + "}\n");
  };
  EXPECT_THAT(check("constraints: ['lerning_rate < 1']"),
              HasSubstr("character 1: there is no parameter \"lerning_rate\"; did you mean "
                        "\"learning_rate\"?"));
  EXPECT_THAT(check("constraints: ['learning_rate <']"),
              HasSubstr("character 16: expected a value"));
  EXPECT_THAT(check("constraints: ['learning_rate > 0.2']"),
              HasSubstr("0 of 100000 points tried satisfy the constraints"));
  EXPECT_THAT(check("initial_points: [{optimiser: adam}]"), HasSubstr("optimizer"));
  EXPECT_THAT(check("initial_points: [{learning_rate: 5.0}]"),
              HasSubstr("5.0 is no value of parameter \"learning_rate\""));
  EXPECT_EQ(check("constraints: ['learning_rate == 0.015625'], initial_points: [{learning_rate: "
                  "0.015625}]"),
            "");
}

TEST(RegattaBlock, ReadsAndExplainsAPopulation) {
  const auto parse = [](std::string_view block) {
    return InspectSweepConfig(std::string(kSound) + "regatta: {population: {" + std::string(block) +
                              "}}\n");
  };
  EXPECT_FALSE(InspectSweepConfig(kSound).config.regatta.population);
  const ParsedSweep parsed = parse("explore: pb2, share: 0.25, resample: 0, step: 0.2");
  EXPECT_TRUE(parsed.problems.empty()) << ProblemText(parsed.problems[0]);
  ASSERT_TRUE(parsed.config.regatta.population);
  EXPECT_EQ(parsed.config.regatta.population->explore, PopulationExplore::kPb2);
  EXPECT_EQ(parsed.config.regatta.population->share, 0.25);
  EXPECT_EQ(parsed.config.regatta.population->resample, 0);
  EXPECT_EQ(parsed.config.regatta.population->step, 0.2);
  EXPECT_EQ(parse("").config.regatta.population->explore, PopulationExplore::kPerturb);
}

TEST(RegattaBlock, RefusesAPopulationThatCannotBe) {
  const auto check = [](std::string_view block) {
    return Problems(std::string(kSound) + "regatta: {population: {" + std::string(block) + "}}\n");
  };
  EXPECT_THAT(check("explore: pb3"), HasSubstr("did you mean \"pb2\"?"));
  EXPECT_THAT(check("share: 0.6"), HasSubstr("0.6 is not above 0 and at most 0.5"));
  EXPECT_THAT(check("share: 0"), HasSubstr("0 is not above 0"));
  EXPECT_THAT(check("resample: -0.1"), HasSubstr("-0.1 is not in [0, 1]"));
  EXPECT_THAT(check("step: .nan"), HasSubstr("regatta.population.step"));
  EXPECT_THAT(check("explores: pb2"), HasSubstr("did you mean \"explore\"?"));
}

TEST(RegattaBlock, ChecksWhen) {
  const auto check = [](std::string_view when) {
    return Problems(
        "method: random\nparameters:\n  opt: {values: [adam, sgd]}\n  n: {min: 1, max: 9}\n"
        "  m: {min: 0.0, max: 1.0, when: " +
        std::string(when) + "}\n");
  };
  EXPECT_EQ(check("{opt: sgd}"), "");
  EXPECT_EQ(check("{opt: [sgd], n: {min: 3}}"), "");
  EXPECT_THAT(check("{opt: sdg}"), HasSubstr("did you mean \"sgd\"?"));
  EXPECT_THAT(check("{optt: sgd}"),
              HasSubstr("there is no parameter \"optt\"; did you mean \"opt\"?"));
  EXPECT_THAT(check("{m: 1}"), HasSubstr("leads back to itself"));
  EXPECT_THAT(check("{n: [1, 5]}"), HasSubstr("have gaps"));
  EXPECT_THAT(check("sgd"), HasSubstr("write when: {parent: value}"));
}

}  // namespace
}  // namespace regatta::sweeps
