// One operation being executed: from its selections to the text of "data".
//
// The selections are turned into plans once per object type, so a list of a thousand objects
// collects its fields and coerces its arguments once. Lives for one request on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <unordered_set>
#include <utility>
#include <vector>

#include "answer_budget.h"
#include "coerce.h"
#include "regatta/graphql/document.h"
#include "regatta/graphql/engine.h"
#include "regatta/graphql/resolver.h"
#include "regatta/graphql/schema.h"

namespace regatta::graphql {

// How a field of the schema is answered; by FieldDef::index.
struct Slot {
  Resolver resolver;
  // Read from the Record that the parent is.
  bool is_record = false;

  bool is_answered() const { return resolver != nullptr || is_record; }
};

struct Plan;

// One field of the response, of an object of one type.
struct PlannedField {
  const FieldDef* field = nullptr;
  const TypeDef* parent = nullptr;
  const Slot* slot = nullptr;
  // All selections of this response key; the first one is the one for messages.
  std::vector<const SelectionNode*> nodes;
  // `"key":`
  std::string key_json;
  // The coerced arguments, an object, or why they are wrong.
  Value args;
  std::optional<Error> args_error;
  // By the type of the object that the field turned out to be.
  std::vector<std::pair<const TypeDef*, std::unique_ptr<Plan>>> plans;
};

struct Plan {
  std::vector<PlannedField> fields;
};

struct ResponseError {
  Error error;
  // JSON, empty for none.
  std::string path;
  std::vector<SourceLocation> locations;
};

// Appends {"message":...,"locations":...,"path":...,"extensions":{"code":...}}.
void AppendError(const ResponseError& error, std::string& out);

class Execution {
 public:
  struct Setup {
    const Schema& schema;
    const std::vector<Slot>& slots;
    const Coercer& coercer;
    const EngineOptions& options;
    const Document& document;
    const Variables& variables;
    AnswerMemory& memory;
    void* context = nullptr;
    const std::type_info* context_type = nullptr;
  };

  explicit Execution(const Setup& setup) : setup_(setup) {}

  // The fields that `operation` really asks for and nobody answers, "Type.field" each once.
  std::vector<ResponseError> FindUnsupported(const OperationNode& operation) const;

  // Appends the value of "data".
  void Run(const OperationNode& operation, std::string& out);

  const std::vector<ResponseError>& errors() const { return errors_; }
  std::size_t errors_dropped() const { return errors_dropped_; }

  // As FieldContext::Selects has it.
  bool Selects(const PlannedField& field, std::string_view path) const;

 private:
  struct Parent {
    const Resolved::ObjectRef* object = nullptr;
    const Resolved::RecordData* record = nullptr;
  };
  // The place in the response, innermost first.
  struct Place {
    const Place* up = nullptr;
    std::string_view key;
    std::size_t index = 0;
  };
  struct Walk;

  bool IsIncluded(const SelectionNode& node) const;
  bool Condition(const DirectiveNode& directive) const;
  const FragmentNode* FindFragment(std::string_view name) const;

  Plan MakePlan(const std::vector<const std::vector<SelectionNode>*>& sets, const TypeDef& type);
  void Collect(const std::vector<SelectionNode>& selections, const TypeDef& type, Plan& plan,
               std::unordered_map<std::string_view, std::size_t>& by_key,
               std::unordered_set<std::string_view>& seen);
  void CoerceArguments(PlannedField& planned);
  Plan& PlanFor(PlannedField& planned, const TypeDef& type);

  // Each appends a value; false: null has to take the place of the nearest nullable one around it.
  bool WriteObject(Plan& plan, Parent parent, const Place* up, std::string& out);
  bool WriteField(PlannedField& planned, Parent parent, const Place& place, std::string& out);
  bool Complete(PlannedField& planned, TypeRef type, const Resolved& value, const Place& place,
                std::string& out);
  bool CompleteNullable(PlannedField& planned, TypeRef type, const Resolved& value,
                        const Place& place, std::string& out);
  bool CompleteList(PlannedField& planned, TypeRef type, const Resolved& value, const Place& place,
                    std::string& out);
  bool CompleteObject(PlannedField& planned, const TypeDef& type, const Resolved& value,
                      const Place& place, std::string& out);
  Result<Resolved> Resolve(const PlannedField& planned, Parent parent) const;

  bool Fail(const PlannedField& planned, Error error, const Place& place);
  bool CountField(const PlannedField& planned, const Place& place, const std::string& out);
  // Why the answer may not be as long as `out` is.
  std::optional<Error> TooLong(const std::string& out);
  bool SelectsIn(const std::vector<SelectionNode>& selections, std::string_view path,
                 std::size_t& budget) const;
  void FindUnsupportedIn(const std::vector<SelectionNode>& selections, const TypeDef& parent,
                         Walk& walk) const;

  const Setup setup_;
  std::vector<ResponseError> errors_;
  std::size_t errors_dropped_ = 0;
  std::size_t fields_ = 0;
  // A limit of the whole request is reached.
  bool is_aborted_ = false;
};

}  // namespace regatta::graphql
