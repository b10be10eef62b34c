// Builds a ParameterSpace, one aspect after the other, and says what is wrong with each.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/sweeps/parameter_space.h"

namespace regatta::sweeps {

struct ParameterSpace::State {
  // The leaves that move as one dimension; their values stand at the same place of each list.
  struct Dimension {
    std::vector<std::size_t> leaves;
  };

  std::vector<Leaf> leaves;
  std::map<std::string, std::size_t, std::less<>> leaf_places;
  std::vector<Dimension> dimensions;
  std::optional<search::SearchSpace> space;
  std::vector<Constraint> constraints;
  bool wandb_numbers = false;
};

// The name of a nested parameter, "optimizer.lr".
std::string Dotted(const std::vector<std::string>& path);

class SpaceBuilder {
 public:
  SpaceBuilder(const SweepConfig& config, std::vector<Problem>& problems);

  std::optional<ParameterSpace> Build();

 private:
  void Fail(std::string path, Position position, std::string message, std::string suggestion = {});

  void AddLeaves(const std::vector<ParameterConfig>& parameters,
                 const std::vector<std::string>& prefix, const std::string& config_path,
                 const std::vector<WhenClause>& when);
  void CheckPlaces();
  void AddDimensions();
  void ReadZip();
  bool CheckZipGroup(const std::vector<std::string>& names);

  // Makes `when` into conditions on dimensions (space_conditions.cc); false in is_possible_ where a
  // constant parent forbids it.
  void ResolveConditions();
  std::optional<std::size_t> FindParent(const Leaf& leaf, const std::string& name) const;
  bool ResolveClause(const Leaf& leaf, const WhenClause& clause, std::size_t parent,
                     std::vector<search::Condition>& conditions);
  bool ResolveCategories(const Leaf& leaf, const WhenClause& clause, const Leaf& parent,
                         search::Condition& condition);
  bool ResolveNumbers(const Leaf& leaf, const WhenClause& clause, const Leaf& parent,
                      search::Condition& condition);
  // Fills conditions_ and is_possible_ for a leaf, its parents first; false at a cycle.
  bool Resolve(std::size_t leaf, int depth);
  void ResolveParent(std::size_t leaf, const WhenClause& clause, int depth);

  void MakeSearchSpace();
  std::optional<search::Prior> MakePrior(const Leaf& leaf,
                                         const search::Distribution& distribution) const;
  std::string DimensionName(std::size_t dimension) const;
  void ReadConstraints();

  const SweepConfig& config_;
  std::vector<Problem>& problems_;
  std::shared_ptr<ParameterSpace::State> state_;
  std::map<std::string, std::size_t> zip_of_;  // dotted name -> zip group
  // Leaves that no point ever holds: a constant parent has the wrong value.
  std::vector<bool> is_possible_;
  std::vector<std::vector<search::Condition>> conditions_;
  enum class Visit : std::uint8_t { kNew, kOpen, kDone };
  std::vector<Visit> visits_;
  bool has_failed_ = false;
};

}  // namespace regatta::sweeps
