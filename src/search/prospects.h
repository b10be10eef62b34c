// Whom the rule "model" spares although its rank at a rung would stop it: a trial of which the
// search's model of learning curves expects enough in the end.
//
// Rank alone stops what learns slowly, and late in a search, when all proposals are about as good,
// it stops what is as good as the best. So a trial is spared
// if it is
//
//   - among the best two fifths by expected end of those that reached its rung, or
//   - expected to end worse than their best tenth by no more than a twentieth of what lies
//     between the best tenth of all expected ends and the worst tenth of the first 20 trials': a
//     difference that does not matter. The first trials were chosen knowing little, so they say
//     what there is to win; late ones lie so close that every difference would seem to matter.
//
// The rule also looks back: a trial that was stopped and that the model, which knows more by now,
// expects among the best tenth of all was stopped wrongly as far as anybody can tell. While those
// are more than 2 % of the stopped, two thirds are spared instead of two fifths. Where good
// configurations learn slowly the rule grows careful by itself; elsewhere it stays thrifty. What
// this gains, and what else was tried: docs/search-evidence.md, "Multi-fidelity".
#pragma once

#include <string>
#include <vector>

namespace regatta::search {

// Values expected at full length, lower is better, all finite.
struct Prospects {
  double own = 0;
  std::vector<double> rung;     // of the trials that reached the rung, this one included
  std::vector<double> all;      // of all trials that the model knows, oldest first; not empty
  std::vector<double> stopped;  // of those that the rule stopped
};

struct ProspectVerdict {
  bool is_spared = false;
  std::string reason;  // a clause without its subject: "the model expects ..."
};

// `sign`: 1, or -1 where values were negated because higher is better; for the reason alone.
ProspectVerdict JudgeProspects(Prospects prospects, double sign);

}  // namespace regatta::search
