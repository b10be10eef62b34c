#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "regatta/graphql/json.h"

namespace regatta::graphql {
namespace {

// Builds a Value from parse events. Strings are moved out of the parser, so a large one is copied
// once.
class ValueBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit ValueBuilder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return Put(Value()); }
  bool boolean(bool value) override { return Put(Value::Bool(value)); }
  bool number_integer(number_integer_t value) override { return Put(Value::Int(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return Put(Value::Double(static_cast<double>(value)));
    }
    return Put(Value::Int(static_cast<std::int64_t>(value)));
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    return Put(Value::Double(value));
  }
  bool string(string_t& text) override { return Put(Value::String(std::move(text))); }
  bool binary(binary_t& /*bytes*/) override { return false; }

  bool start_object(std::size_t /*count*/) override { return Open(true); }
  bool start_array(std::size_t /*count*/) override { return Open(false); }
  bool key(string_t& name) override {
    open_.back().name = std::move(name);
    return true;
  }
  bool end_object() override {
    Container done = Pop();
    Deduplicate(done.fields);
    return Put(Value::Object(std::move(done.fields)));
  }
  bool end_array() override {
    Container done = Pop();
    return Put(Value::List(std::move(done.items)));
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*why*/) override {
    error_ = InvalidArgument(
        fmt::format("malformed JSON at byte {}: send one well-formed JSON document", position));
    return false;
  }

  Result<Value> Take(bool is_complete) {
    if (is_complete) {
      return std::move(root_);
    }
    return std::move(error_);
  }

 private:
  struct Container {
    bool is_object = false;
    std::string name;
    std::vector<Value> items;
    std::vector<Value::Field> fields;
  };

  bool Count() {
    if (++count_ > limits_.max_values) {
      error_ = ResourceExhausted(
          fmt::format("JSON holds more than {} values: send fewer at once", limits_.max_values));
      return false;
    }
    return true;
  }

  bool Open(bool is_object) {
    if (open_.size() >= limits_.max_depth) {
      error_ = ResourceExhausted(
          fmt::format("JSON nests deeper than {} levels: flatten it", limits_.max_depth));
      return false;
    }
    open_.push_back({.is_object = is_object, .name = {}, .items = {}, .fields = {}});
    return Count();
  }

  Container Pop() {
    Container done = std::move(open_.back());
    open_.pop_back();
    return done;
  }

  bool Put(Value value) {
    if (!Count()) {
      return false;
    }
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().fields.emplace_back(std::move(open_.back().name), std::move(value));
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }

  // Keeps the last value of each name, at the place of the first.
  static void Deduplicate(std::vector<Value::Field>& fields) {
    if (fields.size() < 2) {
      return;
    }
    std::unordered_map<std::string_view, std::size_t> seen;
    std::vector<std::size_t> target(fields.size());
    bool has_repeat = false;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto [place, is_new] = seen.emplace(fields[i].first, i);
      target[i] = place->second;
      has_repeat = has_repeat || !is_new;
    }
    if (!has_repeat) {
      return;
    }
    std::vector<Value::Field> kept;
    std::vector<std::size_t> moved_to(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (target[i] == i) {
        moved_to[i] = kept.size();
        kept.push_back(fields[i]);
      } else {
        kept[moved_to[target[i]]].second = fields[i].second;
      }
    }
    fields = std::move(kept);
  }

  const JsonLimits& limits_;
  std::size_t count_ = 0;
  std::vector<Container> open_;
  Value root_;
  Error error_ = InvalidArgument("malformed JSON");
};

}  // namespace

Result<Value> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return ResourceExhausted(fmt::format("JSON text of {} bytes is longer than the limit of {}",
                                         text.size(), limits.max_bytes));
  }
  ValueBuilder builder(limits);
  const bool is_complete = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.Take(is_complete);
}

}  // namespace regatta::graphql
