#include "regatta/graphql/resolver.h"

#include <fmt/format.h>

#include "execution.h"
#include "regatta/base/check.h"

namespace regatta::graphql {

Resolved::Resolved(class Record&& record) : payload_(RecordRef(std::move(record.data_))) {}

Resolved Resolved::Json(std::string text) {
  Resolved resolved;
  resolved.payload_ = JsonText{std::move(text)};
  return resolved;
}

Resolved Resolved::Borrow(std::string_view text) {
  Resolved resolved;
  resolved.payload_ = BorrowedText{text};
  return resolved;
}

bool Resolved::is_null() const {
  if (const auto* value = std::get_if<Value>(&payload_)) {
    return value->is_null();
  }
  return std::holds_alternative<std::nullptr_t>(payload_);
}

Record::Record(StaticName type) : data_(std::make_shared<Resolved::RecordData>()) {
  data_->type = type.text();
}

Record& Record::Set(StaticName field, Resolved value) & {
  for (const auto& [name, earlier] : data_->fields) {
    Check(name != field.text(), "a field of a Record is set twice");
  }
  data_->fields.emplace_back(field.text(), std::move(value));
  return *this;
}

Record&& Record::Set(StaticName field, Resolved value) && {
  Set(field, std::move(value));
  return std::move(*this);
}

std::string_view FieldContext::parent_type() const { return field_->parent->name; }
std::string_view FieldContext::field_name() const { return field_->field->name; }
std::string_view FieldContext::response_key() const { return field_->nodes.front()->response_key; }
bool FieldContext::Selects(std::string_view path) const {
  return execution_->Selects(*field_, path);
}

void ResolverMap::Add(std::string type, std::string field, Resolver resolver) {
  Check(resolver != nullptr, "a resolver is empty");
  entries_.push_back({std::move(type), std::move(field), std::move(resolver)});
}

void ResolverMap::Record(std::string type, std::initializer_list<std::string_view> fields) {
  for (const std::string_view field : fields) {
    entries_.push_back({type, std::string(field), nullptr});
  }
}

Error ResolverMap::ParentMismatch(std::string_view type, std::string_view field) {
  return Internal(
      fmt::format("{}.{}: the parent object has another C++ type than its resolver "
                  "expects",
                  type, field));
}

}  // namespace regatta::graphql
