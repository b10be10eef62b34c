// The specification of October 2021, rule by rule: every rule of section 5 (validation) with what
// it refuses and what it lets pass, and the algorithms of section 6 that the other tests do not
// name. Where this engine is more tolerant on purpose, because real clients are, the test says so.

#include <gmock/gmock.h>

#include <array>

#include "graphql_fixture.h"

namespace regatta::graphql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The specification's example (section 5), as far as its rules need it.
constexpr std::string_view kPets = R"sdl(
type Query {
  dog: Dog
  human: Human
  pet: Pet
  catOrDog: CatOrDog
  findDog(complex: ComplexInput): Dog
  booleanList(booleanListArg: [Boolean!]): Boolean
  arguments(intArgField: Int, nonNullIntArgField: Int!, floatArgField: Float, booleanArgField: Boolean,
            optionalNonNullIntArgField: Int! = 0, intListArgField: [Int], nested: [[Int!]!], command: DogCommand,
            idArgField: ID): Int
}
type Mutation { first: Int second: Int }
enum DogCommand { SIT DOWN HEEL }
enum CatCommand { JUMP }
interface Sentient { name: String! }
interface Pet { name: String! }
type Dog implements Pet {
  name: String!
  nickname: String
  barkVolume: Int
  doesKnowCommand(dogCommand: DogCommand!): Boolean!
  isHouseTrained(atOtherHomes: Boolean = true): Boolean!
  owner: Human
  mother: Dog
  extra: DogExtra
}
type Cat implements Pet {
  name: String!
  nickname: String
  meowVolume: Int
  doesKnowCommand(catCommand: CatCommand!): Boolean!
  extra: CatExtra
}
type DogExtra { string: String }
type CatExtra { string: Int }
type Human implements Sentient { name: String! pets: [Pet!] }
union CatOrDog = Cat | Dog
input ComplexInput { name: String owner: String volume: Int! = 3 level: OwnerInput }
input OwnerInput { required: Int! }
)sdl";

std::vector<Error> Check(std::string_view query) {
  static const std::unique_ptr<Engine> engine = [] {
    ResolverMap none;
    none.Record("Dog", {"name", "nickname", "barkVolume", "doesKnowCommand", "isHouseTrained",
                        "owner", "mother", "extra"});
    none.Record("Cat", {"name", "nickname", "meowVolume", "doesKnowCommand", "extra"});
    none.Record("DogExtra", {"string"});
    none.Record("CatExtra", {"string"});
    none.Record("Human", {"name", "pets"});
    none.Record("Query",
                {"dog", "human", "pet", "catOrDog", "findDog", "booleanList", "arguments"});
    none.Record("Mutation", {"first", "second"});
    auto made = Engine::Create(*Schema::Parse(kPets), std::move(none));
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
    return *std::move(made);
  }();
  return engine->CheckDocument(query);
}

