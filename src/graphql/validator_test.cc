// Validation and syntax, rule by rule (specification of October 2021, sections 2 and 5): which
// documents are refused, and with which words where clients match them.

#include <gmock/gmock.h>

#include "graphql_fixture.h"

namespace regatta::graphql {
namespace {

using ::testing::HasSubstr;

std::string Wrong(std::string_view query) {
  const std::vector<Error> errors = TestEngine()->CheckDocument(query);
  return errors.empty() ? "" : errors.front().message;
}

TEST(Validation, SpeaksTheWordsThatClientsMatch) {
  EXPECT_EQ(Wrong("{nope}"), "Cannot query field \"nope\" on type \"Query\".");
  EXPECT_EQ(Wrong("{run(a:1){id}}"), "Unknown argument \"a\" on field \"run\" of type \"Query\".");
  EXPECT_EQ(Wrong("query($v:Nope){run{id}}"), "Unknown type \"Nope\".");
  EXPECT_EQ(Wrong("{run{... on Nope{id}}}"), "Unknown type \"Nope\".");
}

struct Case {
  const char* query;
  const char* message;
};

TEST(Validation, RefusesWhatTheSpecificationRefuses) {
  const Case cases[] = {
      {"query A{run{id}} query A{run{id}}", "only one operation named"},
      {"{run{id}} query A{run{id}}", "anonymous operation must be the only"},
      {"fragment F on Run{id}", "has no operation"},
      {"subscription{run{id}}", "not configured for subscriptions"},
      {"{run{id{x}}}", "must not have a sub selection"},
      {"{run}", "must have a sub selection"},
      {"{runs{id}}", "argument \"count\" of type \"Int!\" is required but not provided"},
      {"{run(name:\"a\" name:\"b\"){id}}", "only one argument named"},
      {"{run{...F}}", "Unknown fragment \"F\""},
      {"{run{...F}} fragment F on Run{id} fragment F on Run{id}", "only one fragment named"},
      {"{run{...F}} fragment F on Run{...G} fragment G on Run{...F}", "within itself"},
      {"{run{...F}} fragment F on Run{parent{...F}}", "within itself"},
      {"{run{...F}} fragment F on String{id}", "non composite type"},
      {"{run{... on Project{id}}}", "can never be of type"},
      {"{thing{... on Query{__typename}}}", "can never be of type"},
      {"{thing{id}}", "Cannot query field \"id\" on type \"Thing\""},
      {"{run{id @nope}}", "Unknown directive"},
      {"query @skip(if:true){run{id}}", "may not be used on QUERY"},
      {"{run{id @skip(if:true) @skip(if:false)}}", "can only be used once"},
      {"{run{id @skip}}", "argument \"if\" of type \"Boolean!\" is required"},
      {"query($a:Int $a:Int){run{id}}", "only one variable named"},
      {"query($a:Run){run{id}}", "cannot be non-input type"},
      {"query($a:Int=\"x\"){run{id}}", "invalid default value"},
      {"query Q{echo(i:$a)}", "\"$a\" is not defined by operation \"Q\""},
      {"query Q{run{...F}} fragment F on Run{config(keys:[$k])}", "\"$k\" is not defined"},
      {"query($a:String){echo(i:$a)}", "used in position expecting type \"Int\""},
      {"query($a:Int){echo(list:$a)}", "used in position expecting type \"[Int]\""},
      {"{echo(input:{name:\"a\" name:\"b\"})}", "only one input field named"},
      {"{echo(input:{inner:{b:[1]}})}", "\"Inner.a\" of required type \"Int!\" was not provided"},
      {"{run{x:id x:name}}", "id and name are different fields"},
      {"{run{config(keys:[\"a\"]) config(keys:[\"b\"])}}", "differing arguments"},
      {"{thing{... on Run{x:id} ... on Project{x:runs{pageInfo{endCursor}}}}}",
       "conflicting types ID! and RunConnection"},
      {"{run{parent{x:id} ...F}} fragment F on Run{parent{x:name}}", "different fields"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Wrong(c.query), HasSubstr(c.message)) << c.query;
  }
}

TEST(Validation, AcceptsWhatTheSpecificationAccepts) {
  for (const char* query :
       {"{thing{... on Run{x:id} ... on Project{x:id}}}", "{run{id id}}",
        "{run{config(keys:[\"a\"]) config(keys:[\"a\"])}}", "{run{... {id}}}",
        "{node(id:1){... on Project{id}}}", "query($a:[Int]){echo(list:$a)}",
        "query($a:Int=5){echo(i:$a list:[1,$a])}", "{echo(json:{a:[1,{b:X}]})}",
        "query($a:JSON){echo(json:{a:$a})}", "{echo(list:3)}", "{__typename}",
        "query(\n$a:Int\n,$b:Int,\n){echo(input:{\n name:\"x\"\n minStep:3,\n},)}"}) {
    EXPECT_EQ(Wrong(query), "") << query;
  }
}

TEST(Syntax, ErrorsCarryLineAndColumn) {
  EXPECT_EQ(Wrong("{\n  run(name: {) }\n"), "Syntax Error (2:14): Expected Name, found \")\".");
  EXPECT_EQ(Wrong("{"), "Syntax Error (1:2): Expected \"}\", found <EOF>.");
  EXPECT_EQ(Wrong(""), "Syntax Error (1:1): Unexpected <EOF>.");
}

TEST(Syntax, RefusesMalformedTokens) {
  for (const char* query : {"{a(b:01)}", "{a(b:1.)}", "{a(b:1e)}", "{a(b:1x)}", "{a(b:\"x)}",
                            "{a(b:\"\\q\")}", "{a(b:\"\\ud800\")}", "{a(b:\"\"\"x)}", "{a ? b}",
                            "{a..b}", "{}", "{a{}}", "{a()}", "query(){a}", "query($a:Int=$b){a}",
                            "fragment on on Run{id}", "type X{a:Int}", "{a(b:-)}"}) {
    EXPECT_THAT(Wrong(query), HasSubstr("Syntax Error")) << query;
  }
}

TEST(Syntax, ReadsStringsAndBlockStrings) {
  const auto engine = TestEngine();
  EXPECT_EQ(Ask(*engine, R"({echo(s:"a\n\u00e9\uD83D\uDE00\"")})"),
            "{\"data\":{\"echo\":\"s=\\\"a\\\\n\xC3\xA9\xF0\x9F\x98\x80\\\\\\\"\\\";\"}}");
  EXPECT_EQ(Ask(*engine, "{echo(s:\"\"\"\n    a\n      b\n    \\\"\"\"\n  \"\"\")}"),
            R"({"data":{"echo":"s=\"a\\n  b\\n\\\"\\\"\\\"\";"}})");
}

