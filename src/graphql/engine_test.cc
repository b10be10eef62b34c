// The engine against the specification's rules and the dialect that real clients speak: each test
// sends a document to the fixture's service and reads the text of the answer.

#include <gmock/gmock.h>

#include "graphql_fixture.h"

namespace regatta::graphql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Ask(std::string query, std::string_view variables = "null", std::string name = "") {
  return regatta::graphql::Ask(*TestEngine(), std::move(query), variables, std::move(name));
}

TEST(Execution, AnswersAliasesFragmentsAndTypename) {
  EXPECT_EQ(Ask("#graphql\nquery Q { r: run { ...F ... on Run { steps } __typename } } "
                "fragment F on Run { id, ...G } fragment G on Run { title: name }"),
            R"({"data":{"r":{"id":"1","title":"one","steps":5000000000,"__typename":"Run"}}})");
}

TEST(Execution, SplicesJsonAndWritesListsEnumsAndFloats) {
  EXPECT_EQ(
      Ask("{run{config tags status best}}"),
      R"({"data":{"run":{"config":{"lr":1e-3},"tags":["a","b"],"status":"RUNNING","best":0.5}}})");
}

TEST(Execution, ReadsRecordsFieldByField) {
  EXPECT_EQ(Ask("{project{runs{edges{cursor node{id}} pageInfo{hasNextPage endCursor}}}}"),
            R"({"data":{"project":{"runs":{"edges":[{"cursor":"c","node":{"id":"1"}}],)"
            R"("pageInfo":{"hasNextPage":false,"endCursor":null}}}}})");
}

TEST(Execution, ResolvesInterfacesAndUnionsByTheObjectsType) {
  EXPECT_EQ(Ask("{node(id:5){id ... on Run{name} __typename} thing(project:true){__typename ... on "
                "Node{id} ... on Run{name}}}"),
            R"({"data":{"node":{"id":"1","name":"one","__typename":"Run"},)"
            R"("thing":{"__typename":"Project","id":"p"}}})");
}

TEST(Execution, MergesSelectionsOfOneKey) {
  EXPECT_EQ(Ask("{run{parent{id}} run{parent{name}}}"),
            R"({"data":{"run":{"parent":{"id":"1","name":"one"}}}})");
}

TEST(Execution, SkipsAndIncludesByLiteralAndVariable) {
  EXPECT_EQ(Ask("query($v:Boolean!){run{id @include(if:$v) name @skip(if:$v) steps "
                "@include(if:false) state @include(if: true)}}",
                R"({"v":false})"),
            R"({"data":{"run":{"name":"one","state":"running"}}})");
}

TEST(Execution, RunsMutationsInOrder) {
  EXPECT_EQ(Ask("mutation{a:bump b:bump c:bump}"), R"({"data":{"a":1,"b":2,"c":3}})");
}

TEST(Execution, TellsAbsentFromNull) {
  const std::string query =
      "mutation($t:[String!]){upsert(input:{name:\"x\" tags:$t}){echo inserted}}";
  EXPECT_THAT(Ask(query), HasSubstr(R"("echo":"absent","inserted":false)"));
  EXPECT_THAT(Ask(query, R"({"t":null})"), HasSubstr(R"("echo":"null")"));
  EXPECT_THAT(Ask(query, R"({"t":[]})"), HasSubstr(R"("echo":"set")"));
}

TEST(Execution, LooksAheadThroughFragments) {
  EXPECT_THAT(Ask("{selected{name ...F}} fragment F on Run{parent{x:name}}"), HasSubstr("yes"));
  EXPECT_THAT(Ask("{selected{name parent{id}}}"), HasSubstr(R"("name":"no")"));
}

TEST(NullPropagation, AnErrorMakesANullableFieldNull) {
  EXPECT_EQ(Ask("{run{id broken}}"),
            R"({"data":{"run":{"id":"1","broken":null}},"errors":[{"message":"no such part",)"
            R"("locations":[{"line":1,"column":9}],"path":["run","broken"],)"
            R"("extensions":{"code":"NOT_FOUND"}}]})");
}

