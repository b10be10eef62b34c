// JSON text to Value and back. Pure functions; safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "regatta/base/result.h"
#include "regatta/graphql/value.h"

namespace regatta::graphql {

// What ParseJson accepts before it refuses, so that a small text cannot become a large tree.
struct JsonLimits {
  std::size_t max_bytes = std::size_t{64} << 20;
  std::size_t max_depth = 128;
  // Scalars, lists and objects together.
  std::size_t max_values = 4'000'000;
};

// Reads one JSON document. Numbers without fraction and exponent that fit 64 bits stay integers. Of
// a name that an object repeats, the last one counts. Errors: kInvalidArgument for malformed text
// (bare NaN included), kResourceExhausted naming the limit.
Result<Value> ParseJson(std::string_view text, const JsonLimits& limits = {});

// Appends `value` as JSON. The output is always valid JSON: NaN and the infinities become the
// strings "NaN", "Infinity", "-Infinity"; strings as base/json_string.h says.
void AppendJson(const Value& value, std::string& out);
std::string ToJson(const Value& value);

// Appends the shortest text that reads back as the same double, always with a point or an exponent;
// NaN and the infinities as the strings "NaN", "Infinity", "-Infinity".
void AppendJsonDouble(double value, std::string& out);
void AppendJsonInt(std::int64_t value, std::string& out);

}  // namespace regatta::graphql
