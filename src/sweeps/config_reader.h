// Reading a mapping of a sweep file key by key, with every mistake collected and placed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/sweeps/problem.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

class ProblemList {
 public:
  void Add(Severity severity, std::string path, Position position, std::string message,
           std::string suggestion = {});
  void Error(std::string path, Position position, std::string message,
             std::string suggestion = {}) {
    Add(Severity::kError, std::move(path), position, std::move(message), std::move(suggestion));
  }
  void Warn(std::string path, Position position, std::string message, std::string suggestion = {}) {
    Add(Severity::kWarning, std::move(path), position, std::move(message), std::move(suggestion));
  }
  bool has_errors() const { return errors_ > 0; }
  std::size_t error_count() const { return errors_; }
  // The problems found so far, ordered by place; the list is empty afterwards.
  std::vector<Problem> Take();

 private:
  std::vector<Problem> problems_;
  std::size_t errors_ = 0;
};

// "outer.key", or "key" at the top.
std::string JoinPath(std::string_view outer, std::string_view key);

// The value as it would stand in the file, cut to a readable length.
std::string Excerpt(const Value& value);

// A whole number: an integer, or a float without a fraction.
std::optional<std::int64_t> WholeNumber(const Value& value);

// Borrows the map and the list for its own life.
class MapReader {
 public:
  // Requires: value.is_map().
  MapReader(const Value& value, std::string path, ProblemList& problems)
      : map_(value), path_(std::move(path)), problems_(problems) {}

  const Value& map() const { return map_; }
  const std::string& path() const { return path_; }
  ProblemList& problems() const { return problems_; }
  std::string PathOf(std::string_view key) const { return JoinPath(path_, key); }

  // The value of the key, or null; the key counts as known from now on.
  const Value* Find(std::string_view key);
  bool Has(std::string_view key) const { return map_.Find(key) != nullptr; }

  // Each reads the key if it is there, and reports with `severity` what is no such thing.
  std::optional<std::string> Text(std::string_view key, Severity severity);
  std::optional<std::int64_t> Whole(std::string_view key, std::int64_t min, Severity severity);
  std::optional<double> Number(std::string_view key, Severity severity);
  std::optional<bool> Flag(std::string_view key, Severity severity);
  const Value* Map(std::string_view key, Severity severity);
  const Value* List(std::string_view key, Severity severity);
  // One of `words`; its place in the list. Anything else is reported with `note` and `remedy`;
  // where that is empty, with the nearest word.
  std::optional<std::size_t> Word(std::string_view key, std::span<const std::string_view> words,
                                  Severity severity, std::string_view note = {},
                                  std::string remedy = {});

  // Reports every key that nobody asked for; `others` are further names to suggest.
  void ReportUnknown(Severity severity, std::string_view what,
                     std::initializer_list<std::string_view> others = {});

  void Report(Severity severity, std::string_view key, std::string message,
              std::string suggestion = {}) const;

 private:
  const Value& map_;
  std::string path_;
  ProblemList& problems_;
  std::vector<std::string> asked_;
};

}  // namespace regatta::sweeps