TEST(NullPropagation, ANonNullFieldTakesItsParentAway) {
  EXPECT_THAT(Ask("{a:run{id} run{id brokenNonNull}}"),
              HasSubstr(R"({"data":{"a":{"id":"1"},"run":null},"errors":[{"message":)"
                        R"("Cannot return null for non-nullable field Run.brokenNonNull.")"));
}

TEST(NullPropagation, StopsAtTheItemOfANullableList) {
  EXPECT_THAT(Ask("{runs(count:2){brokenNonNull}}"), HasSubstr(R"({"data":{"runs":[null,null]})"));
  EXPECT_THAT(Ask("{runs(count:2){brokenNonNull}}"),
              HasSubstr(R"("path":["runs",1,"brokenNonNull"])"));
  EXPECT_THAT(Ask("{strictList{brokenNonNull}}"), HasSubstr(R"({"data":{"strictList":null})"));
}

TEST(NullPropagation, ReachesTheRoot) {
  EXPECT_THAT(Ask("{run{id} strictRun{brokenNonNull}}"), HasSubstr(R"({"data":null,"errors")"));
}

TEST(Unsupported, RejectsBeforeAnythingRunsAndNamesTheField) {
  TestRequest context;
  const auto engine = TestEngine();
  const Response response = engine->Execute(Request{"{run{id later}}", "", {}}, context);
  EXPECT_EQ(response.http_status, 400);
  EXPECT_EQ(response.error_code, ErrorCode::kUnsupported);
  EXPECT_EQ(response.error_message, "Run.later is not supported by this server yet");
  EXPECT_THAT(response.body, HasSubstr(R"("code":"UNSUPPORTED")"));
  EXPECT_THAT(response.body, Not(HasSubstr("data")));
}

TEST(Unsupported, IsNoMatterWhenTheFieldIsSkipped) {
  EXPECT_EQ(Ask("{run{id later @include(if:false)}}"), R"({"data":{"run":{"id":"1"}}})");
}

TEST(Unsupported, CoverageListsEveryField) {
  int missing = 0;
  const auto engine = TestEngine();
  for (const FieldCoverage& field : engine->Coverage()) {
    missing += field.has_resolver ? 0 : 1;
    EXPECT_EQ(field.has_resolver, field.field != "later") << field.type << "." << field.field;
  }
  EXPECT_EQ(missing, 1);
}

TEST(Dialect, AnEmptyOperationNameMeansTheOnlyOne) {
  EXPECT_EQ(Ask("query Q{run{id}}", "null", ""), R"({"data":{"run":{"id":"1"}}})");
  EXPECT_THAT(Ask("query Q{run{id}} query R{run{id}}"), HasSubstr("Must provide operation name"));
  EXPECT_EQ(Ask("query Q{run{id}} query R{run{name}}", "null", "R"),
            R"({"data":{"run":{"name":"one"}}})");
  EXPECT_THAT(Ask("query Q{run{id}}", "null", "X"), HasSubstr("Unknown operation named"));
}

TEST(Dialect, IgnoresUndeclaredAndUnusedVariables) {
  EXPECT_EQ(Ask("query($unused:String){run{id}}", R"({"unused":null,"entity":"me"})"),
            R"({"data":{"run":{"id":"1"}}})");
}

TEST(Dialect, AcceptsUnusedFragments) {
  EXPECT_EQ(Ask("{run{id}} fragment F on Run{name}"), R"({"data":{"run":{"id":"1"}}})");
}

TEST(Dialect, TurnsASingleValueIntoAList) {
  EXPECT_EQ(Ask("query($specs:[JSON!]!){run{sampled(specs:$specs)}}", R"({"specs":"{}"})"),
            R"({"data":{"run":{"sampled":["{}"]}}})");
  EXPECT_EQ(Ask("query($spec:JSON!){run{sampled(specs:[$spec])}}", R"({"spec":{"k":1}})"),
            R"({"data":{"run":{"sampled":[{"k":1}]}}})");
}

