#include "regatta/graphql/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "answer_budget.h"
#include "coerce.h"
#include "document_cache.h"
#include "execution.h"
#include "introspection.h"
#include "validator.h"

namespace regatta::graphql {
namespace {

// Selections that a document may have and count as small.
constexpr std::size_t kSmallSelectionsMax = 300;

Response Reject(const std::vector<ResponseError>& errors) {
  Response response;
  response.http_status = 400;
  response.had_errors = true;
  response.error_code = errors.front().error.code;
  response.error_message = errors.front().error.message;
  response.body = "{\"errors\":[";
  for (std::size_t i = 0; i < errors.size(); ++i) {
    response.body += i == 0 ? "" : ",";
    AppendError(errors[i], response.body);
  }
  response.body += "]}";
  return response;
}

Response Reject(Error error) { return Reject({ResponseError{std::move(error), "", {}}}); }

// The operation that `name` means; an empty one means the only one.
Result<std::size_t> FindOperation(const Document& document, std::string_view name) {
  if (name.empty()) {
    if (document.operations.size() != 1) {
      return InvalidArgument("Must provide operation name if query contains multiple operations.");
    }
    return std::size_t{0};
  }
  for (std::size_t i = 0; i < document.operations.size(); ++i) {
    if (document.operations[i].name == name) {
      return i;
    }
  }
  return InvalidArgument(fmt::format("Unknown operation named \"{}\".", name));
}

Result<std::string> TextMember(const Value& body, std::string_view name) {
  const Value* member = body.Find(name);
  if (member == nullptr || member->is_null()) {
    return std::string();
  }
  if (!member->is_text()) {
    return InvalidArgument(fmt::format("the request's \"{}\" has to be a string", name));
  }
  return member->AsString();
}

}  // namespace

struct Engine::Impl {
  Impl(Schema own_schema, EngineOptions own_options)
      : schema(std::move(own_schema)),
        options(std::move(own_options)),
        coercer(options.scalars, options.ignore_unknown_input_fields),
        slots(schema.field_count()),
        cache(options.cache_bytes),
        answers(std::make_shared<AnswerBudget>(options.max_responses_bytes)) {}

  // Constant after construction.
  const Schema schema;
  const EngineOptions options;
  const Coercer coercer;
  std::vector<Slot> slots;

  DocumentCache cache;
  const std::shared_ptr<AnswerBudget> answers;

  // Names of fields, of whatever type, that may take long.
  std::unordered_set<std::string_view> extensive;

