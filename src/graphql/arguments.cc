#include "regatta/graphql/arguments.h"

namespace regatta::graphql {

const Value* Arguments::Find(std::string_view name) const {
  return object_ == nullptr ? nullptr : object_->Find(name);
}

bool Arguments::IsNull(std::string_view name) const {
  const Value* value = Find(name);
  return value != nullptr && value->is_null();
}

bool Arguments::IsSet(std::string_view name) const {
  const Value* value = Find(name);
  return value != nullptr && !value->is_null();
}

std::optional<std::string_view> Arguments::String(std::string_view name) const {
  const Value* value = Find(name);
  if (value == nullptr || !value->is_text()) {
    return std::nullopt;
  }
  return value->AsString();
}

std::optional<std::int64_t> Arguments::Int(std::string_view name) const {
  const Value* value = Find(name);
  if (value == nullptr || !value->is_int()) {
    return std::nullopt;
  }
  return value->AsInt();
}

std::optional<double> Arguments::Double(std::string_view name) const {
  const Value* value = Find(name);
  if (value == nullptr || !value->is_number()) {
    return std::nullopt;
  }
  return value->AsDouble();
}

std::optional<bool> Arguments::Bool(std::string_view name) const {
  const Value* value = Find(name);
  if (value == nullptr || !value->is_bool()) {
    return std::nullopt;
  }
  return value->AsBool();
}

std::optional<std::vector<std::string>> Arguments::StringList(std::string_view name) const {
  const Value* value = Find(name);
  if (value == nullptr || !value->is_list()) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  texts.reserve(value->AsList().size());
  for (const Value& item : value->AsList()) {
    if (item.is_text()) {
      texts.push_back(item.AsString());
    }
  }
  return texts;
}

std::optional<std::vector<std::int64_t>> Arguments::IntList(std::string_view name) const {
  const Value* value = Find(name);
  if (value == nullptr || !value->is_list()) {
    return std::nullopt;
  }
  std::vector<std::int64_t> numbers;
  numbers.reserve(value->AsList().size());
  for (const Value& item : value->AsList()) {
    if (item.is_int()) {
      numbers.push_back(item.AsInt());
    }
  }
  return numbers;
}

Arguments Arguments::Object(std::string_view name) const { return Arguments(Find(name)); }

std::vector<Arguments> Arguments::ObjectList(std::string_view name) const {
  std::vector<Arguments> objects;
  const Value* value = Find(name);
  if (value != nullptr && value->is_list()) {
    objects.reserve(value->AsList().size());
    for (const Value& item : value->AsList()) {
      objects.emplace_back(&item);
    }
  }
  return objects;
}

std::string Arguments::StringOr(std::string_view name, std::string_view fallback) const {
  return std::string(String(name).value_or(fallback));
}

std::int64_t Arguments::IntOr(std::string_view name, std::int64_t fallback) const {
  return Int(name).value_or(fallback);
}

bool Arguments::BoolOr(std::string_view name, bool fallback) const {
  return Bool(name).value_or(fallback);
}

bool Arguments::empty() const {
  return object_ == nullptr || !object_->is_object() || object_->AsObject().empty();
}

}  // namespace regatta::graphql