struct Rule {
  const char* section;
  std::vector<const char*> refused;
  std::vector<const char*> accepted;
};

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = {
      {"5.1.1 executable definitions",
       {"{dog{name}} type Cow{name:String}", "{dog{name}} extend type Dog{color:String}",
        "schema{query:Query}", "directive @d on FIELD {dog{name}}"},
       {"{dog{name}}"}},
      {"5.2.1.1 operation name uniqueness",
       {"query dogOperation{dog{name}} mutation dogOperation{first}",
        "query Q{dog{name}} query Q{human{name}}"},
       {"query getDogName{dog{name}} query getOwnerName{dog{owner{name}}}"}},
      {"5.2.2.1 lone anonymous operation",
       {"{dog{name}} query getName{dog{owner{name}}}", "{dog{name}} {dog{name}}"},
       {"{dog{name}}", "query{dog{name}}"}},
      {"5.2.3 subscriptions: this server has none",
       {"subscription{newMessage{body}}", "subscription S{dog{name}}"},
       {}},
      {"5.3.1 field selections",
       {"{dog{...F}} fragment F on Dog{meowVolume}",
        "{dog{...F}} fragment F on Dog{barkVolume:kawVolume}", "{pet{nickname}}",
        "{catOrDog{name}}", "{catOrDog{barkVolume}}", "{pet{... on Cat{barkVolume}}}",
        "mutation{dog{name}}", "{dog{__type(name:\"Dog\"){name}}}",
        "mutation{__schema{types{name}}}"},
       {"{pet{name __typename}}", "{catOrDog{__typename ... on Pet{name} ... on Dog{barkVolume}}}",
        "{__schema{types{name}} __type(name:\"Dog\"){name}}", "mutation{__typename}"}},
      {"5.3.2 field selection merging",
       {"{dog{name:nickname name}}",
        "{dog{doesKnowCommand(dogCommand:SIT) doesKnowCommand(dogCommand:HEEL)}}",
        "query($c:DogCommand!){dog{doesKnowCommand(dogCommand:SIT) "
        "doesKnowCommand(dogCommand:$c)}}",
        "query($a:DogCommand! $b:DogCommand!){dog{doesKnowCommand(dogCommand:$a) "
        "doesKnowCommand(dogCommand:$b)}}",
        "{dog{isHouseTrained isHouseTrained(atOtherHomes:true)}}",
        "{pet{... on Dog{someValue:nickname} ... on Cat{someValue:meowVolume}}}",
        "{dog{...A ...B}} fragment A on Dog{x:name} fragment B on Dog{x:nickname}",
        "{dog{mother{x:name}} dog{mother{x:nickname}}}",
        "{pet{... on Dog{extra{string}} ... on Cat{extra{string}}}}",
        "{dog{...A}} fragment A on Dog{mother{...B} mother{x:nickname}} fragment B on Dog{x:name}",
        "{pet{... on Dog{v:name} ... on Cat{v:nickname}}}"},
       {"{dog{name name otherName:name otherName:name}}",
        "{dog{doesKnowCommand(dogCommand:SIT) doesKnowCommand(dogCommand:SIT)}}",
        "query($c:DogCommand!){dog{doesKnowCommand(dogCommand:$c) doesKnowCommand(dogCommand:$c)}}",
        "{pet{... on Dog{volume:barkVolume} ... on Cat{volume:meowVolume}}}",
        "{pet{... on Dog{doesKnowCommand(dogCommand:SIT)} ... on "
        "Cat{doesKnowCommand(catCommand:JUMP)}}}",
        "{arguments(nonNullIntArgField:1 intListArgField:[1,2]) arguments(intListArgField:[1,2] "
        "nonNullIntArgField:1)}",
        "{findDog(complex:{name:\"a\" owner:\"b\"}){name} findDog(complex:{owner:\"b\" "
        "name:\"a\"}){nickname}}"}},
      {"5.3.3 leaf field selections",
       {"{dog{barkVolume{sinceWhen}}}", "{human}", "{pet}", "{catOrDog}", "{dog{name{}}}"},
       {"{dog{barkVolume}}"}},
      {"5.4.1 argument names",
       {"{dog{doesKnowCommand(command:CLEAN_UP_HOUSE)}}",
        "{dog{isHouseTrained(atOtherHomes:true) @include(unless:false)}}", "{dog{name(x:1)}}"},
       {"{dog{isHouseTrained(atOtherHomes:true)}}", "{dog{name @include(if:true)}}"}},
      {"5.4.2 argument uniqueness",
       {"{arguments(nonNullIntArgField:1 nonNullIntArgField:1)}",
        "{dog{name @include(if:true if:true)}}"},
       {"{arguments(nonNullIntArgField:1 intArgField:1)}"}},
      {"5.4.2.1 required arguments",
       {"{arguments}", "{arguments(nonNullIntArgField:null)}", "{dog{doesKnowCommand}}",
        "{dog{name @skip}}"},
       {"{arguments(nonNullIntArgField:0)}", "{arguments(nonNullIntArgField:0 intArgField:null)}"}},
      {"5.5.1.1 fragment name uniqueness",
       {"{dog{...F}} fragment F on Dog{name} fragment F on Dog{nickname}"},
       {"{dog{...F ...G}} fragment F on Dog{name} fragment G on Dog{nickname}"}},
      {"5.5.1.2 fragment spread type existence",
       {"{dog{...F}} fragment F on NotInSchema{name}", "{dog{... on NotInSchema{name}}}"},
       {"{dog{... on Dog{name} ... @include(if:true){name}}}"}},
      {"5.5.1.3 fragments on composite types",
       {"{dog{...F}} fragment F on Int{something}", "{dog{... on Boolean{a}}}",
        "{dog{... on DogCommand{a}}}", "{dog{... on ComplexInput{name}}}"},
       {"{catOrDog{...F ...G}} fragment F on Pet{name} fragment G on CatOrDog{... on Dog{name}}"}},
      // Clients send documents with fragments that no longer have a use: accepted.
      {"5.5.1.4 fragments must be used: tolerated",
       {},
       {"{dog{name}} fragment Unused on Dog{name}"}},
      {"5.5.2.1 fragment spread target defined", {"{dog{...undefinedFragment}}"}, {}},
      {"5.5.2.2 fragment spreads must not form cycles",
       {"{dog{...A}} fragment A on Dog{name ...B} fragment B on Dog{barkVolume ...A}",
        "{dog{...A}} fragment A on Dog{...A}",
        "{dog{...A}} fragment A on Dog{mother{...B}} fragment B on Dog{mother{...A}}",
        "{dog{name}} fragment A on Dog{...B} fragment B on Dog{...C} fragment C on Dog{...A}"},
       {"{dog{...A ...B}} fragment A on Dog{...B} fragment B on Dog{name}"}},
      {"5.5.2.3 fragment spread is possible",
       {"{dog{... on Cat{meowVolume}}}", "{dog{...F}} fragment F on Cat{name}",
        "{human{...F}} fragment F on Pet{name}", "{dog{... on Sentient{name}}}",
        "{pet{... on Human{name}}}", "{pet{... on Sentient{name}}}",
        "{catOrDog{... on Sentient{name}}}", "{catOrDog{... on Human{name}}}"},
       {"{dog{... on Dog{barkVolume}}}", "{dog{... on Pet{name}}}",
        "{dog{... on CatOrDog{... on Cat{meowVolume}}}}", "{pet{... on Dog{name}}}",
        "{catOrDog{... on Cat{name}}}", "{pet{... on CatOrDog{... on Dog{name}}}}",
        "{catOrDog{... on Pet{name}}}"}},
      {"5.6.1 values of correct type",
       {"{arguments(nonNullIntArgField:\"3\")}",
        "{arguments(nonNullIntArgField:1 intArgField:\"123\")}",
        "{arguments(nonNullIntArgField:1.0e300)}",
        "{arguments(nonNullIntArgField:1 booleanArgField:1)}",
        "{arguments(nonNullIntArgField:1 booleanArgField:\"true\")}",
        "{arguments(nonNullIntArgField:1 floatArgField:true)}",
        "{arguments(nonNullIntArgField:1 intListArgField:[1,\"2\"])}",
        "{arguments(nonNullIntArgField:1 nested:[[null]])}",
        "{arguments(nonNullIntArgField:1 nested:[null])}",
        "{arguments(nonNullIntArgField:1 command:\"SIT\")}",
        "{arguments(nonNullIntArgField:1 command:JUMP)}",
        "{arguments(nonNullIntArgField:1 idArgField:true)}",
        "{booleanList(booleanListArg:[true,null])}", "{findDog(complex:\"name\"){name}}",
        "{findDog(complex:{name:123}){name}}", "{findDog(complex:{level:{required:null}}){name}}",
        "query($c:ComplexInput={name:123}){findDog(complex:$c){name}}",
        "query($n:[Int!]=[1,null]){booleanList}"},
       {"{arguments(nonNullIntArgField:1 floatArgField:1)}",
        "{arguments(nonNullIntArgField:1 idArgField:7)}",
        "{arguments(nonNullIntArgField:1 nested:3)}",
        "{arguments(nonNullIntArgField:1 nested:[1,2])}", "{booleanList(booleanListArg:true)}",
        "{findDog(complex:{name:\"Fido\"}){name}}", "{findDog(complex:null){name}}",
        "query($c:ComplexInput={name:\"Fido\"}){findDog(complex:$c){name}}"}},
      {"5.6.2 input object field names",
       {"{findDog(complex:{favoriteCookieFlavor:\"Bacon\"}){name}}"},
       {"{findDog(complex:{}){name}}"}},
      {"5.6.3 input object field uniqueness",
       {"{findDog(complex:{name:\"a\" name:\"a\"}){name}}"},
       {}},
      {"5.6.4 input object required fields",
       {"{findDog(complex:{level:{}}){name}}", "{findDog(complex:{volume:null}){name}}"},
       {"{findDog(complex:{level:{required:1}}){name}}", "{findDog(complex:{name:\"a\"}){name}}"}},
      {"5.7.1 directives are defined",
       {"{dog{name @nope}}", "query @nope{dog{name}}"},
       {"{dog{name @skip(if:false)}}"}},
      {"5.7.2 directives are in valid locations",
       {"query @skip(if:true){dog{name}}", "{dog{...F}} fragment F on Dog @include(if:true){name}",
        "query($a:Int @skip(if:true)){arguments(nonNullIntArgField:$a)}",
        "{dog{name @deprecated}}"},
       {"{dog{...F @skip(if:true) ... on Dog @include(if:false){name}}} fragment F on Dog{name}"}},
      {"5.7.3 directives are unique per location",
       {"query($foo:Boolean=true){dog @skip(if:$foo) @skip(if:false){name}}"},
       {"query($foo:Boolean=true){dog @skip(if:$foo){name} dog @skip(if:false){nickname}}",
        "{dog @skip(if:false) @include(if:true){name}}"}},
      {"5.8.1 variable uniqueness",
       {"query($a:Boolean $a:Boolean){dog{isHouseTrained(atOtherHomes:$a)}}"},
       {"query A($a:Boolean){dog{isHouseTrained(atOtherHomes:$a)}} query "
        "B($a:Boolean){dog{isHouseTrained(atOtherHomes:$a)}}"}},
      {"5.8.2 variables are input types",
       {"query($d:Dog){dog{name}}", "query($p:[Pet!]){dog{name}}", "query($u:CatOrDog!){dog{name}}",
        "query($x:Nope){dog{name}}"},
       {"query($a:Boolean $b:[Int!]! $c:ComplexInput $d:DogCommand){dog{name}}"}},
      {"5.8.3 all variable uses defined",
       {"query Q{dog{isHouseTrained(atOtherHomes:$a)}}",
        "query Q{dog{...F}} fragment F on Dog{isHouseTrained(atOtherHomes:$a)}",
        "query Q{dog{...F}} fragment F on Dog{...G} fragment G on "
        "Dog{isHouseTrained(atOtherHomes:$a)}",
        "query A($a:Boolean){dog{...F}} query B{dog{...F}} fragment F on "
        "Dog{isHouseTrained(atOtherHomes:$a)}",
        "query Q{dog{name @include(if:$a)}}", "query Q{findDog(complex:{name:$a}){name}}",
        "query Q{arguments(nonNullIntArgField:1 intListArgField:[$a])}"},
       {"query Q($a:Boolean){dog{...F}} fragment F on Dog{isHouseTrained(atOtherHomes:$a)}"}},
      // Clients declare variables that a shortened document does not use: accepted.
      {"5.8.4 all variables used: tolerated", {}, {"query($a:Boolean){dog{name}}"}},
      {"5.8.5 all variable usages are allowed",
       {"query($i:Int){dog{isHouseTrained(atOtherHomes:$i)}}",
        "query($l:[Boolean]){dog{isHouseTrained(atOtherHomes:$l)}}",
        "query($b:Boolean){booleanList(booleanListArg:$b)}",
        "query($b:Boolean!){booleanList(booleanListArg:$b)}",
        "query($s:String){findDog(complex:{level:{required:$s}}){name}}",
        "query($s:String){dog{name @include(if:$s)}}"},
       {"query($b:[Boolean!]){booleanList(booleanListArg:$b)}",
        "query($b:Boolean!){booleanList(booleanListArg:[$b])}",
        "query($i:Int!){arguments(nonNullIntArgField:$i)}",
        "query($i:Int=1){arguments(nonNullIntArgField:$i)}",
        "query($i:Int){arguments(nonNullIntArgField:1 optionalNonNullIntArgField:$i)}",
        // Where the specification wants Int!, a client's Int is let pass: its value decides
        // (Dialect tests).
        "query($i:Int){arguments(nonNullIntArgField:$i)}"}},
  };
  return rules;
}