  Result<void> Fill(const ResolverMap& resolvers);
  void FindExtensive();
  // Counts the fields of the text, and stops at the first that makes it extensive.
  bool IsExtensive(const std::vector<SelectionNode>& selections, std::size_t& count) const;
  bool IsExtensive(const Document& document) const;
  // The checked document, or what is wrong with it.
  std::shared_ptr<const CheckedDocument> Check(std::string_view query,
                                               std::vector<ResponseError>& errors);
  Result<Variables> CoerceVariables(const OperationNode& operation, const Value& sent) const;
  Response Run(const Request& request, void* context, const std::type_info* type);
};

Result<void> Engine::Impl::Fill(const ResolverMap& resolvers) {
  for (const ResolverMap::Entry& entry : resolvers.entries()) {
    const TypeDef* type = schema.FindType(entry.type);
    const FieldDef* field = type != nullptr && type->kind == TypeKind::kObject
                                ? FindSelectableField(schema, *type, entry.field)
                                : nullptr;
    if (field == nullptr || field == &schema.typename_field()) {
      return InvalidArgument(
          fmt::format("a resolver is registered for {}.{}, which is not in the "
                      "schema: check the spelling against the SDL",
                      entry.type, entry.field));
    }
    Slot& slot = slots[field->index];
    if (entry.resolver) {
      slot.resolver = entry.resolver;
    } else {
      slot.is_record = true;
    }
  }
  return Ok();
}

void Engine::Impl::FindExtensive() {
  if (!options.is_extensive) {
    return;
  }
  for (const auto& type : schema.types()) {
    for (const FieldDef& field : type->fields) {
      if (options.is_extensive(field)) {
        extensive.insert(field.name);
      }
    }
  }
}

bool Engine::Impl::IsExtensive(const std::vector<SelectionNode>& selections,
                               std::size_t& count) const {
  for (const SelectionNode& node : selections) {
    const bool is_field = node.kind == SelectionNode::Kind::kField;
    ++count;
    if (count > kSmallSelectionsMax || (is_field && extensive.contains(node.name)) ||
        IsExtensive(node.selections, count)) {
      return true;
    }
  }
  return false;
}

bool Engine::Impl::IsExtensive(const Document& document) const {
  std::size_t count = 0;
  const auto is_extensive = [&](const auto& part) { return IsExtensive(part.selections, count); };
  return std::any_of(document.operations.begin(), document.operations.end(), is_extensive) ||
         std::any_of(document.fragments.begin(), document.fragments.end(), is_extensive);
}

std::shared_ptr<const CheckedDocument> Engine::Impl::Check(std::string_view query,
                                                           std::vector<ResponseError>& errors) {
  if (auto cached = cache.Find(query)) {
    return cached;
  }
  SourceLocation location;
  Result<Document> document = ParseDocument(query, options.document, &location);
  if (!document) {
    errors.push_back({document.error(), "", {location}});
    return nullptr;
  }
  ValidationLimits limits;
  limits.max_depth = options.max_depth;
  Validation validation = Validate(schema, *document, coercer, limits);
  for (LocatedError& error : validation.errors) {
    errors.push_back({std::move(error.error), "", std::move(error.locations)});
  }
  if (!errors.empty()) {
    return nullptr;
  }
  const bool is_extensive = IsExtensive(*document);
  auto checked = std::make_shared<const CheckedDocument>(CheckedDocument{
      *std::move(document), std::move(validation.condition_variables), is_extensive});
  cache.Insert(query, checked);
  return checked;
}

// CoerceVariableValues() of the specification, section 6.1.2. What is sent but not declared is
// ignored.
Result<Variables> Engine::Impl::CoerceVariables(const OperationNode& operation,
                                                const Value& sent) const {
  Variables variables;
  for (const VariableNode& variable : operation.variables) {
    const TypeRef type{schema.FindType(variable.type.name), variable.type.wrappers};
    const Value* given = sent.Find(variable.name);
    if (given == nullptr) {
      if (variable.default_value) {
        auto value = coercer.FromLiteral(*variable.default_value, type.nullable(), {});
        if (!value) {
          return value.error();
        }
        variables.emplace(variable.name, value->value_or(Value()));
      } else if (type.is_non_null()) {
        return InvalidArgument(
            fmt::format("Variable \"${}\" of required type \"{}\" was not "
                        "provided.",
                        variable.name, type.ToString()));
      }
      continue;
    }
    Result<Value> value = coercer.FromJson(*given, type);
    if (!value) {
      return WithContext(
          fmt::format("Variable \"${}\" got invalid value {}", variable.name, Shown(*given)),
          value.error());
    }
    variables.emplace(variable.name, *std::move(value));
  }
  return variables;
}

Response Engine::Impl::Run(const Request& request, void* context, const std::type_info* type) {
  std::vector<ResponseError> rejections;
  const std::shared_ptr<const CheckedDocument> checked = Check(request.query, rejections);
  if (checked == nullptr) {
    return Reject(rejections);
  }
  const Document& document = checked->document;
  const Result<std::size_t> which = FindOperation(document, request.operation_name);
  if (!which) {
    return Reject(which.error());
  }
  const OperationNode& operation = document.operations[*which];
  if (!request.variables.is_null() && !request.variables.is_object()) {
    return Reject(InvalidArgument("the request's \"variables\" has to be an object"));
  }
  const Result<Variables> variables = CoerceVariables(operation, request.variables);
  if (!variables) {
    return Reject(variables.error());
  }
  for (const std::string_view name : checked->condition_variables[*which]) {
    const auto found = variables->find(name);
    if (found == variables->end() || found->second.is_null()) {
      return Reject(InvalidArgument(fmt::format(
          "Variable \"${}\" decides a @skip or @include, so it has to be true or false.", name)));
    }
  }

  const auto memory = std::make_shared<AnswerMemory>(answers);
  Execution execution(Execution::Setup{.schema = schema,
                                       .slots = slots,
                                       .coercer = coercer,
                                       .options = options,
                                       .document = document,
                                       .variables = *variables,
                                       .memory = *memory,
                                       .context = context,
                                       .context_type = type});
  const std::vector<ResponseError> unsupported = execution.FindUnsupported(operation);
  if (!unsupported.empty()) {
    return Reject(unsupported);
  }
  Response response;
  response.operation_name = operation.name;
  response.memory = memory;
  response.body = "{\"data\":";
  execution.Run(operation, response.body);
  if (!execution.errors().empty()) {
    response.had_errors = true;
    response.error_code = execution.errors().front().error.code;
    response.error_message = execution.errors().front().error.message;
    response.body += ",\"errors\":";
    char separator = '[';
    for (const ResponseError& error : execution.errors()) {
      response.body += separator;
      AppendError(error, response.body);
      separator = ',';
    }
    if (execution.errors_dropped() > 0) {
      response.body +=
          fmt::format(",{{\"message\":\"... and {} more errors\"}}", execution.errors_dropped());
    }
    response.body += ']';
  }
  response.body += '}';
  return response;
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::Create(Schema schema, ResolverMap resolvers,
                                               EngineOptions options) {
  auto impl = std::make_unique<Impl>(std::move(schema), std::move(options));
  AddIntrospection(impl->schema, resolvers);
  if (Result<void> filled = impl->Fill(resolvers); !filled) {
    return filled.error();
  }
  impl->FindExtensive();
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

Response Engine::ExecuteWith(const Request& request, void* context,
                             const std::type_info* type) const {
  return impl_->Run(request, context, type);
}

std::optional<Outline> Engine::OutlineOf(const Request& request) const {
  std::vector<ResponseError> rejections;
  const std::shared_ptr<const CheckedDocument> checked = impl_->Check(request.query, rejections);
  if (checked == nullptr) {
    return std::nullopt;
  }
  const Result<std::size_t> which = FindOperation(checked->document, request.operation_name);
  if (!which) {
    return std::nullopt;
  }
  const OperationKind kind = checked->document.operations[*which].kind;
  return Outline{.is_mutation = kind == OperationKind::kMutation,
                 .is_extensive = checked->is_extensive};
}

std::vector<FieldCoverage> Engine::Coverage() const {
  std::vector<FieldCoverage> coverage;
  for (const auto& type : impl_->schema.types()) {
    if (type->kind != TypeKind::kObject || type->is_built_in) {
      continue;
    }
    for (const FieldDef& field : type->fields) {
      coverage.push_back({type->name, field.name, impl_->slots[field.index].is_answered()});
    }
  }
  return coverage;
}

std::vector<Error> Engine::CheckDocument(std::string_view query) const {
  std::vector<ResponseError> found;
  const auto checked = impl_->Check(query, found);
  if (checked != nullptr) {
    // Without values every @include(if: $v) counts as true, so nothing is overlooked.
    Variables variables;
    for (const auto& names : checked->condition_variables) {
      for (const std::string_view name : names) {
        variables.emplace(name, Value::Bool(true));
      }
    }
    AnswerMemory no_answer(impl_->answers);
    const Execution execution(Execution::Setup{.schema = impl_->schema,
                                               .slots = impl_->slots,
                                               .coercer = impl_->coercer,
                                               .options = impl_->options,
                                               .document = checked->document,
                                               .variables = variables,
                                               .memory = no_answer});
    for (const OperationNode& operation : checked->document.operations) {
      for (ResponseError& error : execution.FindUnsupported(operation)) {
        found.push_back(std::move(error));
      }
    }
  }
  std::vector<Error> errors;
  for (ResponseError& error : found) {
    errors.push_back(std::move(error.error));
  }
  return errors;
}

const Schema& Engine::schema() const { return impl_->schema; }

Result<Request> ParseRequest(std::string_view body, const JsonLimits& limits) {
  Result<Value> json = ParseJson(body, limits);
  if (!json) {
    return WithContext("request body", json.error());
  }
  if (!json->is_object()) {
    return InvalidArgument("the request body has to be a JSON object with a \"query\"");
  }
  Result<std::string> query = TextMember(*json, "query");
  if (!query) {
    return query.error();
  }
  if (query->empty()) {
    return InvalidArgument("the request has no \"query\"");
  }
  Result<std::string> operation_name = TextMember(*json, "operationName");
  if (!operation_name) {
    return operation_name.error();
  }
  Request request{*std::move(query), *std::move(operation_name), {}};
  if (const Value* variables = json->Find("variables")) {
    if (!variables->is_null() && !variables->is_object()) {
      return InvalidArgument("the request's \"variables\" has to be an object");
    }
    request.variables = *variables;
  }
  return request;
}

std::string ErrorBody(const Error& error) {
  std::string body = "{\"errors\":[";
  AppendError({error, "", {}}, body);
  body += "]}";
  return body;
}

}  // namespace regatta::graphql
