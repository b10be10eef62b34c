#include "regatta/graphql/schema.h"

#include <algorithm>

#include "regatta/base/check.h"

namespace regatta::graphql {
namespace {

template <typename Items>
auto FindNamed(const Items& items, std::string_view name) -> decltype(items.data()) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string TypeRef::ToString() const {
  if (is_non_null()) {
    return inner().ToString() + "!";
  }
  if (is_list()) {
    return "[" + inner().ToString() + "]";
  }
  return named == nullptr ? "?" : named->name;
}

const InputDef* FieldDef::FindArg(std::string_view arg_name) const {
  return FindNamed(args, arg_name);
}

const FieldDef* TypeDef::FindField(std::string_view field_name) const {
  const auto found = field_positions.find(field_name);
  return found == field_positions.end() ? nullptr : &fields[found->second];
}

const InputDef* TypeDef::FindInputField(std::string_view field_name) const {
  return FindNamed(input_fields, field_name);
}

const EnumValueDef* TypeDef::FindEnumValue(std::string_view value_name) const {
  return FindNamed(enum_values, value_name);
}

bool TypeDef::CanBe(const TypeDef* object) const {
  return std::find(possible_types.begin(), possible_types.end(), object) != possible_types.end();
}

Schema::Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

const TypeDef* Schema::FindType(std::string_view name) const {
  const auto found = types_by_name_.find(name);
  return found == types_by_name_.end() ? nullptr : found->second;
}

const DirectiveDef* Schema::FindDirective(std::string_view name) const {
  for (const auto& directive : directives_) {
    if (directive->name == name) {
      return directive.get();
    }
  }
  return nullptr;
}

}  // namespace regatta::graphql