TEST(Section5, RefusesEveryViolation) {
  for (const Rule& rule : Rules()) {
    for (const char* query : rule.refused) {
      EXPECT_FALSE(Check(query).empty()) << rule.section << ": " << query;
    }
  }
}

TEST(Section5, AcceptsWhatKeepsTheRules) {
  for (const Rule& rule : Rules()) {
    for (const char* query : rule.accepted) {
      const std::vector<Error> errors = Check(query);
      EXPECT_TRUE(errors.empty()) << rule.section << ": " << query << ": "
                                  << (errors.empty() ? "" : errors.front().message);
    }
  }
}

std::string Ask(std::string query, std::string_view variables = "null") {
  return regatta::graphql::Ask(*TestEngine(), std::move(query), variables);
}

TEST(Section6, CoercesVariableValues) {  // 6.1.2
  const std::string query = "query($i:Int=5){echo(i:$i)}";
  EXPECT_EQ(Ask(query), R"({"data":{"echo":"i=5;"}})");
  EXPECT_EQ(Ask(query, R"({"i":6})"), R"({"data":{"echo":"i=6;"}})");
  EXPECT_EQ(Ask(query, R"({"i":null})"), R"({"data":{"echo":"i=null;"}})") << "null is a value";
  EXPECT_THAT(FirstError("query($i:Int!){echo(i:$i)}", "{}"), HasSubstr("was not provided"));
  EXPECT_THAT(FirstError("query($i:Int!){echo(i:$i)}", R"({"i":null})"), HasSubstr("found null"));
  EXPECT_EQ(Ask("query($i:Int!=4){echo(i:$i)}"), R"({"data":{"echo":"i=4;"}})");
}

