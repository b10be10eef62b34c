// Resolvers: the functions that answer the fields of a schema.
//
//   ResolverMap resolvers;
//   resolvers.Add("Query", "project", [](const FieldContext& field) -> Result<Resolved> {
//     auto& request = field.request<MyRequest>();
//     auto project = request.projects.Find(field.args().StringOr("name", "uncategorized"));
//     if (!project) return project.error();              // an entry in "errors", null here
//     return Resolved::Object("Project", *project);      // shared_ptr<const Project>
//   });
//   resolvers.Field<Project>("Project", "name", [](const Project& p) { return p.name; });
//   resolvers.Member("Project", "id", &Project::id);
//   resolvers.Record("PageInfo", {"endCursor", "hasNextPage"});
//
// Resolvers run on the thread that calls Engine::Execute, one after the other within a request,
// several requests at once: they are thread-safe against themselves.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/graphql/arguments.h"
#include "regatta/graphql/resolved.h"

namespace regatta::graphql {

struct PlannedField;
class Execution;

// What a resolver knows about the field it answers. Borrowed for the call.
class FieldContext {
 public:
  const Arguments& args() const { return args_; }
  // The input object of the argument `input`, as mutations have it; empty when absent.
  Arguments input() const { return args_.Object("input"); }

  // The object handed to Engine::Execute. Stops the process if it is not a T.
  template <typename T>
  T& request() const {
    Check(request_type_ != nullptr && *request_type_ == typeid(T),
          "a resolver asks for another request type than Execute was given");
    return *static_cast<T*>(request_);
  }

  // True if the parent was given as a T.
  template <typename T>
  bool HasParent() const {
    return parent_ != nullptr && parent_->cpp_type != nullptr && *parent_->cpp_type == typeid(T);
  }
  // The parent object. Requires HasParent<T>(), which ResolverMap::Field checks beforehand.
  template <typename T>
  const T& parent() const {
    Check(HasParent<T>(), "a resolver asks for another parent type than it was given");
    return *static_cast<const T*>(parent_->object.get());
  }
  // The same, sharing its ownership, to hand it on to a child object.
  template <typename T>
  std::shared_ptr<const T> shared_parent() const {
    Check(HasParent<T>(), "a resolver asks for another parent type than it was given");
    return std::static_pointer_cast<const T>(parent_->object);
  }

  // "Run" and "state" of `st: state` on a Run; the response key is "st".
  std::string_view parent_type() const;
  std::string_view field_name() const;
  std::string_view response_key() const;

  // True if the client selects the sub-field at `path` (names, not aliases, dotted for deeper ones:
  // "edges.node.config") in any fragment or alias, @skip and @include heeded. A type condition
  // counts as met. Costs a walk over the selection, so ask once, not per item.
  bool Selects(std::string_view path) const;

 private:
  friend class Execution;
  FieldContext() = default;

  Arguments args_;
  void* request_ = nullptr;
  const std::type_info* request_type_ = nullptr;
  const Resolved::ObjectRef* parent_ = nullptr;
  const PlannedField* field_ = nullptr;
  const Execution* execution_ = nullptr;
};

// An error adds an entry to "errors" and makes the field null (its nearest nullable parent, if the
// field is non-null). `extensions.code` is the error code's name in capitals.
using Resolver = std::function<Result<Resolved>(const FieldContext&)>;

// Collects resolvers before the engine is built. Not thread-safe.
class ResolverMap {
 public:
  struct Entry {
    std::string type;
    std::string field;
    // Empty: the field is read from the Record that the parent is.
    Resolver resolver;
  };

  // Answers `type.field` with `resolver`. A later registration of the same field replaces the
  // earlier.
  void Add(std::string type, std::string field, Resolver resolver);

  // The same for a field whose parent is a T: `function` is called with (const T&, const
  // FieldContext&) or (const T&) and returns a Result<Resolved> or anything that a Resolved can be
  // made of.
  template <typename T, typename F>
  void Field(std::string type, std::string field, F function) {
    Error mismatch = ParentMismatch(type, field);
    Add(std::move(type), std::move(field),
        [function = std::move(function),
         mismatch = std::move(mismatch)](const FieldContext& context) -> Result<Resolved> {
          if (!context.HasParent<T>()) {
            return mismatch;
          }
          if constexpr (std::is_invocable_v<const F&, const T&, const FieldContext&>) {
            return Wrap(function(context.parent<T>(), context));
          } else {
            return Wrap(function(context.parent<T>()));
          }
        });
  }

  // Answers with a data member: of a type that a Resolved can be made of.
  template <typename T, typename M>
  void Member(std::string type, std::string field, M T::* member) {
    Field<T>(std::move(type), std::move(field), [member](const T& parent) -> Resolved {
      if constexpr (std::is_same_v<M, std::string>) {
        return Resolved::Borrow(parent.*member);  // the parent outlives the field
      } else {
        return Resolved(parent.*member);
      }
    });
  }

  // The listed fields of `type` are read from the Record that the parent is.
  void Record(std::string type, std::initializer_list<std::string_view> fields);

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  static Error ParentMismatch(std::string_view type, std::string_view field);
  template <typename R>
  static Result<Resolved> Wrap(R&& answer) {
    if constexpr (std::is_same_v<std::remove_cvref_t<R>, Result<Resolved>>) {
      return std::forward<R>(answer);
    } else {
      return Resolved(std::forward<R>(answer));
    }
  }

  std::vector<Entry> entries_;
};

}  // namespace regatta::graphql
