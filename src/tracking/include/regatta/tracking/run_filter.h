// Which runs a listing is about: the filter documents of clients, in the manner of MongoDB.
//
//   {"$and": [{"state": "finished"}, {"config.lr": {"$gt": 0.01}}]}
//
// Fields: a run's own (see RunField::KnownNames), `config.<key>` with or without `.value`,
// `summary_metrics.<key>`, `keys_info.keys.<key>`; dots lead into nested values. A name of no field
// counts as missing in every run. Operators: $and $or $nor $not, $eq (implicit) $ne $gt $gte $lt
// $lte $in $nin $exists $contains, and $regex (RE2 syntax, unanchored) with $options. Values
// compare as their JSON types, times as ISO 8601 texts. Tags and lists equal what they contain.
// null equals what is missing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/tracking/run.h"
#include "regatta/tracking/run_surroundings.h"

namespace regatta::tracking {

// Immutable and cheap to copy. Matching takes time linear in the run's documents and texts,
// whatever the filter holds: regular expressions do not backtrack.
class RunFilter {
 public:
  struct Node;

  // Matches every run.
  RunFilter() = default;

  // Reads a document; empty text, `null` and `{}` match every run. Errors: kInvalidArgument naming
  // the operator and the place in the document, for instance
  //   filters: $and[1].config.lr: "$gtt" is no operator; known are ...
  static Result<RunFilter> Parse(std::string_view json);

  bool matches_all() const { return root_ == nullptr; }
  bool Matches(const Run& run, const RunSurroundings& around) const;

  // What every matching run has in common, so that a store need not look at the others: the sweep
  // that it must belong to, and the names that it may have.
  const std::optional<std::string>& required_sweep() const { return required_sweep_; }
  const std::optional<std::vector<std::string>>& required_names() const { return required_names_; }

 private:
  void FindRequired(const Node& node);

  std::shared_ptr<const Node> root_;  // null: everything
  std::optional<std::string> required_sweep_;
  std::optional<std::vector<std::string>> required_names_;
};

}  // namespace regatta::tracking
