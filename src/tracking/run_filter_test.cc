// Filters and orders on a handful of runs: each test names a document and the runs that it finds.
#include "regatta/tracking/run_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "regatta/tracking/run_order.h"
#include "test_surroundings.h"

namespace regatta::tracking {
namespace {

using ::testing::HasSubstr;

Run MakeRun(int number) {
  Run run;
  run.id = RunId{number + 1};
  run.name = "r" + std::to_string(number);
  run.display_name = "run " + std::to_string(number);
  run.created_at = Timestamp(std::chrono::seconds(1'767'225'600 + 3600 * number));  // 2026-01-01
  run.heartbeat_at = run.created_at + std::chrono::seconds(number * 10);
  return run;
}

std::vector<Run> Runs() {
  std::vector<Run> runs{MakeRun(0), MakeRun(1), MakeRun(2)};
  runs[0].state = RunState::kFinished;
  runs[0].config_json =
      R"({"lr":{"desc":null,"value":0.1},"opt":{"value":"adam"},"net":{"value":{"depth":4}},"list":{"value":[1,2]},"a.b":{"value":7}})";
  runs[0].summary_json = R"({"loss":NaN,"best":{"acc":0.5},"x.y":3,"big":9007199254740993})";
  runs[0].tags = {"a"};
  runs[0].group = "even";
  runs[0].user = UserId{1};
  runs[1].config_json = R"({"lr":{"value":1e-2},"opt":{"value":"s\u0067d"},"flag":{"value":true}})";
  runs[1].summary_json = R"({"loss":0.25,"best":{"acc":0.75},"big":9007199254740992,"none":null})";
  runs[1].tags = {"a", "b"};
  runs[1].sweep_name = "sw12";
  runs[2].config_json = R"({"lr":{"value":"auto"},"opt":{"value":"adam"}})";
  runs[2].summary_json = R"({"loss":-Infinity})";
  runs[2].group = "even";
  return runs;
}

// The digits of the names of the runs that the filter finds.
std::string Found(std::string_view filter) {
  const Result<RunFilter> parsed = RunFilter::Parse(filter);
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message);
  if (!parsed) return "error";
  const TestSurroundings around;
  std::string found;
  for (const Run& run : Runs()) {
    if (parsed->Matches(run, around)) found += run.name.substr(1);
  }
  return found;
}

std::string Problem(std::string_view filter) {
  const Result<RunFilter> parsed = RunFilter::Parse(filter);
  return parsed ? "none" : parsed.error().message;
}

std::string Ordered(std::string_view order) {
  const Result<RunOrder> parsed = RunOrder::Parse(order);
  EXPECT_TRUE(parsed.has_value()) << order;
  if (!parsed) return "error";
  RunSorter sorter(*parsed);
  const TestSurroundings around;
  for (const Run& run : Runs()) sorter.Add(run, around);
  std::string sorted;
  for (const RunId run : sorter.TakeSorted()) sorted += std::to_string(ToInt(run) - 1);
  return sorted;
}

TEST(RunFilter, MatchesEverythingWithoutADocument) {
  for (const char* filter : {"", "  ", "{}", "null", R"({"$and":[]})"}) {
    EXPECT_EQ(Found(filter), "012") << filter;
  }
}

TEST(RunFilter, FindsByConfigWithAndWithoutTheWrapping) {
  for (const char* name : {"config.lr", "config.lr.value"}) {
    const std::string key = "{\"" + std::string(name) + "\":";
    EXPECT_EQ(Found(key + "0.1}"), "0");
    EXPECT_EQ(Found(key + "{\"$lt\":1}}"), "01") << "texts have no order among numbers";
    EXPECT_EQ(Found(key + "\"auto\"}"), "2");
  }
  for (const char* name : {"net.depth", "net.value.depth", "net.depth.value"}) {
    EXPECT_EQ(Found("{\"config." + std::string(name) + "\":4}"), "0") << name;
  }
  EXPECT_EQ(Found(R"({"config.a.b":7})"), "0");
  EXPECT_EQ(Found(R"({"config.a.b.value":7})"), "0");
  EXPECT_EQ(Found(R"({"config.opt":"sgd"})"), "1") << "escapes are read";
  EXPECT_EQ(Found(R"({"config.flag":true})"), "1");
}

TEST(RunFilter, FindsBySummaryNestedAndLiterallyDotted) {
  EXPECT_EQ(Found(R"({"summary_metrics.best.acc":{"$gte":0.5}})"), "01");
  EXPECT_EQ(Found(R"({"summaryMetrics.x.y":3})"), "0");
  EXPECT_EQ(Found(R"({"summary_metrics.loss":{"$lte":0.25}})"), "12") << "NaN is no number";
  EXPECT_EQ(Found(R"({"keys_info.keys.x.y":{"$exists":true}})"), "0");
}

TEST(RunFilter, ComparesLargeIntegersExactly) {
  EXPECT_EQ(Found(R"({"summary_metrics.big":9007199254740993})"), "0");
  EXPECT_EQ(Found(R"({"summary_metrics.big":{"$gt":9007199254740992}})"), "0");
}

TEST(RunFilter, TellsNullMissingAndPresentApart) {
  EXPECT_EQ(Found(R"({"summary_metrics.none":{"$exists":true}})"), "1");
  EXPECT_EQ(Found(R"({"summary_metrics.none":null,"name":"r1"})"), "1");
  EXPECT_EQ(Found(R"({"group":null})"), "1");
  EXPECT_EQ(Found(R"({"group":""})"), "1");
  EXPECT_EQ(Found(R"({"group":{"$ne":null}})"), "02");
  EXPECT_EQ(Found(R"({"sweep":{"$in":["sw12",null]}})"), "012");
  EXPECT_EQ(Found(R"({"sweep":{"$exists":false}})"), "02");
}

TEST(RunFilter, TakesTagsAndListsByWhatTheyContain) {
  EXPECT_EQ(Found(R"({"tags":"b"})"), "1");
  EXPECT_EQ(Found(R"({"tags":{"$in":["a","z"]}})"), "01");
  EXPECT_EQ(Found(R"({"tags":{"$nin":["b"]}})"), "02");
  EXPECT_EQ(Found(R"({"tags":["a","b"]})"), "1");
  EXPECT_EQ(Found(R"({"config.list":2})"), "0");
  EXPECT_EQ(Found(R"({"config.list":{"$contains":1}})"), "0");
  EXPECT_EQ(Found(R"({"config.list":[1,2]})"), "0");
}

TEST(RunFilter, CombinesConditions) {
  EXPECT_EQ(Found(R"({"$or":[{"config.opt":"sgd"},{"group":"even","state":"running"}]})"), "12");
  EXPECT_EQ(Found(R"({"$nor":[{"name":"r0"},{"name":"r1"}]})"), "2");
  EXPECT_EQ(Found(R"({"$not":{"config.opt":"adam"}})"), "1");
  EXPECT_EQ(Found(R"({"config.lr":{"$not":{"$gt":0.05}}})"), "12");
  EXPECT_EQ(Found(R"({"config.lr":{"$gt":0.001,"$lt":0.05}})"), "1");
  EXPECT_EQ(Found(R"({"$or":[]})"), "");
}

TEST(RunFilter, SearchesTextsByRegularExpression) {
  EXPECT_EQ(Found(R"({"display_name":{"$regex":"un [12]"}})"), "12");
  EXPECT_EQ(Found(R"({"display_name":{"$regex":"RUN 0","$options":"i"}})"), "0");
  EXPECT_EQ(Found(R"({"name":{"$not":{"$regex":"^r[01]$"}}})"), "2");
  EXPECT_EQ(Found(R"({"display_name":{"$contains":"n 1"}})"), "1");
}

TEST(RunFilter, AnswersACatastrophicPatternAtOnce) {
  tracking::Run run = MakeRun(0);
  run.display_name = std::string(100'000, 'a');
  const Result<RunFilter> filter = RunFilter::Parse(R"({"display_name":{"$regex":"^(a+)+b$"}})");
  ASSERT_TRUE(filter.has_value());
  EXPECT_FALSE(filter->Matches(run, TestSurroundings()));
}

TEST(RunFilter, ComparesTimesHoweverTheyAreWritten) {
  EXPECT_EQ(Found(R"({"created_at":{"$gte":"2026-01-01T01:00:00"}})"), "12");
  EXPECT_EQ(Found(R"({"createdAt":{"$gt":"2026-01-01T01:00:00.000Z"}})"), "2");
  EXPECT_EQ(Found(R"({"createdAt":{"$lt":"2026-01-01"}})"), "");
  EXPECT_EQ(Found(R"({"createdAt":"2026-01-01T00:00:00+00:00"})"), "0");
  EXPECT_EQ(Found(R"({"duration":{"$gte":10}})"), "12");
}

TEST(RunFilter, AsksTheSurroundingsForWhatARunDoesNotHold) {
  EXPECT_EQ(Found(R"({"user.username":"ann"})"), "0");
  EXPECT_EQ(Found(R"({"entity":"team","project":"demo","historyLineCount":{"$gt":10}})"), "12");
}

TEST(RunFilter, TakesAnUnknownFieldAsMissing) {
  EXPECT_EQ(Found(R"({"colour":"red"})"), "");
  EXPECT_EQ(Found(R"({"colour":null})"), "012");
}

TEST(RunFilter, TellsWhatEveryRunOfItMustHave) {
  const Result<RunFilter> filter =
      RunFilter::Parse(R"({"$and":[{"sweep":"sw12"},{"name":{"$in":["r1","r2"]}}]})");
  ASSERT_TRUE(filter.has_value());
  EXPECT_EQ(filter->required_sweep(), "sw12");
  EXPECT_EQ(filter->required_names()->size(), 2u);
  EXPECT_FALSE(RunFilter::Parse(R"({"$or":[{"sweep":"a"}]})")->required_sweep().has_value());
  EXPECT_FALSE(RunFilter::Parse(R"({"name":{"$nin":["a"]}})")->required_names().has_value());
  EXPECT_FALSE(RunFilter::Parse(R"({"sweep":null})")->required_sweep().has_value());
}

TEST(RunFilter, NamesThePlaceOfAMistake) {
  EXPECT_THAT(Problem(R"({"$and":[{},{"config.lr":{"$gtt":1}}]})"), HasSubstr("$and[1].config.lr"));
  EXPECT_THAT(Problem(R"({"$and":[{},{"config.lr":{"$gtt":1}}]})"),
              HasSubstr("\"$gtt\" is no operator"));
  EXPECT_THAT(Problem(R"({"$or":{}})"), HasSubstr("$or: takes a list"));
  EXPECT_THAT(Problem(R"({"name":{"$in":"r0"}})"), HasSubstr("name.$in: takes a list"));
  EXPECT_THAT(Problem(R"({"name":{"$regex":"("}})"), HasSubstr("missing )"));
  EXPECT_THAT(Problem(R"({"name":{"$exists":1}})"), HasSubstr("true or false"));
  EXPECT_THAT(Problem(R"({"name")"), HasSubstr("not a JSON document"));
  EXPECT_THAT(Problem(R"([])"), HasSubstr("document {...} belongs"));
}

TEST(RunFilter, BoundsItsConditions) {
  std::string filter = "{\"$or\":[{\"name\":\"x\"}";
  for (int i = 0; i < 3000; ++i) filter += ",{\"name\":\"x\"}";
  EXPECT_THAT(Problem(filter + "]}"), HasSubstr("more than 2000 conditions"));
}

TEST(RunOrder, SortsInBothDirections) {
  EXPECT_EQ(Ordered(""), "012");
  EXPECT_EQ(Ordered("+created_at"), "012");
  EXPECT_EQ(Ordered("-created_at"), "210");
  EXPECT_EQ(Ordered("-display_name"), "210");
  EXPECT_EQ(Ordered("+config.lr.value"), "102") << "numbers before texts";
}

TEST(RunOrder, PutsNanAndMissingLastInBothDirections) {
  EXPECT_EQ(Ordered("+summary_metrics.loss"), "210");
  EXPECT_EQ(Ordered("-summary_metrics.loss"), "120");
  EXPECT_EQ(Ordered("+summary_metrics.best.acc"), "012");
  EXPECT_EQ(Ordered("-summary_metrics.best.acc"), "102");
}

TEST(RunOrder, BreaksTiesByTheNextKeyThenByCreation) {
  EXPECT_EQ(Ordered("+group"), "021");
  EXPECT_EQ(Ordered("+group, -name"), "201");
  EXPECT_EQ(Ordered("-state,-config.opt"), "120") << "running before finished, sgd before adam";
}

TEST(RunOrder, RefusesAnUnknownField) {
  const Result<RunOrder> order = RunOrder::Parse("+created_at,-losss");
  ASSERT_FALSE(order.has_value());
  EXPECT_NE(order.error().message.find("\"losss\" is no field"), std::string::npos);
}

}  // namespace
}  // namespace regatta::tracking