TEST(Section6, RefusesAValueOfTheWrongTypeBeforeAnythingRuns) {  // 6.1.2
  const std::array<const char*, 9> wrong = {R"({"v":{"name":1}})",
                                            R"({"v":{"inner":{}}})",
                                            R"({"v":{"inner":{"a":null}}})",
                                            R"({"v":{"inner":{"a":1,"b":[null]}}})",
                                            R"({"v":{"tags":[1]}})",
                                            R"({"v":{"debug":"yes"}})",
                                            R"({"v":[]})",
                                            R"({"v":"text"})",
                                            R"({"v":{"minStep":1.5}})"};
  for (const char* variables : wrong) {
    TestRequest context;
    const auto engine = TestEngine();
    const Response response =
        engine->Execute(Request{"mutation($v:UpsertInput!){bump upsert(input:$v){echo}}", "",
                                *ParseJson(variables)},
                        context);
    EXPECT_EQ(response.http_status, 400) << variables;
    EXPECT_EQ(context.bumps, 0) << variables;
    EXPECT_THAT(response.error_message, HasSubstr("Variable \"$v\"")) << variables;
  }
}

TEST(Section6, PutsListsAroundSingleValuesAtEveryDepth) {  // 3.11, input coercion
  EXPECT_EQ(Ask("query($l:[Int]){echo(list:$l)}", R"({"l":3})"),
            R"({"data":{"echo":"list=[3];"}})");
  EXPECT_EQ(Ask("query($l:[Int]){echo(list:$l)}", R"({"l":null})"),
            R"({"data":{"echo":"list=null;"}})");
  EXPECT_EQ(Ask("query($l:[Int]){echo(list:$l)}", R"({"l":[1,null]})"),
            R"({"data":{"echo":"list=[1,null];"}})");
  EXPECT_EQ(Ask("query($v:UpsertInput){echo(input:$v)}", R"({"v":{"inner":{"a":1,"b":7}}})"),
            R"({"data":{"echo":"input={\"debug\":false,\"inner\":{\"a\":1,\"b\":[7]}};"}})");
}