TEST(Dialect, TakesANullableVariableInANonNullPlaceWhenItHasAValue) {
  const std::string query = "query($n:Int){runs(count:$n){id}}";
  EXPECT_EQ(Ask(query, R"({"n":1})"), R"({"data":{"runs":[{"id":"0"}]}})");
  EXPECT_THAT(Ask(query, R"({"n":null})"), HasSubstr("found null"));
  EXPECT_THAT(Ask(query), HasSubstr("was not provided a runtime value"));
}

TEST(Coercion, KeepsIntegersAndKnowsTheirRange) {
  EXPECT_EQ(Ask("query($b:Int64){echo(big:$b)}", R"({"b":9007199254740993})"),
            R"({"data":{"echo":"big=9007199254740993;"}})");
  EXPECT_EQ(Ask("{echo(big:9007199254740993 f:3 id:7 i:-1)}"),
            R"({"data":{"echo":"i=-1;f=3.0;id=\"7\";big=9007199254740993;"}})");
  EXPECT_THAT(FirstError("query($i:Int){echo(i:$i)}", R"({"i":2147483648})"),
              HasSubstr("does not fit 32 bits"));
  EXPECT_THAT(FirstError("{echo(i:2147483648)}"), HasSubstr("does not fit 32 bits"));
}

TEST(Coercion, RefusesWrongKinds) {
  for (const char* query : {"{echo(i:\"1\")}", "{echo(s:1)}", "{echo(s:RUNNING)}", "{echo(b:1)}",
                            "{echo(e:\"RUNNING\")}", "{echo(e:NOPE)}", "{echo(i:1.5)}",
                            "{echo(need:null)}", "{echo(list:[\"a\"])}", "{echo(input:{nope:1})}",
                            "{echo(input:{inner:{}})}", "{echo(id:1.5)}", "{echo(f:1e999)}"}) {
    EXPECT_NE(FirstError(query), "") << query;
  }
}

TEST(Coercion, FillsDefaultsOfInputObjects) {
  EXPECT_EQ(Ask("{echo(input:{inner:{a:3}})}"),
            R"({"data":{"echo":"input={\"debug\":false,\"inner\":{\"a\":3,\"b\":[1,2]}};"}})");
}

TEST(Coercion, VariablesNameThePlaceOfTheMistake) {
  EXPECT_THAT(FirstError("query($i:UpsertInput!){echo(input:$i)}", R"({"i":{"nope":1}})"),
              HasSubstr("\"nope\" is not defined by type \"UpsertInput\""));
  EXPECT_THAT(FirstError("query($i:UpsertInput!){echo(input:$i)}"),
              HasSubstr("Variable \"$i\" of required type \"UpsertInput!\" was not provided."));
}

TEST(Coercion, DropsUnknownInputFieldsOnRequest) {
  EngineOptions options;
  options.ignore_unknown_input_fields = true;
  const auto engine = TestEngine(options);
  EXPECT_EQ(regatta::graphql::Ask(*engine, "query($i:UpsertInput){echo(input:$i)}",
                                  R"({"i":{"nope":1,"name":"x"}})"),
            R"({"data":{"echo":"input={\"name\":\"x\",\"debug\":false};"}})");
}

TEST(Introspection, AnswersTheProbesOfClients) {
  EXPECT_EQ(Ask("query P { I: __type(name: \"UpsertInput\") { name inputFields { name } } "
                "N: __type(name: \"Nope\") { name } Q: __type(name:\"PageInfo\"){fields{name}} }"),
            R"({"data":{"I":{"name":"UpsertInput","inputFields":[{"name":"name"},{"name":"tags"},)"
            R"({"name":"debug"},{"name":"inner"},{"name":"minStep"}]},"N":null,)"
            R"("Q":{"fields":[{"name":"hasNextPage"},{"name":"endCursor"}]}}})");
}

