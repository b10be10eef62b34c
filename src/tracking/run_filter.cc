#include "regatta/tracking/run_filter.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "regatta/tracking/extended_json.h"
#include "run_field.h"

namespace regatta::tracking {
namespace {

using Json = nlohmann::json;
using Kind = FieldValue::Kind;

constexpr std::size_t kTextBytesMax = std::size_t{8} << 20;
constexpr int kConditionsMax = 2'000;
constexpr int kPatternBytesMax = 10'000;
// Of a pattern's program and its automaton.
constexpr std::int64_t kPatternMemoryBytes = 1 << 20;

enum class Operator : std::uint8_t {
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  kIn,
  kNotIn,
  kExists,
  kContains,
  kRegex,
};

constexpr std::pair<std::string_view, Operator> kOperators[] = {
    {"$eq", Operator::kEqual},      {"$ne", Operator::kNotEqual},
    {"$gt", Operator::kGreater},    {"$gte", Operator::kGreaterOrEqual},
    {"$lt", Operator::kLess},       {"$lte", Operator::kLessOrEqual},
    {"$in", Operator::kIn},         {"$nin", Operator::kNotIn},
    {"$exists", Operator::kExists}, {"$contains", Operator::kContains},
    {"$regex", Operator::kRegex},
};
constexpr std::string_view kKnownOperators =
    "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex (with $options), $contains, $not, "
    "$and, $or, $nor";

// What a field is compared with.
struct Operand {
  FieldValue value;
  Json document;                  // of kDocument
  std::optional<Timestamp> time;  // of a text that is one
};

std::optional<Timestamp> TimeOf(const std::string& text) {
  constexpr std::size_t kDateLength = 10;  // 2026-01-02
  const Result<Timestamp> time = ParseTime(text.size() == kDateLength ? text + "T00:00:00Z" : text);
  if (!time) return std::nullopt;
  return *time;
}

Operand MakeOperand(const Json& json) {
  Operand operand;
  switch (json.type()) {
    case Json::value_t::string:
      operand.value = FieldValue::Text(json.get<std::string>());
      operand.time = TimeOf(operand.value.text);
      break;
    case Json::value_t::boolean:
      operand.value.kind = Kind::kBool;
      operand.value.boolean = json.get<bool>();
      break;
    case Json::value_t::number_integer:
      operand.value = FieldValue::Whole(json.get<std::int64_t>());
      break;
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      operand.value = FieldValue::Number(json.get<double>());
      break;
    case Json::value_t::object:
    case Json::value_t::array:
      operand.value.kind = Kind::kDocument;
      operand.document = json;
      break;
    default:
      operand.value.kind = Kind::kNull;
  }
  return operand;
}

bool SameNumber(const FieldValue& a, const FieldValue& b) {
  if (std::isnan(a.number) || std::isnan(b.number)) {
    return std::isnan(a.number) && std::isnan(b.number);
  }
  return CompareNumbers(a, b) == 0;
}

bool EqualsDocument(const std::string& text, const Operand& operand) {
  const std::optional<Json> document = ParseExtendedJson(text);
  if (!document) return false;
  if (operand.value.kind == Kind::kDocument && *document == operand.document) return true;
  if (!document->is_array()) return false;
  return std::any_of(document->begin(), document->end(), [&](const Json& item) {
    if (operand.value.kind == Kind::kDocument) return item == operand.document;
    const Operand inner = MakeOperand(item);
    if (inner.value.kind != operand.value.kind) return false;
    switch (inner.value.kind) {
      case Kind::kText:
        return inner.value.text == operand.value.text;
      case Kind::kNumber:
        return SameNumber(inner.value, operand.value);
      case Kind::kBool:
        return inner.value.boolean == operand.value.boolean;
      default:
        return true;  // both null
    }
  });
}

bool Equals(const FieldValue& value, const Operand& operand, bool is_column) {
  const FieldValue& wanted = operand.value;
  switch (value.kind) {
    case Kind::kMissing:
    case Kind::kNull:
      return wanted.is_absent() || (is_column && wanted.kind == Kind::kText && wanted.text.empty());
    case Kind::kBool:
      return wanted.kind == Kind::kBool && wanted.boolean == value.boolean;
    case Kind::kNumber:
      return wanted.kind == Kind::kNumber && SameNumber(value, wanted);
    case Kind::kText:
      return wanted.kind == Kind::kText && wanted.text == value.text;
    case Kind::kTime:
      if (operand.time) return *operand.time == value.time;
      return wanted.kind == Kind::kText && wanted.text == FormatTime(value.time);
    case Kind::kTexts:
      if (wanted.kind == Kind::kDocument) return Json(*value.texts) == operand.document;
      return wanted.kind == Kind::kText &&
             std::find(value.texts->begin(), value.texts->end(), wanted.text) != value.texts->end();
    case Kind::kDocument:
      return EqualsDocument(value.text, operand);
  }
  return false;
}

// How the value stands to the operand, or nothing where the two have no order.
std::optional<int> Compare(const FieldValue& value, const Operand& operand) {
  const FieldValue& other = operand.value;
  if (value.kind == Kind::kNumber && other.kind == Kind::kNumber) {
    if (std::isnan(value.number) || std::isnan(other.number)) return std::nullopt;
    return CompareNumbers(value, other);
  }
  if (value.kind == Kind::kText && other.kind == Kind::kText) return value.text.compare(other.text);
  if (value.kind == Kind::kTime && other.kind == Kind::kText) {
    if (!operand.time) return FormatTime(value.time).compare(other.text);
    return value.time < *operand.time ? -1 : value.time > *operand.time ? 1 : 0;
  }
  return std::nullopt;
}

bool Contains(const FieldValue& value, const Operand& operand) {
  if (value.kind == Kind::kText && operand.value.kind == Kind::kText) {
    return value.text.find(operand.value.text) != std::string::npos;
  }
  if (value.kind == Kind::kTexts || value.kind == Kind::kDocument) {
    return Equals(value, operand, false);
  }
  return false;
}

bool MatchesPattern(const FieldValue& value, const re2::RE2& pattern) {
  switch (value.kind) {
    case Kind::kText:
      return re2::RE2::PartialMatch(value.text, pattern);
    case Kind::kTime:
      return re2::RE2::PartialMatch(FormatTime(value.time), pattern);
    case Kind::kTexts:
      return std::any_of(value.texts->begin(), value.texts->end(), [&](const std::string& text) {
        return re2::RE2::PartialMatch(text, pattern);
      });
    default:
      return false;
  }
}

}  // namespace

struct RunFilter::Node {
  enum class Type : std::uint8_t { kAnd, kOr, kNor, kTest };
  Type type = Type::kAnd;
  std::vector<Node> children;

