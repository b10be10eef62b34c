// A task for optimisers of other programs: lines of text in, lines of text out.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "tasks.h"

namespace regatta::bench {

// Writes the task's name and kind, the number of its parameters and one line for each: its name,
// distribution and what that needs (items and their levels, or bounds), and "when PARENT ITEM" if
// it is conditional. Then answers each line of values (one for each parameter, in that order; the
// number of the item of a list; "-" for an inactive one) with what a sampler would be told, "crash"
// for a failed run. A line that is none is answered by "error line 3: " and what is wrong with it,
// counts as no observation, and the dialogue goes on. At "end", or where the input ends, writes the
// regrets after each observation (see Session) and returns.
void Converse(const Task& task, std::uint64_t seed, std::istream& in, std::ostream& out);

}  // namespace regatta::bench
