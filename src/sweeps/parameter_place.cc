#include "parameter_place.h"

namespace regatta::sweeps {

Position ParameterPlace::PositionOf(std::string_view key) const {
  const Value* value = Find(key);
  return value != nullptr ? value->position : member_->key_position;
}

void ParameterPlace::Fail(Position position, std::string path, std::string message,
                          std::string suggestion) {
  ++errors_;
  problems_->Error(std::move(path), position, std::move(message), std::move(suggestion));
}

void ParameterPlace::FailAt(std::string_view key, std::string message, std::string suggestion) {
  Fail(PositionOf(key), JoinPath(path_, key), std::move(message), std::move(suggestion));
}

void ParameterPlace::FailWhole(std::string message, std::string suggestion) {
  Fail(member_->key_position, path_, std::move(message), std::move(suggestion));
}

}  // namespace regatta::sweeps
