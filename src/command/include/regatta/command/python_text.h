// How Python writes a value, byte for byte: str(), repr() and json.dumps() of what JSON can hold.
//
// Training scripts parse their arguments with Python, and the stock agent writes them with Python,
// so the text of a value is part of the contract. Every function takes both of nlohmann's object
// orders: an ordered_json keeps the order of its keys, a json writes them in byte order. Pure and
// thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace regatta::command {

// repr(float): the shortest text that reads back as `value`; exponent form when the decimal
// exponent is below -4 or at least 16, with two exponent digits or more; ".0" after a whole number;
// nan, inf, -inf.
std::string PythonFloat(double value);

// repr(str): in single quotes, or in double quotes when the text holds ' and no ". Backslash,
// newline, tab and carriage return are escaped, other non-printable characters become \xNN, \uNNNN
// or \UNNNNNNNN. A byte that is not UTF-8 becomes \xNN.
std::string PythonQuoted(std::string_view text);

// str(value): True, False, None; a string stays as it is; lists and mappings as repr writes them.
std::string PythonStr(const nlohmann::json& value);
std::string PythonStr(const nlohmann::ordered_json& value);

// repr(value): as PythonStr, with strings quoted.
std::string PythonRepr(const nlohmann::json& value);
std::string PythonRepr(const nlohmann::ordered_json& value);

// json.dumps(value): separators ", " and ": ", ASCII only, and NaN, Infinity, -Infinity as bare
// words.
std::string PythonJson(const nlohmann::json& value);
std::string PythonJson(const nlohmann::ordered_json& value);

}  // namespace regatta::command