TEST(Introspection, TellsWrappersDefaultsAndDeprecation) {
  EXPECT_THAT(Ask("{__type(name:\"Inner\"){inputFields{name defaultValue type{kind name "
                  "ofType{kind name}}}}}"),
              HasSubstr(R"({"name":"b","defaultValue":"[1, 2]","type":{"kind":"LIST","name":null,)"
                        R"("ofType":{"kind":"NON_NULL","name":null}}})"));
  EXPECT_THAT(Ask("{__type(name:\"Run\"){fields{name}}}"), Not(HasSubstr("\"state\"")));
  EXPECT_THAT(Ask("{__type(name:\"Run\"){fields(includeDeprecated:true){name deprecationReason}}}"),
              HasSubstr(R"({"name":"state","deprecationReason":"use status"})"));
  EXPECT_THAT(Ask("{__type(name:\"Thing\"){kind possibleTypes{name}}}"),
              HasSubstr(R"("UNION","possibleTypes":[{"name":"Run"},{"name":"Project"}])"));
}

TEST(Introspection, AnswersTheWholeSchema) {
  const std::string all =
      Ask("{__schema{queryType{name} mutationType{name} subscriptionType{name} types{kind name "
          "fields{name args{name type{name}} type{name}} interfaces{name} enumValues{name}} "
          "directives{name locations args{name}}}}");
  EXPECT_THAT(all, HasSubstr(R"("queryType":{"name":"Query"},"mutationType":{"name":"Mutation"})"));
  EXPECT_THAT(all, Not(HasSubstr("errors")));
  EXPECT_TRUE(ParseJson(all).has_value());
}

