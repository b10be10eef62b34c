// Tasks that hold nothing but lists, as a table of trained networks does.
#pragma once

#include <cstddef>

#include "tasks.h"

namespace regatta::bench {

// 5 to 9 parameters, in a third of the tasks all ordered (3 to 8 numbers), in a third all unordered
// (2 to 5 items), else a mixture. The function is smooth in a place of each item: along a line for
// ordered ones, anywhere in three dimensions for unordered ones; 30 % of the parameters hardly
// matter. It is stretched by e^(s·f), s in {0, 1, 3}, so that in two thirds of the tasks a few
// configurations are far worse than the rest, and seen with noise (2, 10 or 30 % of its spread)
// that the stretch amplifies as it does the rest. `best` and `reference` are left to the caller.
Task MakeListTask(std::size_t number);

}  // namespace regatta::bench