TEST(Syntax, BoundsNestingTokensAndBytes) {
  std::string deep;
  for (int i = 0; i < 70; ++i) {
    deep += "{a";
  }
  EXPECT_THAT(Wrong(deep), HasSubstr("selections nest deeper"));
  EXPECT_THAT(Wrong("{a(b:" + std::string(70, '[') + ")}"), HasSubstr("values nest deeper"));
  EXPECT_THAT(Wrong("query($a:" + std::string(70, '[') + ")"), HasSubstr("nests deeper"));
  std::string tokens = "{";
  for (int i = 0; i < 100'001; ++i) {
    tokens += "a ";
  }
  EXPECT_THAT(Wrong(tokens), HasSubstr("tokens"));
  EXPECT_THAT(Wrong(std::string(std::size_t{2} << 20, ' ')), HasSubstr("longer than the limit"));
}

TEST(Sdl, MistakesAreNamed) {
  const Case cases[] = {
      {"type A{a:Int}", "define `type Query`"},
      {"type Query{a:Nope}", "Unknown type \"Nope\""},
      {"type Query{a:Int a:Int}", "defined twice"},
      {"type Query{a:Int} type Query{b:Int}", "defined twice"},
      {"type Query{a(b:Query):Int}", "not an input type"},
      {"input I{a:Int} type Query{a:I}", "which is an input"},
      {"type Query{a(b:Int=\"x\"):Int}", "default of \"b\""},
      {"interface N{id:ID!} type Query implements N{id:ID}", "must be ID! to implement N"},
      {"type Query{", "Expected"},
  };
  for (const Case& c : cases) {
    const Result<Schema> schema = Schema::Parse(c.query);
    ASSERT_FALSE(schema.has_value()) << c.query;
    EXPECT_THAT(schema.error().message, HasSubstr(c.message)) << c.query;
  }
}

TEST(Sdl, ReadsExtensionsAndASchemaBlock) {
  const Result<Schema> schema =
      Schema::Parse("schema{query:Q} type Q{a:Int} extend type Q{b:[Int!]!}");
  ASSERT_TRUE(schema.has_value());
  EXPECT_EQ(schema->query_type()->name, "Q");
  EXPECT_EQ(schema->query_type()->FindField("b")->type.ToString(), "[Int!]!");
  EXPECT_EQ(schema->mutation_type(), nullptr);
}

}  // namespace
}  // namespace regatta::graphql