TEST(Section6, LeavesOutWhatAnAbsentVariableWouldSet) {  // 6.4.1, and 3.10 input coercion
  EXPECT_EQ(Ask("query($i:Int $s:String){echo(i:$i s:$s b:true)}"),
            R"({"data":{"echo":"b=true;"}})");
  EXPECT_EQ(Ask("query($n:String){echo(input:{name:$n})}"),
            R"({"data":{"echo":"input={\"debug\":false};"}})");
  EXPECT_EQ(Ask("query($d:Boolean){echo(input:{debug:$d})}"),
            R"({"data":{"echo":"input={\"debug\":false};"}})")
      << "the default stands in";
  EXPECT_EQ(Ask("query($d:Boolean){echo(input:{debug:$d})}", R"({"d":null})"),
            R"({"data":{"echo":"input={\"debug\":null};"}})");
  EXPECT_EQ(Ask("query($i:Int){echo(list:[1,$i])}"), R"({"data":{"echo":"list=[1,null];"}})");
}

TEST(Section6, SkipWinsOverInclude) {  // 3.13.2
  EXPECT_EQ(Ask("{run{id name @skip(if:true) @include(if:true) title:name @skip(if:false) "
                "@include(if:false)}}"),
            R"({"data":{"run":{"id":"1"}}})");
  EXPECT_EQ(Ask("query($v:Boolean!){run{id ...F @include(if:$v) ... @skip(if:$v){name}}} "
                "fragment F on Run{tags}",
                R"({"v":true})"),
            R"({"data":{"run":{"id":"1","tags":["a","b"]}}})");
}

