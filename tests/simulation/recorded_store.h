// What a database would hold of one sweep: every change applied as it was committed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "regatta/sweeps/sweep.h"

namespace regatta::simulation {

class RecordedStore {
 public:
  struct Run {
    std::string agent_id;
    sweeps::RunState state = sweeps::RunState::kPending;
    bool is_told_to_stop = false;
  };

  // Applies one transaction. Returns what is wrong with it, or nothing.
  std::string Apply(const std::vector<sweeps::Change>& changes);

  const sweeps::SweepRecords& records() const { return records_; }
  const std::map<std::string, Run>& runs() const { return runs_; }
  // Whether the rows are exactly what `sweep` believes them to be; else which table differs.
  std::string Compare(const sweeps::Sweep& sweep) const;

 private:
  sweeps::SweepRecords records_;
  std::map<std::string, Run> runs_;
};

}  // namespace regatta::simulation
