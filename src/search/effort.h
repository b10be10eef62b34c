// How much a score may cost.
#pragma once

#include <cstdint>

namespace regatta::search {

// How many members of the ensemble are asked: two at a glance to sift, four to refine, all to
// decide.
enum class Effort : std::uint8_t { kGlance, kLook, kAll };

}  // namespace regatta::search
