// Reads YAML 1.1 as Python's safe loader types it, and JSON as its subset, into a Value tree.
//
// Scalars: `yes`, `on` and `010` mean true, true and 8; `1:30` is 90; dates are refused, since they
// have no JSON form. One widening: a plain scalar that YAML 1.2 reads as a float (`1e-5`) is a
// float here too, with a warning, unless `strict_yaml` is set. Keys become strings the way
// json.dumps writes them. Anchors, aliases and `<<` merges work within the limits; a repeated key
// is an error.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/sweeps/problem.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

struct YamlLimits {
  std::size_t bytes_max = std::size_t{4} << 20;
  int depth_max = 100;
  // All values of the tree, those that aliases repeat included.
  std::size_t values_max = 2'000'000;
  // Values that exist only because an alias repeats them: the bound on alias bombs.
  std::size_t alias_values_max = 100'000;
};

struct YamlOptions {
  // Keep YAML 1.1's reading of `1e-5`: a string.
  bool strict_yaml = false;
  YamlLimits limits;
};

struct YamlDocument {
  Value root;
  // Warnings, and errors that left a tree to go on with (a repeated key, a date).
  std::vector<Problem> problems;
};

// Errors: kInvalidArgument, with line and column, when the text is no YAML, is empty, holds more
// than one document, or breaks a limit.
Result<YamlDocument> ReadYaml(std::string_view text, const YamlOptions& options = {});

// What the plain scalar `text` means: the typing rules alone, for tests. A date comes back as
// kInvalidArgument.
Result<Value> ReadPlainScalar(std::string_view text, bool strict_yaml);

}  // namespace regatta::sweeps
