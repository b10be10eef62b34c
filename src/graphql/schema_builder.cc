// From the tree of an SDL text to a checked Schema.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "coerce.h"
#include "prelude.h"
#include "regatta/graphql/schema.h"
#include "sdl.h"

namespace regatta::graphql {

class SchemaBuilder {
 public:
  Result<Schema> Build(std::string_view sdl) {
    Result<SdlDocument> own = ParseSdl(sdl, pool_);
    if (!own) {
      return own.error();
    }
    Result<SdlDocument> prelude = ParseSdl(kPreludeSdl, pool_);
    if (!prelude) {
      return prelude.error();
    }
    for (const bool is_built_in : {false, true}) {
      const SdlDocument& document = is_built_in ? *prelude : *own;
      for (const SdlType& type : document.types) {
        Declare(type, is_built_in);
      }
    }
    for (const SdlDocument* document : {&*own, &*prelude}) {
      for (const SdlType& type : document->types) {
        Define(type);
      }
      for (const SdlDirective& directive : document->directives) {
        Define(directive);
      }
    }
    schema_.description_ = own->description;
    SetRoots(*own);
    if (!error_) {
      Finish();
      CoerceDefaults();
      CheckWhole();
    }
    if (error_) {
      return *std::move(error_);
    }
    return std::move(schema_);
  }

 private:
  struct DefaultPlace {
    TypeDef* type = nullptr;
    DirectiveDef* directive = nullptr;
    std::size_t field = 0;
    std::size_t input = 0;
    bool is_argument = false;
    SourceLocation location;
  };

  void Fail(SourceLocation at, const std::string& why) {
    if (!error_) {
      error_ = InvalidArgument(fmt::format("schema ({}:{}): {}", at.line, at.column, why));
    }
  }

  TypeDef* Find(std::string_view name) {
    const auto found = schema_.types_by_name_.find(name);
    return found == schema_.types_by_name_.end() ? nullptr : found->second;
  }

  void Declare(const SdlType& sdl, bool is_built_in) {
    if (sdl.is_extension) {
      return;
    }
    if (TypeDef* earlier = Find(sdl.name)) {
      // A schema may spell out the built-in scalars.
      if (!(is_built_in && earlier->kind == TypeKind::kScalar)) {
        Fail(sdl.location, fmt::format("type {} is defined twice", sdl.name));
      }
      earlier->is_built_in = true;
      return;
    }
    auto type = std::make_unique<TypeDef>();
    type->kind = sdl.kind;
    type->name = sdl.name;
    type->description = sdl.description;
    type->is_built_in = is_built_in;
    schema_.types_by_name_.emplace(type->name, type.get());
    schema_.types_.push_back(std::move(type));
  }

  TypeRef Resolve(const TypeNode& node) {
    const TypeDef* named = Find(node.name);
    if (named == nullptr) {
      Fail(node.location, fmt::format("Unknown type \"{}\".", node.name));
    }
    return {named, node.wrappers};
  }

  std::optional<std::string> Deprecation(const std::vector<DirectiveNode>& directives) {
    for (const DirectiveNode& directive : directives) {
      if (directive.name == "deprecated") {
        return directive.arguments.empty() ? "No longer supported"
                                           : std::string(directive.arguments.front().value.text);
      }
    }
    return std::nullopt;
  }

  InputDef MakeInput(const SdlInput& sdl) {
    InputDef input;
    input.name = sdl.name;
    input.description = sdl.description;
    input.type = Resolve(sdl.type);
    if (input.type.named != nullptr && !input.type.named->is_input()) {
      Fail(sdl.location, fmt::format("\"{}\" has type {}, which is not an input type", sdl.name,
                                     input.type.ToString()));
    }
    input.deprecation = Deprecation(sdl.directives);
    return input;
  }