TEST(Section6, CollectsFieldsInTheOrderTheyAreFirstMet) {  // 6.3.2
  EXPECT_EQ(Ask("{run{...F steps id}} fragment F on Run{name id}"),
            R"({"data":{"run":{"name":"one","id":"1","steps":5000000000}}})");
  EXPECT_EQ(Ask("{node(id:1){... on Project{p:id} ... on Run{r:id} ... on Node{n:id}}}"),
            R"({"data":{"node":{"r":"1","n":"1"}}})");
}

TEST(Section6, AnErrorStandsUnderItsAliasAndOnce) {  // 6.4.4, 7.1.2
  const std::string answer = Ask("{run{first:broken second:broken id}}");
  EXPECT_THAT(answer, HasSubstr(R"({"data":{"run":{"first":null,"second":null,"id":"1"}})"));
  EXPECT_THAT(answer, HasSubstr(R"("path":["run","first"])"));
  EXPECT_THAT(answer, HasSubstr(R"("path":["run","second"])"));
  const std::string nested = Ask("{runs(count:1){parent{brokenNonNull}}}");
  EXPECT_THAT(nested, HasSubstr(R"({"data":{"runs":[{"parent":null}]})"));
  EXPECT_THAT(nested, HasSubstr(R"("path":["runs",0,"parent","brokenNonNull"])"));
  EXPECT_EQ(nested.find("message"), nested.rfind("message")) << "one error for one place";
}

TEST(Section6, AMutationGoesOnAfterAFieldThatFailed) {  // 6.2.2, 6.4.4
  const std::string answer =
      Ask("mutation{a:bump wrong:upsert(input:{name:\"x\"}){run{broken}} b:bump}");
  EXPECT_THAT(answer, HasSubstr(R"({"data":{"a":1,"wrong":{"run":{"broken":null}},"b":2})"));
  EXPECT_THAT(answer, HasSubstr("errors"));
}

TEST(Section7, ARequestErrorHasNoDataAndAFieldErrorHas) {  // 7.1
  EXPECT_THAT(Ask("{nope}"), Not(HasSubstr("\"data\"")));
  EXPECT_THAT(Ask("{run{"), Not(HasSubstr("\"data\"")));
  EXPECT_THAT(Ask("query($i:Int!){echo(i:$i)}"), Not(HasSubstr("\"data\"")));
  EXPECT_THAT(Ask("{run{broken}}"), HasSubstr("\"data\""));
  EXPECT_THAT(Ask("{run{id}}"), Not(HasSubstr("errors")));
}

}  // namespace
}  // namespace regatta::graphql
