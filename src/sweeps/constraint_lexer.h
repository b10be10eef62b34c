// The tokens of a constraint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "regatta/sweeps/constraint.h"

namespace regatta::sweeps {

struct ConstraintToken {
  enum class Kind : std::uint8_t { kEnd, kNumber, kText, kName, kQuotedName, kSign };
  Kind kind = Kind::kEnd;
  int column = 1;
  std::string text;
  double number = 0;
};

class ConstraintLexer {
 public:
  // Borrows `text`.
  explicit ConstraintLexer(std::string_view text) : text_(text) {}

  // The next token; kEnd at the end of the text and after a problem.
  ConstraintToken Next();

  // What is no token.
  const std::optional<ConstraintError>& problem() const { return problem_; }

 private:
  int Column() const { return static_cast<int>(at_) + 1; }
  void Fail(int column, std::string message);
  void ReadNumber();
  void ReadName();
  void ReadQuoted(char quote);
  void ReadSign();

  std::string_view text_;
  std::size_t at_ = 0;
  ConstraintToken token_;
  std::optional<ConstraintError> problem_;
};

}  // namespace regatta::sweeps
