#include "introspection.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "regatta/graphql/json.h"

namespace regatta::graphql {
namespace {

// A pointer into the schema, which outlives every request, so nobody has to own it.
template <typename T>
std::shared_ptr<const T> Unowned(const T* object) {
  return {std::shared_ptr<const void>(), object};
}

Resolved Type(TypeRef type) {
  return type.named == nullptr ? Resolved() : Resolved::Own("__Type", TypeRef(type));
}

Resolved TextOrNull(const std::string& text) {
  return text.empty() ? Resolved() : Resolved::Borrow(text);
}

// As a client would write it in a document.
void AppendLiteral(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Value::Kind::kEnum:
      out += value.AsString();
      return;
    case Value::Kind::kList:
      out += '[';
      for (std::size_t i = 0; i < value.AsList().size(); ++i) {
        out += i == 0 ? "" : ", ";
        AppendLiteral(value.AsList()[i], out);
      }
      out += ']';
      return;
    case Value::Kind::kObject: {
      out += '{';
      std::string_view separator;
      for (const auto& [name, field] : value.AsObject()) {
        out += fmt::format("{}{}: ", separator, name);
        AppendLiteral(field, out);
        separator = ", ";
      }
      out += '}';
      return;
    }
    default:
      AppendJson(value, out);
  }
}

std::string_view KindName(TypeRef type) {
  if (type.is_non_null()) {
    return "NON_NULL";
  }
  if (type.is_list()) {
    return "LIST";
  }
  switch (type.named->kind) {
    case TypeKind::kScalar:
      return "SCALAR";
    case TypeKind::kObject:
      return "OBJECT";
    case TypeKind::kInterface:
      return "INTERFACE";
    case TypeKind::kUnion:
      return "UNION";
    case TypeKind::kEnum:
      return "ENUM";
    case TypeKind::kInputObject:
      break;
  }
  return "INPUT_OBJECT";
}

// The items of `all`, without the deprecated ones unless asked for.
template <typename T>
Resolved Visible(StaticName type, const std::vector<T>& all, const FieldContext& context) {
  const bool with_deprecated = context.args().BoolOr("includeDeprecated", false);
  Resolved::Items items;
  for (const T& item : all) {
    if (with_deprecated || !item.deprecation) {
      items.push_back(Resolved::Object(type, Unowned(&item)));
    }
  }
  return items;
}

Resolved TypeList(const std::vector<const TypeDef*>& types) {
  Resolved::Items items;
  for (const TypeDef* type : types) {
    items.push_back(Type({type, 0}));
  }
  return items;
}

void AddSchema(ResolverMap& resolvers) {
  resolvers.Field<Schema>("__Schema", "description",
                          [](const Schema& s) { return TextOrNull(s.description()); });
  resolvers.Field<Schema>("__Schema", "types", [](const Schema& s) -> Resolved {
    Resolved::Items items;
    for (const auto& type : s.types()) {
      items.push_back(Type({type.get(), 0}));
    }
    return items;
  });
  resolvers.Field<Schema>("__Schema", "queryType",
                          [](const Schema& s) { return Type({s.query_type(), 0}); });
  resolvers.Field<Schema>("__Schema", "mutationType",
                          [](const Schema& s) { return Type({s.mutation_type(), 0}); });
  resolvers.Field<Schema>("__Schema", "subscriptionType", [](const Schema&) { return Resolved(); });
  resolvers.Field<Schema>("__Schema", "directives", [](const Schema& s) -> Resolved {
    Resolved::Items items;
    for (const auto& directive : s.directives()) {
      items.push_back(Resolved::Object("__Directive", Unowned(directive.get())));
    }
    return items;
  });
}

void AddType(ResolverMap& resolvers) {
  const auto add = [&](std::string field, auto function) {
    // Wrapped types have a kind and an inner type only.
    resolvers.Field<TypeRef>(
        "__Type", std::move(field), [function](const TypeRef& type, const FieldContext& context) {
          return type.wrappers == 0 ? Resolved(function(*type.named, context)) : Resolved();
        });
  };
  resolvers.Field<TypeRef>("__Type", "kind", [](const TypeRef& type) { return KindName(type); });
  resolvers.Field<TypeRef>("__Type", "ofType", [](const TypeRef& type) {
    return type.wrappers == 0 ? Resolved() : Type(type.inner());
  });
  add("name", [](const TypeDef& t, const FieldContext&) { return Resolved::Borrow(t.name); });
  add("description",
      [](const TypeDef& t, const FieldContext&) { return TextOrNull(t.description); });
  add("specifiedByURL", [](const TypeDef& t, const FieldContext&) { return t.specified_by_url; });
  add("fields", [](const TypeDef& t, const FieldContext& context) {
    const bool has_fields = t.kind == TypeKind::kObject || t.kind == TypeKind::kInterface;
    return has_fields ? Visible("__Field", t.fields, context) : Resolved();
  });
  add("interfaces", [](const TypeDef& t, const FieldContext&) {
    const bool has_fields = t.kind == TypeKind::kObject || t.kind == TypeKind::kInterface;
    return has_fields ? TypeList(t.interfaces) : Resolved();
  });
  add("possibleTypes", [](const TypeDef& t, const FieldContext&) {
    return t.is_abstract() ? TypeList(t.possible_types) : Resolved();
  });
  add("enumValues", [](const TypeDef& t, const FieldContext& context) {
    return t.kind == TypeKind::kEnum ? Visible("__EnumValue", t.enum_values, context) : Resolved();
  });
  add("inputFields", [](const TypeDef& t, const FieldContext& context) {
    return t.kind == TypeKind::kInputObject ? Visible("__InputValue", t.input_fields, context)
                                            : Resolved();
  });
}

template <typename T>
void AddCommon(const std::string& type, ResolverMap& resolvers) {
  resolvers.Field<T>(type, "name", [](const T& item) { return Resolved::Borrow(item.name); });
  resolvers.Field<T>(type, "description",
                     [](const T& item) { return TextOrNull(item.description); });
}

template <typename T>
void AddDeprecation(const std::string& type, ResolverMap& resolvers) {
  resolvers.Field<T>(type, "isDeprecated",
                     [](const T& item) { return item.deprecation.has_value(); });
  resolvers.Field<T>(type, "deprecationReason", [](const T& item) { return item.deprecation; });
}

}  // namespace

