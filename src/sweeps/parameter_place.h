// One parameter's mapping in the file, and what is wrong with it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "config_reader.h"
#include "regatta/sweeps/problem.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

class ParameterPlace {
 public:
  // Borrows `member` and `problems`. `path`: where the file has the parameter.
  ParameterPlace(const Member& member, std::string path, ProblemList& problems)
      : member_(&member), path_(std::move(path)), problems_(&problems) {}

  const Member& member() const { return *member_; }
  const std::string& path() const { return path_; }
  ProblemList& problems() { return *problems_; }

  // The value under a key of the mapping, or null.
  const Value* Find(std::string_view key) const { return member_->value.Find(key); }
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // That of the value under `key`, or of the parameter.
  Position PositionOf(std::string_view key) const;

  // Errors at a place of their own, under a key, and of the parameter as a whole.
  void Fail(Position position, std::string path, std::string message, std::string suggestion = {});
  void FailAt(std::string_view key, std::string message, std::string suggestion = {});
  void FailWhole(std::string message, std::string suggestion = {});
  // An error that was reported by somebody else.
  void CountError() { ++errors_; }
  bool has_errors() const { return errors_ > 0; }

 private:
  const Member* member_;
  std::string path_;
  ProblemList* problems_;
  std::size_t errors_ = 0;
};

}  // namespace regatta::sweeps
