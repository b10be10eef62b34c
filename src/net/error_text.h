// The message inside an error's body.
#pragma once

#include <string>
#include <string_view>

namespace regatta::net {

// The first text under "message" or "error" of a JSON body, else the body's own beginning, else "".
std::string ErrorTextOf(std::string_view body);

}  // namespace regatta::net