  // Of a test.
  RunField field{""};
  Operator op = Operator::kEqual;
  std::vector<Operand> operands;          // of $in and $nin any number, else one
  std::unordered_set<std::string> texts;  // of $in and $nin: the operands that are texts
  std::shared_ptr<const re2::RE2> pattern;

  bool Matches(const Run& run, const RunSurroundings& around) const;
  bool IsIn(const FieldValue& value) const;
  bool Test(const FieldValue& value) const;
};

namespace {

using Node = RunFilter::Node;

// Reads one filter document. Errors carry the place.
class Compiler {
 public:
  Result<Node> Document(const Json& json, const std::string& place) {
    if (!json.is_object()) {
      return Wrong(place,
                   fmt::format("{} stands where a document {{...}} belongs", json.type_name()));
    }
    Node all;
    for (const auto& [key, value] : json.items()) {
      Result<Node> part = Member(key, value, Join(place, key));
      if (!part) return part.error();
      all.children.push_back(*std::move(part));
    }
    return all;
  }

 private:
  static std::string Join(const std::string& place, std::string_view key) {
    return place.empty() ? std::string(key) : fmt::format("{}.{}", place, key);
  }
  static Error Wrong(const std::string& place, std::string_view what) {
    return InvalidArgument(
        fmt::format("filters: {}{}{}", place.substr(0, 300), place.empty() ? "" : ": ", what));
  }

  Result<Node> Member(const std::string& key, const Json& value, const std::string& place) {
    if (key == "$and") return List(Node::Type::kAnd, value, place);
    if (key == "$or") return List(Node::Type::kOr, value, place);
    if (key == "$nor") return List(Node::Type::kNor, value, place);
    if (key == "$not") return Negation(Document(value, place));
    if (key.starts_with("$")) {
      return Wrong(place, fmt::format("\"{}\" stands where $and, $or, $nor, $not or the name of a "
                                      "field belongs",
                                      key.substr(0, 100)));
    }
    return Condition(RunField(key), value, place);
  }