void AddIntrospection(const Schema& schema, ResolverMap& resolvers) {
  const std::string query(schema.query_type()->name);
  resolvers.Add(query, "__schema", [&schema](const FieldContext&) -> Result<Resolved> {
    return Resolved::Object("__Schema", Unowned(&schema));
  });
  resolvers.Add(query, "__type", [&schema](const FieldContext& context) -> Result<Resolved> {
    return Type({schema.FindType(context.args().String("name").value_or("")), 0});
  });
  AddSchema(resolvers);
  AddType(resolvers);

  AddCommon<FieldDef>("__Field", resolvers);
  AddDeprecation<FieldDef>("__Field", resolvers);
  resolvers.Field<FieldDef>("__Field", "type", [](const FieldDef& f) { return Type(f.type); });
  resolvers.Field<FieldDef>("__Field", "args", [](const FieldDef& f, const FieldContext& context) {
    return Visible("__InputValue", f.args, context);
  });

  AddCommon<InputDef>("__InputValue", resolvers);
  AddDeprecation<InputDef>("__InputValue", resolvers);
  resolvers.Field<InputDef>("__InputValue", "type", [](const InputDef& i) { return Type(i.type); });
  resolvers.Field<InputDef>("__InputValue", "defaultValue", [](const InputDef& i) -> Resolved {
    if (!i.default_value) {
      return nullptr;
    }
    std::string literal;
    AppendLiteral(*i.default_value, literal);
    return literal;
  });

  AddCommon<EnumValueDef>("__EnumValue", resolvers);
  AddDeprecation<EnumValueDef>("__EnumValue", resolvers);

  AddCommon<DirectiveDef>("__Directive", resolvers);
  resolvers.Field<DirectiveDef>("__Directive", "isRepeatable",
                                [](const DirectiveDef& d) { return d.is_repeatable; });
  resolvers.Field<DirectiveDef>("__Directive", "locations",
                                [](const DirectiveDef& d) { return d.locations; });
  resolvers.Field<DirectiveDef>("__Directive", "args",
                                [](const DirectiveDef& d, const FieldContext& context) {
                                  return Visible("__InputValue", d.args, context);
                                });
}

}  // namespace regatta::graphql
