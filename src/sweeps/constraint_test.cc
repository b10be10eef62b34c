// The constraint language: Python's meaning of each operator, and errors that point at the
// character.
#include "regatta/sweeps/constraint.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace regatta::sweeps {
namespace {

// "true", "false", or the message.
std::string Evaluate(std::string_view text, const std::string& point_json = "{}") {
  const Result<Constraint> constraint = Constraint::Parse(text);
  if (!constraint) {
    return constraint.error().message;
  }
  const Value point = *ParseJson(point_json);
  const Result<bool> holds =
      constraint->IsSatisfied([&point](std::string_view name) { return point.Find(name); });
  if (!holds) {
    return holds.error().message;
  }
  return *holds ? "true" : "false";
}

TEST(Constraint, CalculatesLikePython) {
  for (const std::string_view text : {"1 + 2 * 3 == 7",
                                      "(1 + 2) * 3 == 9",
                                      "2 ** 3 ** 2 == 512",
                                      "-2 ** 2 == -4",
                                      "2 ** -1 == 0.5",
                                      "7 // 2 == 3",
                                      "-7 // 2 == -4",
                                      "-7 % 3 == 2",
                                      "7 % -3 == -2",
                                      "7 / 2 == 3.5",
                                      "1 < 2 < 3",
                                      "not 1 > 2",
                                      "1 == 1 and 2 == 2",
                                      "1 == 2 or 2 == 2",
                                      "not 1 == 2 and 1 == 1",
                                      "3 in [1, 2, 3]",
                                      "3 not in (1, 2)",
                                      "'da' in 'adam'",
                                      "min(3, 1, 2) == 1",
                                      "max([3, 1]) == 3",
                                      "abs(-2) == 2",
                                      "sqrt(9) == 3",
                                      "log(exp(1)) == 1",
                                      "log2(8) == 3",
                                      "log10(1000) == 3",
                                      "floor(-1.5) == -2",
                                      "ceil(1.2) == 2",
                                      "round(2.5) == 2",
                                      "round(3.5) == 4",
                                      "len('äb') == 2",
                                      "True == 1",
                                      "1e3 == 1000",
                                      ".5 * 2 == 1",
                                      "1 != 2",
                                      "'a' < 'b'",
                                      "2 >= 2"}) {
    EXPECT_EQ(Evaluate(text), "true") << text;
  }
  for (const std::string_view text :
       {"1 > 2", "3 > 2 > 2", "3 in [1, 2]", "not True", "'1' == 1", "None == 0"}) {
    EXPECT_EQ(Evaluate(text), "false") << text;
  }
}

TEST(Constraint, ReadsParametersByDottedName) {
  const std::string point = R"({"batch_size": 64, "accumulate": 32, "optimizer": "sgd",
      "momentum": 0.0, "model.depth": 4, "batch-size": 5})";
  EXPECT_EQ(Evaluate("batch_size * accumulate <= 4096", point), "true");
  EXPECT_EQ(Evaluate("batch_size * accumulate <= 2047", point), "false");
  EXPECT_EQ(Evaluate("optimizer != \"sgd\" or momentum > 0", point), "false");
  EXPECT_EQ(Evaluate("model.depth == 4", point), "true");
  EXPECT_EQ(Evaluate("`batch-size` == 5", point), "true");
}

TEST(Constraint, HoldsWhenAParameterIsInactive) {
  EXPECT_EQ(Evaluate("momentum > 5 and 1 > 2", "{}"), "true");
}

TEST(Constraint, HasNoValueWhereMathematicsHasNone) {
  EXPECT_NE(Evaluate("1 / a > 0", R"({"a": 0})").find("division by zero"), std::string::npos);
  EXPECT_NE(Evaluate("log(a) > 0", R"({"a": 0})").find("finite"), std::string::npos);
  EXPECT_NE(Evaluate("a < 1", R"({"a": "x"})").find("ordered"), std::string::npos);
  EXPECT_EQ(Evaluate("a == 0 or 1 / a > 0", R"({"a": 0})"), "true");
}

TEST(Constraint, PointsAtTheMistake) {
  EXPECT_EQ(Evaluate("a = 1"),
            "column 3: expected an operator or the end, found \"=\"; to compare write ==");
  EXPECT_EQ(Evaluate("a * (b + 1 > 3"), "column 15: expected \")\", found the end");
  EXPECT_EQ(Evaluate("sqr(a) > 1"),
            "column 1: there is no function \"sqr\"; did you mean \"sqrt\"?");
  EXPECT_EQ(Evaluate("a > 'x"), "column 5: the string is not closed");
  EXPECT_EQ(Evaluate("a > 1 && b"),
            "column 7: expected an operator or the end, found \"&&\"; write and");
  EXPECT_EQ(Evaluate(""), "column 1: expected a value, found the end");
  EXPECT_EQ(Evaluate("2x > 1"), "column 2: a letter right after a number");
  EXPECT_EQ(Evaluate("__import__('os')"),
            "column 1: there is no function \"__import__\"; use one of "
            "min, max, abs, sqrt, log, log2, log10, exp, floor, "
            "ceil, round, len");
}

TEST(Constraint, IsBounded) {
  EXPECT_NE(Evaluate(std::string(100, '(') + "1" + std::string(100, ')')).find("deeper"),
            std::string::npos);
  EXPECT_NE(Evaluate(std::string(100, '-') + "1 > 0").find("deeper"), std::string::npos);
  EXPECT_NE(Evaluate(std::string(3000, ' ')).find("2000"), std::string::npos);
  std::string sum = "1";
  for (int i = 0; i < 600; ++i) {
    sum += "+1";
  }
  EXPECT_NE(Evaluate(sum + ">0").find("split"), std::string::npos);
}

TEST(Constraint, ChecksNamesAndTypesAgainstTheSpace) {
  const std::vector<Value> optimizers = {Value::String("adam"), Value::String("sgd")};
  const std::vector<std::string_view> known = {"optimizer", "lr"};
  const auto types = [&](std::string_view name) -> std::optional<ConstraintTypes> {
    if (name == "optimizer") {
      return ConstraintTypes{.string = true, .values = optimizers};
    }
    return name == "lr" ? std::optional(ConstraintTypes{.number = true}) : std::nullopt;
  };
  const auto check = [&](std::string_view text) -> std::string {
    const auto error = Constraint::Parse(text)->CheckTypes(types, known);
    return error ? std::to_string(error->column) + ": " + error->message + error->suggestion : "";
  };
  EXPECT_EQ(check("lr > 0 and optimizer == 'sgd'"), "");
  EXPECT_EQ(check("1 > 0 and optmizer == 'sgd'"),
            "11: there is no parameter \"optmizer\"did you mean \"optimizer\"?");
  EXPECT_EQ(check("optimizer == 'sdg'"),
            "14: \"sdg\" is never a value of \"optimizer\"did you mean \"sgd\"?");
  EXPECT_EQ(check("optimizer in ['adam', 'x']"),
            "23: \"x\" is never a value of \"optimizer\"use one "
            "of adam, sgd");
  EXPECT_EQ(check("optimizer + 1 > 2"), "1: \"optimizer\" is a string, and a number is needed");
  EXPECT_EQ(check("optimizer > lr"), "11: a string cannot be compared with a number");
  EXPECT_EQ(check("lr == 'x'"), "4: the two sides can never be equal: a number and a string");
  EXPECT_EQ(check("lr + 1"),
            "4: the constraint is no comparison, so it is neither true nor "
            "falsecompare it with something, e.g. <= 100");
}

}  // namespace
}  // namespace regatta::sweeps