  Result<Node> List(Node::Type type, const Json& value, const std::string& place) {
    if (!value.is_array()) return Wrong(place, "takes a list of documents [{...}, ...]");
    Node node;
    node.type = type;
    for (std::size_t i = 0; i < value.size(); ++i) {
      Result<Node> child = Document(value[i], fmt::format("{}[{}]", place, i));
      if (!child) return child;
      node.children.push_back(*std::move(child));
    }
    return node;
  }

  static Result<Node> Negation(Result<Node> inner) {
    if (!inner) return inner;
    Node node;
    node.type = Node::Type::kNor;
    node.children.push_back(*std::move(inner));
    return node;
  }

  // A field's value in the document: operators, or a plain value that it equals.
  Result<Node> Condition(const RunField& field, const Json& value, const std::string& place) {
    const bool has_operators =
        value.is_object() && !value.empty() && value.begin().key().starts_with("$");
    if (!has_operators) return Test(field, Operator::kEqual, value, place);
    Node all;
    for (const auto& [name, operand] : value.items()) {
      if (name == "$options") continue;
      Result<Node> part = name == "$regex" ? Pattern(field, value, Join(place, name))
                          : name == "$not" ? Negation(Condition(field, operand, Join(place, name)))
                                           : Named(field, name, operand, place);
      if (!part) return part;
      all.children.push_back(*std::move(part));
    }
    return all;
  }

  Result<Node> Named(const RunField& field, const std::string& name, const Json& operand,
                     const std::string& place) {
    const auto* known = std::find_if(std::begin(kOperators), std::end(kOperators),
                                     [&](const auto& entry) { return entry.first == name; });
    if (known == std::end(kOperators)) {
      return Wrong(place, fmt::format("\"{}\" is no operator; known are {}", name.substr(0, 100),
                                      kKnownOperators));
    }
    return Test(field, known->second, operand, Join(place, name));
  }

  Result<Node> NewTest(const RunField& field, Operator op, const std::string& place) {
    if (++conditions_ > kConditionsMax) {
      return Wrong(place, fmt::format("the filter holds more than {} conditions", kConditionsMax));
    }
    Node node;
    node.type = Node::Type::kTest;
    node.field = field;
    node.op = op;
    return node;
  }

  Result<Node> Test(const RunField& field, Operator op, const Json& operand,
                    const std::string& place) {
    Result<Node> node = NewTest(field, op, place);
    if (!node) return node;
    if (op == Operator::kIn || op == Operator::kNotIn) {
      if (!operand.is_array()) return Wrong(place, "takes a list of values [...]");
      for (const Json& item : operand) AddChoice(*node, MakeOperand(item));
      return node;
    }
    if (op == Operator::kExists && !operand.is_boolean()) {
      return Wrong(place, "takes true or false");
    }
    node->operands.push_back(MakeOperand(operand));
    return node;
  }

  static void AddChoice(Node& node, Operand operand) {
    if (operand.value.kind == Kind::kText) node.texts.insert(operand.value.text);
    node.operands.push_back(std::move(operand));
  }

  Result<Node> Pattern(const RunField& field, const Json& operators, const std::string& place) {
    const Json& text = operators.at("$regex");
    if (!text.is_string()) return Wrong(place, "takes a text");
    const std::string& pattern = text.get_ref<const std::string&>();
    if (pattern.size() > kPatternBytesMax) {
      return Wrong(place, fmt::format("the pattern is longer than {} bytes", kPatternBytesMax));
    }
    std::string flags;
    if (const auto options = operators.find("$options"); options != operators.end()) {
      if (!options->is_string() ||
          options->get_ref<const std::string&>().find_first_not_of("ims") != std::string::npos) {
        return Wrong(place, "$options takes a text of the letters i, m and s");
      }
      flags = options->get<std::string>();
    }
    Result<Node> node = NewTest(field, Operator::kRegex, place);
    if (!node) return node;
    re2::RE2::Options settings(re2::RE2::Quiet);
    settings.set_max_mem(kPatternMemoryBytes);
    auto compiled = std::make_shared<const re2::RE2>(
        flags.empty() ? pattern : fmt::format("(?{}){}", flags, pattern), settings);
    if (!compiled->ok()) {
      return Wrong(place, fmt::format("\"{}\" is no regular expression of RE2: {}",
                                      pattern.substr(0, 100), compiled->error()));
    }
    node->pattern = std::move(compiled);
    return node;
  }

