// A list of texts in one column: a JSON array, or an empty text for an empty list.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace regatta::storage {

std::string TextsToJson(const std::vector<std::string>& texts);
// Requires: what TextsToJson wrote.
std::vector<std::string> TextsFromJson(std::string_view json);

}  // namespace regatta::storage