  // Defaults need every type, so they wait until all are defined.
  void Postpone(const std::vector<SdlInput>& inputs, DefaultPlace place) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].default_value) {
        place.input = i;
        place.location = inputs[i].location;
        defaults_.emplace_back(place, *inputs[i].default_value);
      }
      for (std::size_t j = 0; j < i; ++j) {
        if (inputs[i].name == inputs[j].name) {
          Fail(inputs[i].location, fmt::format("\"{}\" is defined twice", inputs[i].name));
        }
      }
    }
  }

  void Define(const SdlType& sdl) {
    TypeDef* type = Find(sdl.name);
    if (type == nullptr || type->kind != sdl.kind) {
      Fail(sdl.location, fmt::format("there is no such type {} to extend", sdl.name));
      return;
    }
    for (const SdlName& name : sdl.interfaces) {
      const TypeDef* interface = Find(name.name);
      if (interface == nullptr || interface->kind != TypeKind::kInterface) {
        Fail(name.location, fmt::format("{} is not an interface", name.name));
      }
      type->interfaces.push_back(interface);
    }
    for (const SdlName& name : sdl.members) {
      const TypeDef* member = Find(name.name);
      if (member == nullptr || member->kind != TypeKind::kObject) {
        Fail(name.location, fmt::format("{} is not an object type", name.name));
      }
      type->possible_types.push_back(member);
    }
    for (const SdlField& field : sdl.fields) {
      AddField(*type, field);
    }
    if (sdl.kind == TypeKind::kInputObject) {
      if (!type->input_fields.empty() && !sdl.input_fields.empty()) {
        Fail(sdl.location, fmt::format("input {} is defined in two places", sdl.name));
      }
      for (const SdlInput& input : sdl.input_fields) {
        type->input_fields.push_back(MakeInput(input));
      }
      Postpone(sdl.input_fields, {.type = type});
    }
    for (const SdlEnumValue& value : sdl.values) {
      if (type->FindEnumValue(value.name) != nullptr) {
        Fail(value.location, fmt::format("{}.{} is defined twice", sdl.name, value.name));
      }
      type->enum_values.push_back(
          {std::string(value.name), std::string(value.description), Deprecation(value.directives)});
    }
    for (const DirectiveNode& directive : sdl.directives) {
      if (directive.name == "specifiedBy" && !directive.arguments.empty()) {
        type->specified_by_url = directive.arguments.front().value.text;
      }
    }
  }

  void AddField(TypeDef& type, const SdlField& sdl) {
    FieldDef field;
    field.name = sdl.name;
    field.description = sdl.description;
    field.type = Resolve(sdl.type);
    if (field.type.named != nullptr && field.type.named->kind == TypeKind::kInputObject) {
      Fail(sdl.location, fmt::format("{}.{} has type {}, which is an input", type.name, sdl.name,
                                     field.type.ToString()));
    }
    for (const SdlInput& arg : sdl.args) {
      field.args.push_back(MakeInput(arg));
    }
    Postpone(sdl.args, {.type = &type, .field = type.fields.size(), .is_argument = true});
    field.deprecation = Deprecation(sdl.directives);
    field.parent = &type;
    const auto same = [&](const FieldDef& other) { return other.name == sdl.name; };
    if (std::any_of(type.fields.begin(), type.fields.end(), same)) {
      Fail(sdl.location, fmt::format("{}.{} is defined twice", type.name, sdl.name));
    }
    type.fields.push_back(std::move(field));
  }

  void Define(const SdlDirective& sdl) {
    if (schema_.FindDirective(sdl.name) != nullptr) {
      return;
    }
    auto directive = std::make_unique<DirectiveDef>();
    directive->name = sdl.name;
    directive->description = sdl.description;
    directive->is_repeatable = sdl.is_repeatable;
    for (const SdlInput& arg : sdl.args) {
      directive->args.push_back(MakeInput(arg));
    }
    for (const SdlName& place : sdl.locations) {
      directive->locations.emplace_back(place.name);
    }
    Postpone(sdl.args, {.directive = directive.get(), .is_argument = true});
    schema_.directives_.push_back(std::move(directive));
  }

  void SetRoots(const SdlDocument& own) {
    schema_.query_type_ = own.roots.empty() ? Find("Query") : nullptr;
    schema_.mutation_type_ = own.roots.empty() ? Find("Mutation") : nullptr;
    for (const SdlRoot& root : own.roots) {
      const TypeDef* type = Find(root.type.name);
      if (type == nullptr) {
        Fail(root.type.location, fmt::format("Unknown type \"{}\".", root.type.name));
      }
      if (root.operation == OperationKind::kQuery) {
        schema_.query_type_ = type;
      } else if (root.operation == OperationKind::kMutation) {
        schema_.mutation_type_ = type;
      } else {
        Fail(root.type.location, "subscriptions are not supported: leave them out of the schema");
      }
    }
    if (schema_.query_type_ == nullptr || schema_.query_type_->kind != TypeKind::kObject) {
      Fail({1, 1}, "there is no object type for queries: define `type Query`");
    } else if (schema_.mutation_type_ != nullptr &&
               schema_.mutation_type_->kind != TypeKind::kObject) {
      Fail({1, 1}, "the mutation type is not an object type");
    }
  }

  std::unique_ptr<FieldDef> MakeMetaField(std::string_view name, std::string_view type,
                                          std::uint32_t wrappers) {
    auto field = std::make_unique<FieldDef>();
    field->name = name;
    field->type = {Find(type), wrappers};
    field->index = schema_.field_count_++;
    return field;
  }

  // Indexes, and which objects an interface can be.
  void Finish() {
    for (const auto& type : schema_.types_) {
      for (std::size_t i = 0; i < type->fields.size(); ++i) {
        type->fields[i].index = schema_.field_count_++;
        type->field_positions.emplace(type->fields[i].name, i);
      }
      if (type->kind == TypeKind::kObject) {
        type->possible_types.push_back(type.get());
        for (const TypeDef* interface : type->interfaces) {
          Find(interface->name)->possible_types.push_back(type.get());
        }
      }
    }
    schema_.schema_field_ = MakeMetaField("__schema", "__Schema", 1U);
    schema_.schema_field_->parent = schema_.query_type_;
    schema_.type_field_ = MakeMetaField("__type", "__Type", 0U);
    schema_.type_field_->parent = schema_.query_type_;
    InputDef name;
    name.name = "name";
    name.type = {Find("String"), 1U};
    schema_.type_field_->args.push_back(std::move(name));
    schema_.typename_field_ = MakeMetaField("__typename", "String", 1U);
  }

  // Those of input objects first: the defaults of arguments may rest on them.
  void CoerceDefaults() {
    const std::unordered_map<std::string, ScalarParser> no_hooks;
    const Coercer coercer(no_hooks, false);
    for (const bool arguments : {false, true}) {
      for (const auto& [place, node] : defaults_) {
        if (place.is_argument != arguments) {
          continue;
        }
        InputDef& input = place.directive != nullptr ? place.directive->args[place.input]
                          : place.is_argument ? place.type->fields[place.field].args[place.input]
                                              : place.type->input_fields[place.input];
        Result<std::optional<Value>> value = coercer.FromLiteral(node, input.type, {});
        if (!value) {
          Fail(place.location,
               fmt::format("default of \"{}\": {}", input.name, value.error().message));
          return;
        }
        input.default_value = *std::move(value);
      }
    }
  }

  void CheckWhole() {
    for (const auto& type : schema_.types_) {
      const bool wants_fields =
          type->kind == TypeKind::kObject || type->kind == TypeKind::kInterface;
      if (wants_fields && type->fields.empty()) {
        Fail({1, 1}, fmt::format("type {} has no fields", type->name));
      }
      if (type->kind == TypeKind::kEnum && type->enum_values.empty()) {
        Fail({1, 1}, fmt::format("enum {} has no values", type->name));
      }
      if (type->kind == TypeKind::kUnion && type->possible_types.empty()) {
        Fail({1, 1}, fmt::format("union {} has no members", type->name));
      }
      if (type->kind == TypeKind::kInputObject && type->input_fields.empty()) {
        Fail({1, 1}, fmt::format("input {} has no fields", type->name));
      }
      for (const TypeDef* interface : type->interfaces) {
        CheckImplements(*type, *interface);
      }
    }
  }

  // IsValidImplementation() of the specification, section 3.6.
  void CheckImplements(const TypeDef& type, const TypeDef& interface) {
    for (const FieldDef& wanted : interface.fields) {
      const FieldDef* field = type.FindField(wanted.name);
      if (field == nullptr || !IsCovariant(field->type, wanted.type)) {
        Fail({1, 1}, fmt::format("{}.{} must be {} to implement {}", type.name, wanted.name,
                                 wanted.type.ToString(), interface.name));
        return;
      }
      for (const InputDef& arg : wanted.args) {
        const InputDef* own = field->FindArg(arg.name);
        if (own == nullptr || own->type != arg.type) {
          Fail({1, 1}, fmt::format("{}.{} must have the argument {}: {} to implement {}", type.name,
                                   wanted.name, arg.name, arg.type.ToString(), interface.name));
        }
      }
      for (const InputDef& arg : field->args) {
        if (wanted.FindArg(arg.name) == nullptr && arg.is_required()) {
          Fail({1, 1}, fmt::format("{}.{}: argument {} is required, but {} does not have it",
                                   type.name, field->name, arg.name, interface.name));
        }
      }
    }
  }

  static bool IsCovariant(TypeRef own, TypeRef wanted) {
    if (wanted.is_non_null()) {
      return own.is_non_null() && IsCovariant(own.inner(), wanted.inner());
    }
    own = own.nullable();
    if (wanted.is_list() || own.is_list()) {
      return wanted.is_list() && own.is_list() && IsCovariant(own.inner(), wanted.inner());
    }
    if (own.named == wanted.named || wanted.named->CanBe(own.named)) {
      return true;
    }
    const auto& interfaces = own.named->interfaces;
    return std::find(interfaces.begin(), interfaces.end(), wanted.named) != interfaces.end();
  }

  StringPool pool_;
  Schema schema_;
  std::vector<std::pair<DefaultPlace, ValueNode>> defaults_;
  std::optional<Error> error_;
};

Result<Schema> Schema::Parse(std::string_view sdl) { return SchemaBuilder().Build(sdl); }

}  // namespace regatta::graphql
