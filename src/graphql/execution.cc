#include "execution.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "leaf.h"
#include "regatta/base/json_string.h"
#include "regatta/base/log.h"
#include "regatta/graphql/json.h"

namespace regatta::graphql {
namespace {

std::string CodeText(ErrorCode code) {
  std::string text(ErrorCodeName(code));
  for (char& c : text) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

}  // namespace

void AppendError(const ResponseError& error, std::string& out) {
  out += "{\"message\":";
  AppendJsonString(error.error.message, out);
  if (!error.locations.empty()) {
    out += ",\"locations\":";
    char separator = '[';
    for (const SourceLocation& location : error.locations) {
      out +=
          fmt::format("{}{{\"line\":{},\"column\":{}}}", separator, location.line, location.column);
      separator = ',';
    }
    out += ']';
  }
  if (!error.path.empty()) {
    out += ",\"path\":";
    out += error.path;
  }
  out += fmt::format(",\"extensions\":{{\"code\":\"{}\"}}}}", CodeText(error.error.code));
}

void Execution::Run(const OperationNode& operation, std::string& out) {
  const TypeDef& root = operation.kind == OperationKind::kMutation ? *setup_.schema.mutation_type()
                                                                   : *setup_.schema.query_type();
  const std::size_t mark = out.size();
  Plan plan = MakePlan({&operation.selections}, root);
  bool is_written = WriteObject(plan, {}, nullptr, out) && !is_aborted_;
  if (is_written) {
    // What the last field added.
    if (std::optional<Error> error = TooLong(out)) {
      errors_.push_back({*std::move(error), "", {}});
      is_written = false;
    }
  }
  if (!is_written) {
    out.resize(mark);
    out += "null";
  }
}

bool Execution::Fail(const PlannedField& planned, Error error, const Place& place) {
  if (errors_.size() >= setup_.options.max_errors) {
    ++errors_dropped_;
    return false;
  }
  std::vector<const Place*> way;
  for (const Place* at = &place; at != nullptr; at = at->up) {
    way.push_back(at);
  }
  ResponseError response_error{std::move(error), "[", {}};
  for (auto at = way.rbegin(); at != way.rend(); ++at) {
    response_error.path += at == way.rbegin() ? "" : ",";
    if ((*at)->key.empty()) {
      AppendJsonInt(static_cast<std::int64_t>((*at)->index), response_error.path);
    } else {
      AppendJsonString((*at)->key, response_error.path);
    }
  }
  response_error.path += ']';
  for (const SelectionNode* node : planned.nodes) {
    response_error.locations.push_back(node->location);
  }
  errors_.push_back(std::move(response_error));
  return false;
}

bool Execution::CountField(const PlannedField& planned, const Place& place,
                           const std::string& out) {
  if (is_aborted_) {
    return false;
  }
  if (++fields_ > setup_.options.max_fields) {
    is_aborted_ = true;
    return Fail(planned,
                ResourceExhausted(fmt::format(
                    "the answer has more than {} fields: ask for fewer at once (use first/after)",
                    setup_.options.max_fields)),
                place);
  }
  if (std::optional<Error> error = TooLong(out)) {
    is_aborted_ = true;
    return Fail(planned, *std::move(error), place);
  }
  return true;
}

std::optional<Error> Execution::TooLong(const std::string& out) {
  if (out.size() > setup_.options.max_response_bytes) {
    return ResourceExhausted(fmt::format(
        "the answer is longer than {} bytes: ask for fewer items or fields at once (first/after, "
        "per_page, samples, page_size), or in several requests",
        setup_.options.max_response_bytes));
  }
  if (!setup_.memory.Cover(out.size())) {
    return Unavailable(
        "the server is putting too many large answers together at once: try again later, or ask "
        "for less at once (first/after, per_page, samples, page_size)");
  }
  return std::nullopt;
}

bool Execution::WriteObject(Plan& plan, Parent parent, const Place* up, std::string& out) {
  char separator = '{';
  for (PlannedField& planned : plan.fields) {
    out += separator;
    out += planned.key_json;
    separator = ',';
    const Place place{up, planned.nodes.front()->response_key};
    if (!CountField(planned, place, out) || !WriteField(planned, parent, place, out)) {
      return false;
    }
  }
  if (separator == '{') {
    out += '{';
  }
  out += '}';
  return true;
}

Result<Resolved> Execution::Resolve(const PlannedField& planned, Parent parent) const {
  if (planned.args_error) {
    return *planned.args_error;
  }
  if (!planned.slot->resolver) {
    return Unsupported(fmt::format("{}.{} is not supported by this server yet",
                                   planned.parent->name, planned.field->name));
  }
  FieldContext context;
  context.args_ = Arguments(&planned.args);
  context.request_ = setup_.context;
  context.request_type_ = setup_.context_type;
  context.parent_ = parent.object;
  context.field_ = &planned;
  context.execution_ = this;
  try {
    Result<Resolved> value = planned.slot->resolver(context);
    if (!value && value.error().code == ErrorCode::kInternal) {
      Log(LogLevel::kError, "graphql", "{}.{}: {}", planned.parent->name, planned.field->name,
          value.error().message);
    }
    return value;
  } catch (const std::exception& thrown) {
    Log(LogLevel::kError, "graphql", "{}.{} failed by an exception: {}", planned.parent->name,
        planned.field->name, thrown.what());
    return Internal(fmt::format("{}.{} failed inside the server: its log tells why",
                                planned.parent->name, planned.field->name));
  }
}

bool Execution::WriteField(PlannedField& planned, Parent parent, const Place& place,
                           std::string& out) {
  if (planned.field == &setup_.schema.typename_field()) {
    AppendJsonString(planned.parent->name, out);
    return true;
  }
  // A resolver of its own wins over the record's value.
  if (parent.record != nullptr && !planned.slot->resolver) {
    static const Resolved kUnset;
    const Resolved* value = &kUnset;
    for (const auto& [name, set] : parent.record->fields) {
      if (name == planned.field->name) {
        value = &set;
        break;
      }
    }
    return Complete(planned, planned.field->type, *value, place, out);
  }
  Result<Resolved> value = Resolve(planned, parent);
  if (!value) {
    Fail(planned, std::move(value).error(), place);
    if (planned.field->type.is_non_null()) {
      return false;
    }
    out += "null";
    return true;
  }
  return Complete(planned, planned.field->type, *value, place, out);
}

// CompleteValue() of the specification, section 6.4.3, with its null propagation: what was already
// written of a value that turns out null is cut off again.
bool Execution::Complete(PlannedField& planned, TypeRef type, const Resolved& value,
                         const Place& place, std::string& out) {
  const std::size_t mark = out.size();
  const std::size_t errors_before = errors_.size() + errors_dropped_;
  if (!value.is_null() && CompleteNullable(planned, type.nullable(), value, place, out)) {
    return true;
  }
  if (type.is_non_null()) {
    if (errors_.size() + errors_dropped_ == errors_before && !is_aborted_) {
      const TypeDef& parent = *planned.parent;
      Fail(planned,
           Internal(fmt::format("Cannot return null for non-nullable field {}.{}.", parent.name,
                                planned.field->name)),
           place);
    }
    return false;
  }
  out.resize(mark);
  out += "null";
  return true;
}

bool Execution::CompleteNullable(PlannedField& planned, TypeRef type, const Resolved& value,
                                 const Place& place, std::string& out) {
  if (type.is_list()) {
    return CompleteList(planned, type, value, place, out);
  }
  if (type.named->is_leaf()) {
    Result<bool> written = AppendLeaf(value, *type.named, out);
    if (!written) {
      return Fail(planned,
                  WithContext(fmt::format("{}.{}", planned.parent->name, planned.field->name),
                              written.error()),
                  place);
    }
    return *written;
  }
  return CompleteObject(planned, *type.named, value, place, out);
}

bool Execution::CompleteList(PlannedField& planned, TypeRef type, const Resolved& value,
                             const Place& place, std::string& out) {
  if (const auto* json = std::get_if<Resolved::JsonText>(&value.payload());
      json != nullptr && type.named->is_leaf()) {
    out += json->text;
    return true;
  }
  const auto* items = std::get_if<Resolved::Items>(&value.payload());
  if (items == nullptr) {
    return Fail(planned,
                Internal(fmt::format("{}.{} is a list but was not given as one",
                                     planned.parent->name, planned.field->name)),
                place);
  }
  out += '[';
  for (std::size_t i = 0; i < items->size(); ++i) {
    if (i > 0) {
      out += ',';
    }
    const Place item_place{&place, {}, i};
    if (!CountField(planned, item_place, out) ||
        !Complete(planned, type.inner(), (*items)[i], item_place, out)) {
      return false;
    }
  }
  out += ']';
  return true;
}

bool Execution::CompleteObject(PlannedField& planned, const TypeDef& type, const Resolved& value,
                               const Place& place, std::string& out) {
  Parent parent;
  std::string_view name;
  if (const auto* object = std::get_if<Resolved::ObjectRef>(&value.payload())) {
    parent.object = object;
    name = object->type;
  } else if (const auto* record = std::get_if<Resolved::RecordRef>(&value.payload())) {
    parent.record = record->get();
    name = (*record)->type;
  }
  const TypeDef* object_type = name == type.name ? &type : setup_.schema.FindType(name);
  if (object_type == nullptr || !type.CanBe(object_type)) {
    return Fail(planned,
                Internal(fmt::format("{}.{} wants an object of type {} but was given {}",
                                     planned.parent->name, planned.field->name, type.name,
                                     name.empty() ? "no object" : name)),
                place);
  }
  return WriteObject(PlanFor(planned, *object_type), parent, &place, out);
}

}  // namespace regatta::graphql
