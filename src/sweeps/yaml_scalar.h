// The typing of one plain scalar, with what the reader has to say about it.
#pragma once

#include <string_view>

#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

struct PlainScalar {
  Value value;
  bool is_timestamp = false;       // no JSON form
  bool is_widened = false;         // a float in YAML 1.2 only
  bool is_beyond_64_bits = false;  // an integer that became a float
};

PlainScalar TypePlainScalar(std::string_view text, bool strict_yaml);

}  // namespace regatta::sweeps
