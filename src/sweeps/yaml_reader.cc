#include "regatta/sweeps/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>

#include "regatta/base/utf8.h"
#include "yaml_scalar.h"

namespace regatta::sweeps {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

// Leaves yaml-cpp's parser; never leaves this file.
struct ReadFailure {
  Position position;
  std::string message;
};

Error FailureError(const ReadFailure& failure) {
  return InvalidArgument(fmt::format("line {}, column {}: {}", failure.position.line,
                                     failure.position.column, failure.message));
}

Position ToPosition(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// yaml-cpp gives the escapes \N and \_ as the bytes 0x85 and 0xA0 where U+0085 and U+00A0 are
// meant. The text itself is UTF-8, so whatever is none in a scalar came from them.
std::string WithWholeCharacters(const std::string& scalar) {
  std::string text;
  for (std::size_t at = 0; at < scalar.size();) {
    const Utf8Step step = ReadUtf8(scalar, at);
    AppendUtf8(step.character, text);
    at += step.length;
  }
  return text;
}

// What a value costs against the alias bound, and how deep it goes.
struct Extent {
  std::size_t values = 0;
  int height = 0;
};

Extent Measure(const Value& value) {
  // Long strings count by their size, or a few aliases of one could fill the memory.
  constexpr std::size_t kStringBytesPerValue = 64;
  Extent extent{1, 1};
  const auto add = [&extent](const Value& child) {
    const Extent inner = Measure(child);
    extent.values += inner.values;
    extent.height = std::max(extent.height, inner.height + 1);
  };
  if (value.is_string()) {
    extent.values += value.as_string().size() / kStringBytesPerValue;
  } else if (value.is_list()) {
    for (const Value& item : value.as_list()) {
      add(item);
    }
  } else if (value.is_map()) {
    for (const Member& member : value.as_map()) {
      extent.values += member.key.size() / kStringBytesPerValue;
      add(member.value);
    }
  }
  return extent;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const YamlOptions& options) : options_(options) {}

  Value TakeRoot() { return std::move(root_); }
  bool has_root() const { return has_root_; }
  std::vector<Problem> TakeProblems() { return std::move(problems_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Place(Value::Null(), ToPosition(mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw ReadFailure{ToPosition(mark), "an alias inside of the value that it names"};
    }
    const Extent extent = Measure(found->second);
    alias_values_ += extent.values;
    if (alias_values_ > options_.limits.alias_values_max) {
      throw ReadFailure{ToPosition(mark), "aliases repeat too many values"};
    }
    CheckDepth(extent.height - 1, ToPosition(mark));
    Value copy = found->second;
    Place(std::move(copy), ToPosition(mark), YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const Position place = ToPosition(mark);
    if (ExpectsKey() && tag == "?" && text == "<<") {
      stack_.back().key = std::string();
      stack_.back().is_merge = true;
      stack_.back().key_position = place;
      return;
    }
    Place(ReadScalar(tag, WithWholeCharacters(text), place), place, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Value::OfList({}), tag, "seq", ToPosition(mark), anchor);
  }

  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Value::OfMap({}), tag, "map", ToPosition(mark), anchor);
  }

  void OnMapEnd() override {
    for (Value& merged : stack_.back().merges) {
      Merge(std::move(merged));
    }
    Close();
  }

 private:
  struct Frame {
    Value value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    // Maps only.
    std::optional<std::string> key;
    Position key_position;
    bool is_merge = false;
    std::vector<Value> merges;
    std::unordered_map<std::string, std::size_t> places;
  };

  bool ExpectsKey() const {
    return !stack_.empty() && stack_.back().value.is_map() && !stack_.back().key;
  }

  std::string Path() const {
    std::string path;
    for (const Frame& frame : stack_) {
      if (frame.value.is_list()) {
        path += fmt::format("[{}]", frame.value.as_list().size());
      } else if (frame.key) {
        path += path.empty() ? "" : ".";
        path += *frame.key;
      }
    }
    return path;
  }

  void Report(Severity severity, Position place, std::string message, std::string suggestion) {
    // One text can hold a million of the same mistake.
    constexpr std::size_t kProblemsMax = 200;
    if (problems_.size() < kProblemsMax) {
      problems_.push_back({severity, Path(), place, std::move(message), std::move(suggestion)});
    }
  }

  void CheckDepth(int more, Position place) const {
    if (static_cast<int>(stack_.size()) + more > options_.limits.depth_max) {
      throw ReadFailure{place,
                        fmt::format("nested deeper than {} levels", options_.limits.depth_max)};
    }
  }

  Value ReadScalar(const std::string& tag, const std::string& text, Position place) {
    if (tag == "!" || tag == "tag:yaml.org,2002:str") {
      return Value::String(text);
    }
    if (tag == "?") {
      return ReadPlain(text, place);
    }
    if (tag.starts_with(kTagPrefix)) {
      const std::string_view kind = std::string_view(tag).substr(kTagPrefix.size());
      if (std::optional<Value> value = ReadTagged(kind, text); value) {
        return *std::move(value);
      }
      if (kind == "null" || kind == "bool" || kind == "int" || kind == "float") {
        throw ReadFailure{place, fmt::format("\"{}\" is no {}", text, kind)};
      }
    }
    throw ReadFailure{place, fmt::format("the tag {} has no meaning in a sweep file", tag)};
  }

  Value ReadPlain(const std::string& text, Position place) {
    const bool is_key = ExpectsKey();
    PlainScalar scalar = TypePlainScalar(text, options_.strict_yaml || is_key);
    if (scalar.is_timestamp) {
      Report(Severity::kError, place,
             fmt::format("{} is a date in YAML and has no JSON form", text),
             fmt::format("write \"{}\" in quotes", text));
    } else if (scalar.is_widened) {
      Report(Severity::kWarning, place,
             fmt::format("{} is read as a float; W&B reads it as a string", text),
             "write it with a dot and a signed exponent (1.0e-5), or in quotes");
    } else if (scalar.is_beyond_64_bits && !is_key) {
      Report(Severity::kWarning, place,
             fmt::format("the integer {} is beyond 64 bits and is read as a float", text), "");
    }
    return std::move(scalar.value);
  }

  static std::optional<Value> ReadTagged(std::string_view kind, const std::string& text) {
    Value value = TypePlainScalar(text, false).value;
    if (kind == "float" && value.is_number()) {
      return Value::Float(value.as_number());
    }
    if ((kind == "int" && value.is_int()) || (kind == "bool" && value.is_bool()) ||
        (kind == "null" && value.is_null())) {
      return value;
    }
    return std::nullopt;
  }

  void Open(Value empty, const std::string& tag, std::string_view kind, Position place,
            YAML::anchor_t anchor) {
    if (tag != "?" && tag != "!" && tag != std::string(kTagPrefix) + std::string(kind)) {
      throw ReadFailure{place, fmt::format("the tag {} has no meaning in a sweep file", tag)};
    }
    if (ExpectsKey()) {
      throw ReadFailure{place, "a list or mapping cannot be a key"};
    }
    CheckDepth(1, place);
    Frame frame;
    frame.value = std::move(empty);
    frame.value.position = place;
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  void Close() {
    Frame done = std::move(stack_.back());
    stack_.pop_back();
    const Position place = done.value.position;
    Place(std::move(done.value), place, done.anchor);
  }

  // A finished value goes to its parent: as root, item, key or member.
  void Place(Value value, Position place, YAML::anchor_t anchor) {
    if (++values_ > options_.limits.values_max) {
      throw ReadFailure{place, "too many values"};
    }
    value.position = place;
    if (anchor != YAML::NullAnchor) {
      anchors_[anchor] = value;
    }
    if (stack_.empty()) {
      root_ = std::move(value);
      has_root_ = true;
      return;
    }
    Frame& parent = stack_.back();
    if (parent.value.is_list()) {
      parent.value.as_list().push_back(std::move(value));
    } else if (!parent.key) {
      parent.key_position = place;
      parent.key = KeyText(value, place);
    } else if (parent.is_merge) {
      AddMerge(std::move(value), place);
      parent.is_merge = false;
      parent.key.reset();
    } else {
      AddMember(parent, std::move(value));
      parent.key.reset();
    }
  }

  // Keys become strings the way json.dumps writes them.
  std::string KeyText(const Value& value, Position place) {
    if (value.is_string()) {
      return value.as_string();
    }
    if (value.is_list() || value.is_map()) {
      throw ReadFailure{place, "a list or mapping cannot be a key"};
    }
    std::string text = ToJson(value);
    if (value.is_bool() || value.is_null()) {
      Report(Severity::kWarning, place,
             fmt::format("this key is {} in YAML 1.1 and becomes \"{}\"", KindName(value.kind()),
                         text),
             "put the key in quotes");
    }
    return text;
  }

  void AddMember(Frame& parent, Value value) {
    const auto [found, is_new] =
        parent.places.try_emplace(*parent.key, parent.value.as_map().size());
    if (!is_new) {
      const Member& first = parent.value.as_map()[found->second];
      Report(Severity::kError, parent.key_position,
             fmt::format("the key \"{}\" stands twice; it was first given on line {}", *parent.key,
                         first.key_position.line),
             "remove one of the two");
      return;
    }
    parent.value.as_map().push_back(Member{*parent.key, parent.key_position, std::move(value)});
  }

  void AddMerge(Value value, Position place) {
    Frame& parent = stack_.back();
    if (value.is_map()) {
      parent.merges.push_back(std::move(value));
      return;
    }
    if (value.is_list() && std::ranges::all_of(value.as_list(), &Value::is_map)) {
      for (Value& item : value.as_list()) {
        parent.merges.push_back(std::move(item));
      }
      return;
    }
    throw ReadFailure{place, "\"<<\" merges a mapping or a list of mappings"};
  }

  // Members given in the map itself, or merged earlier, win.
  void Merge(Value merged) {
    Frame& frame = stack_.back();
    for (Member& member : merged.as_map()) {
      if (frame.places.try_emplace(member.key, frame.value.as_map().size()).second) {
        frame.value.as_map().push_back(std::move(member));
      }
    }
  }

  const YamlOptions& options_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Value> anchors_;
  std::size_t values_ = 0;
  std::size_t alias_values_ = 0;
  Value root_;
  bool has_root_ = false;
  std::vector<Problem> problems_;
};

// Text that YAML allows: UTF-8 without control characters. yaml-cpp itself checks neither.
Result<void> CheckCharacters(std::string_view text) {
  Position place{1, 1};
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = ReadUtf8(text, at);
    const char character = text[at];
    if (!step.is_valid) {
      return FailureError({place, "the text is no UTF-8"});
    }
    const bool is_control = (static_cast<unsigned char>(character) < 0x20 && character != '\t' &&
                             character != '\n' && character != '\r') ||
                            character == 0x7F;
    if (is_control) {
      return FailureError({place, "a control character, which YAML does not allow"});
    }
    ++place.column;
    if (character == '\n') {
      ++place.line;
      place.column = 1;
    }
    at += step.length;
  }
  return Ok();
}

Result<YamlDocument> Build(std::string_view text, const YamlOptions& options) {
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(options);
  YAML::Parser parser(stream);
  if (!parser.HandleNextDocument(builder) || !builder.has_root()) {
    return InvalidArgument("the document is empty");
  }
  YamlDocument document{builder.TakeRoot(), builder.TakeProblems()};
  TreeBuilder second(options);
  if (parser.HandleNextDocument(second)) {
    return InvalidArgument("the text holds more than one YAML document; keep one");
  }
  return document;
}

bool LooksLikeJson(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

// A JSON text that says nothing YAML would object to; else nothing, and the YAML reader explains.
std::optional<YamlDocument> TryJson(std::string_view text, const YamlOptions& options) {
  if (options.strict_yaml || !LooksLikeJson(text)) {
    return std::nullopt;
  }
  Result<Value> value = ParseJsonStrict(text);
  if (!value) {
    return std::nullopt;
  }
  const Extent extent = Measure(*value);
  if (extent.height > options.limits.depth_max) {
    return std::nullopt;
  }
  return YamlDocument{*std::move(value), {}};
}

}  // namespace

Result<YamlDocument> ReadYaml(std::string_view text, const YamlOptions& options) {
  if (text.size() > options.limits.bytes_max) {
    return InvalidArgument(fmt::format("the text has {} bytes; the limit is {}", text.size(),
                                       options.limits.bytes_max));
  }
  if (Result<void> checked = CheckCharacters(text); !checked) {
    return std::move(checked).error();
  }
  if (std::optional<YamlDocument> json = TryJson(text, options); json) {
    return *std::move(json);
  }
  try {
    return Build(text, options);
  } catch (const ReadFailure& failure) {
    return FailureError(failure);
  } catch (const YAML::Exception& exception) {
    return FailureError({ToPosition(exception.mark), exception.msg});
  } catch (const std::exception& exception) {
    return InvalidArgument(fmt::format("the text is no YAML: {}", exception.what()));
  }
}

Result<Value> ReadPlainScalar(std::string_view text, bool strict_yaml) {
  PlainScalar scalar = TypePlainScalar(text, strict_yaml);
  if (scalar.is_timestamp) {
    return InvalidArgument(fmt::format("{} is a date, which has no JSON form", text));
  }
  return std::move(scalar.value);
}

}  // namespace regatta::sweeps
