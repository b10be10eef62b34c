#include "dialogue.h"

#include <gmock/gmock.h>

#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "need.h"
#include "regatta/search/distribution.h"

namespace regatta::bench {
namespace {

using search::Distribution;
using search::Parameter;
using search::SearchSpace;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Its value is that of x; it crashes below 0.
Task MakeTask() {
  Parameter child{"child", Need(Distribution::Levels({1, 2, 4})), {}, {}};
  child.conditions.push_back({.parent = "kind", .categories = {1}});
  auto space = SearchSpace::Create({{"x", Need(Distribution::Uniform(-1, 1)), {}, {}},
                                    {"n", Need(Distribution::IntUniform(0, 9)), {}, {}},
                                    {"kind", Need(Distribution::Categorical(2)), {}, {}},
                                    std::move(child)});
  Task task{"small", Need(std::move(space)), {}, 0, 0.5, 0, true, {}};
  task.value = [](const search::Point& point) {
    const double x = search::AsNumber(*point[0]);
    return x < 0 ? std::numeric_limits<double>::infinity() : x;
  };
  return task;
}

// What is answered, without the lines that describe the space.
std::vector<std::string> Answers(const std::string& text) {
  std::istringstream in(text);
  std::stringstream out;
  Converse(MakeTask(), 1, in, out);
  std::vector<std::string> lines;
  for (std::string line; std::getline(out, line);) {
    lines.push_back(line);
  }
  lines.erase(lines.begin(), lines.begin() + 6);
  return lines;
}

TEST(Dialogue, DescribesTheSpace) {
  std::istringstream in("end\n");
  std::ostringstream out;
  Converse(MakeTask(), 1, in, out);
  EXPECT_EQ(out.str(),
            "small,conditional\n4\nx uniform -1 1\nn int_uniform 0 9\nkind categorical 2\n"
            "child categorical 3 1 2 4 when kind 1\n\n");
}

TEST(Dialogue, AnswersValuesWithTheirObservationAndTheEndWithTheRegrets) {
  EXPECT_THAT(Answers("0.25 3 0 -\n-0.5 3 1 2\n0.125 3.0 1 0\nend\n0.1 3 0 -\n"),
              ElementsAre("0.25", "crash", "0.125", "0.5 0.5 0.25"));
}

TEST(Dialogue, EndsWithItsInput) { EXPECT_THAT(Answers("0.25 3 0 -"), ElementsAre("0.25", "0.5")); }

TEST(Dialogue, AnswersEachBadLineWithItsNumberAndGoesOn) {
  EXPECT_THAT(
      Answers("zero 3 0 -\n0.25 3.5 0 -\n0.25 3 red -\n0.25 99999999999999999999 0 -\nnan 3 0 -\n"
              "0.25 3 0\n0.25 3 0 - 1\n\n0.25 3 1 -\n0.25 12 0 -\n0.25 3 0 -\n"),
      ElementsAre(
          R"(error line 1: parameter "x": expected a number and found "zero")",
          R"(error line 2: parameter "n": expected a whole number and found "3.5")",
          R"(error line 3: parameter "kind": expected the number of an item and found "red")",
          StartsWith(R"(error line 4: parameter "n": )"),
          R"(error line 5: parameter "x": expected a number and found "nan")",
          HasSubstr("line 6: found 3 values for 4 parameters"),
          HasSubstr("line 7: found 5 values for 4 parameters"),
          HasSubstr("line 8: found 0 values for 4 parameters"),
          R"(error line 9: parameter "child" has no value)",
          HasSubstr(R"(line 10: parameter "n": the value 12 lies outside its range)"), "0.25",
          "0.5"));
}

}  // namespace
}  // namespace regatta::bench
