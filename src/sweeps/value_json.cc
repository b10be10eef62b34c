#include "value_json.h"

namespace regatta::sweeps {

nlohmann::ordered_json ToLibraryJson(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return nullptr;
    case Value::Kind::kBool:
      return value.as_bool();
    case Value::Kind::kInt:
      return value.as_int();
    case Value::Kind::kFloat:
      return value.as_number();
    case Value::Kind::kString:
      return value.as_string();
    case Value::Kind::kList: {
      nlohmann::ordered_json list = nlohmann::ordered_json::array();
      for (const Value& item : value.as_list()) {
        list.push_back(ToLibraryJson(item));
      }
      return list;
    }
    case Value::Kind::kMap: {
      nlohmann::ordered_json map = nlohmann::ordered_json::object();
      for (const Member& member : value.as_map()) {
        map[member.key] = ToLibraryJson(member.value);
      }
      return map;
    }
  }
  return nullptr;
}

}  // namespace regatta::sweeps