  int conditions_ = 0;
};

}  // namespace

bool RunFilter::Node::IsIn(const FieldValue& value) const {
  if (value.kind == Kind::kText) return texts.contains(value.text);
  if (value.kind == Kind::kTexts &&
      std::any_of(value.texts->begin(), value.texts->end(),
                  [&](const std::string& text) { return texts.contains(text); })) {
    return true;
  }
  return std::any_of(operands.begin(), operands.end(), [&](const Operand& operand) {
    return Equals(value, operand, field.is_column());
  });
}

bool RunFilter::Node::Test(const FieldValue& value) const {
  const auto compares = [&](auto holds) {
    const std::optional<int> order = Compare(value, operands.front());
    return order && holds(*order, 0);
  };
  switch (op) {
    case Operator::kEqual:
      return Equals(value, operands.front(), field.is_column());
    case Operator::kNotEqual:
      return !Equals(value, operands.front(), field.is_column());
    case Operator::kGreater:
      return compares(std::greater());
    case Operator::kGreaterOrEqual:
      return compares(std::greater_equal());
    case Operator::kLess:
      return compares(std::less());
    case Operator::kLessOrEqual:
      return compares(std::less_equal());
    case Operator::kIn:
      return IsIn(value);
    case Operator::kNotIn:
      return !IsIn(value);
    case Operator::kExists:
      return (value.kind != Kind::kMissing) == operands.front().value.boolean;
    case Operator::kContains:
      return Contains(value, operands.front());
    case Operator::kRegex:
      return MatchesPattern(value, *pattern);
  }
  return false;
}

bool RunFilter::Node::Matches(const Run& run, const RunSurroundings& around) const {
  const auto matches = [&](const Node& child) { return child.Matches(run, around); };
  switch (type) {
    case Type::kAnd:
      return std::all_of(children.begin(), children.end(), matches);
    case Type::kOr:
      return std::any_of(children.begin(), children.end(), matches);
    case Type::kNor:
      return std::none_of(children.begin(), children.end(), matches);
    case Type::kTest:
      return Test(field.Read(run, around));
  }
  return false;
}

Result<RunFilter> RunFilter::Parse(std::string_view json) {
  RunFilter filter;
  if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) return filter;
  if (json.size() > kTextBytesMax) {
    return InvalidArgument(
        fmt::format("filters: {} bytes are more than the limit of {}", json.size(), kTextBytesMax));
  }
  const std::optional<Json> document = ParseExtendedJson(json);
  if (!document) {
    return InvalidArgument(fmt::format("filters: not a JSON document: {}", json.substr(0, 100)));
  }
  if (document->is_null() || (document->is_object() && document->empty())) return filter;
  Result<Node> root = Compiler().Document(*document, "");
  if (!root) return root.error();
  filter.FindRequired(*root);
  filter.root_ = std::make_shared<const Node>(*std::move(root));
  return filter;
}

void RunFilter::FindRequired(const Node& node) {
  if (node.type == Node::Type::kAnd) {
    for (const Node& child : node.children) FindRequired(child);
    return;
  }
  if (node.type != Node::Type::kTest) return;
  if (node.op != Operator::kEqual && node.op != Operator::kIn) return;
  std::vector<std::string> texts;
  for (const Operand& operand : node.operands) {
    if (operand.value.kind != Kind::kText || operand.value.text.empty()) return;
    texts.push_back(operand.value.text);
  }
  if (node.field.is_sweep() && texts.size() == 1) required_sweep_ = texts.front();
  if (node.field.is_name()) required_names_ = std::move(texts);
}

bool RunFilter::Matches(const Run& run, const RunSurroundings& around) const {
  return root_ == nullptr || root_->Matches(run, around);
}

}  // namespace regatta::tracking