TEST(Limits, StopAHugeAnswer) {
  EngineOptions options;
  options.max_fields = 100;
  EXPECT_THAT(
      regatta::graphql::Ask(*TestEngine(options), "{runs(count:1000){id}}"),
      HasSubstr(R"({"data":null,"errors":[{"message":"the answer has more than 100 fields)"));
}

TEST(Limits, HoldForWhatTheLastFieldAdds) {
  EngineOptions options;
  options.max_response_bytes = 1'000;
  const auto engine = TestEngine(options);
  const std::string text(2'000, 'x');
  const Response response = engine->Execute({.query = "{echo(s:\"" + text + "\")}"});
  EXPECT_EQ(response.error_code, ErrorCode::kResourceExhausted);
  EXPECT_NE(response.error_message.find("1000 bytes"), std::string::npos) << response.error_message;
  EXPECT_LT(response.body.size(), 1'000U);
}

TEST(Limits, AnswersShareABoundedMemoryUntilTheyAreLetGo) {
  EngineOptions options;
  options.max_responses_bytes = std::size_t{3} << 20;
  const auto engine = TestEngine(options);
  const std::string large = "{runs(count:100000){name}}";  // some 1.5 MB, so two steps
  std::optional<Response> first = engine->Execute({.query = large});
  ASSERT_FALSE(first->had_errors) << first->error_message;
  ASSERT_GT(first->body.size(), std::size_t{1} << 20);
  const Response refused = engine->Execute({.query = large});
  EXPECT_EQ(refused.error_code, ErrorCode::kUnavailable) << refused.error_message;
  EXPECT_FALSE(engine->Execute({.query = "{run{name}}"}).had_errors) << "small ones go on";
  first.reset();
  EXPECT_FALSE(engine->Execute({.query = large}).had_errors);
}

TEST(Limits, StopDeepFragments) {
  std::string query = "{run{...F0}}";
  for (int i = 0; i < 90; ++i) {
    query +=
        "fragment F" + std::to_string(i) + " on Run{parent{...F" + std::to_string(i + 1) + "}}";
  }
  query += "fragment F90 on Run{id}";
  EXPECT_THAT(Ask(query), HasSubstr("nests deeper than the limit"));
}

TEST(Limits, ExponentialOverlapIsRefusedNotComputed) {
  std::string query = "{run{...F0}}";
  for (int i = 0; i < 30; ++i) {
    const std::string next = std::to_string(i + 1);
    query += "fragment F" + std::to_string(i) + " on Run{a:parent{...F" + next + "} b:parent{...F" +
             next + "}}";
  }
  query += "fragment F30 on Run{id}";
  EXPECT_THAT(Ask(query), HasSubstr("too many overlapping fields"));
}

std::optional<Outline> OutlineOf(std::string query, std::string name = "") {
  EngineOptions options;
  options.is_extensive = [](const FieldDef& field) { return field.FindArg("count") != nullptr; };
  return TestEngine(options)->OutlineOf({.query = std::move(query), .operation_name = name});
}

TEST(Outlines, TellMutationsByTheOperationAndNotByTheText) {
  EXPECT_FALSE(OutlineOf("query mutation{mutation: run{name}}")->is_mutation);
  EXPECT_TRUE(OutlineOf("mutation{bump}")->is_mutation);
  EXPECT_FALSE(OutlineOf("mutation A{bump} query B{run{name}}", "B")->is_mutation);
  EXPECT_TRUE(OutlineOf("mutation A{bump} query B{run{name}}", "A")->is_mutation);
}

TEST(Outlines, FindWhatMayTakeLongUnderAliasesAndInFragments) {
  EXPECT_FALSE(OutlineOf("{runs: run{name}}")->is_extensive);
  EXPECT_TRUE(OutlineOf("{small: runs(count:1){name}}")->is_extensive);
  EXPECT_TRUE(
      OutlineOf("{...F} fragment F on Query{... on Query{runs(count:1){name}}}")->is_extensive);
  std::string many = "{";
  for (int i = 0; i < 400; ++i) many += "r" + std::to_string(i) + ":run{name}";
  EXPECT_TRUE(OutlineOf(many + "}")->is_extensive);
}

TEST(Outlines, AreNotGivenOfWhatCannotRun) {
  EXPECT_FALSE(OutlineOf("{nothing}").has_value());
  EXPECT_FALSE(OutlineOf("{run{name").has_value());
  EXPECT_FALSE(OutlineOf("query A{run{name}} query B{run{name}}").has_value());
}

TEST(Cache, ServesTheSameAnswerAgain) {
  const auto engine = TestEngine();
  const std::string query = "query($n:Int!){runs(count:$n){id}}";
  EXPECT_EQ(regatta::graphql::Ask(*engine, query, R"({"n":1})"),
            R"({"data":{"runs":[{"id":"0"}]}})");
  EXPECT_EQ(regatta::graphql::Ask(*engine, query, R"({"n":0})"), R"({"data":{"runs":[]}})");
}

TEST(Requests, AreReadFromJson) {
  const auto request = ParseRequest(R"({"query":"{a}","variables":null,"operationName":null})");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->query, "{a}");
  EXPECT_TRUE(request->variables.is_null());
  EXPECT_FALSE(ParseRequest("[]").has_value());
  EXPECT_FALSE(ParseRequest("{").has_value());
  EXPECT_FALSE(ParseRequest(R"({"query":5})").has_value());
  EXPECT_FALSE(ParseRequest(R"({"query":"{a}","variables":[1]})").has_value());
  EXPECT_FALSE(ParseRequest(R"({"variables":{}})").has_value());
}

TEST(Resolvers, OfUnknownFieldsAreRefusedAtTheStart) {
  ResolverMap map;
  map.Add("Query", "nope", [](const FieldContext&) -> Result<Resolved> { return nullptr; });
  const auto engine = Engine::Create(*Schema::Parse(kTestSdl), std::move(map));
  ASSERT_FALSE(engine.has_value());
  EXPECT_THAT(engine.error().message, HasSubstr("Query.nope"));
}

}  // namespace
}  // namespace regatta::graphql
