#include "regatta/tracking/row_scanner.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace regatta::tracking {
namespace {

constexpr int kMaxDepth = 200;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  void SkipBlanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool Take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool at_end() const { return at_ == end_; }
  const char* position() const { return at_; }

  // A string without its quotes.
  bool String(std::string_view& content) {
    if (!Take('"')) return false;
    const char* start = at_;
    while (at_ < end_) {
      const char c = *at_;
      if (c == '"') {
        content = std::string_view(start, static_cast<std::size_t>(at_ - start));
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (++at_ == end_) return false;
        if (*at_ == 'u') {
          if (end_ - at_ < 5) return false;
          for (int i = 1; i <= 4; ++i) {
            if (std::strchr("0123456789abcdefABCDEF", at_[i]) == nullptr || at_[i] == '\0') {
              return false;
            }
          }
          at_ += 4;
        } else if (*at_ == '\0' || std::strchr("\"\\/bfnrt", *at_) == nullptr) {
          return false;
        }
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return false;
      }
      ++at_;
    }
    return false;
  }

  bool Value(int depth) {
    if (at_ == end_ || depth > kMaxDepth) return false;
    switch (*at_) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"': {
        std::string_view ignored;
        return String(ignored);
      }
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      case 'N':
        return Word("NaN");
      case 'I':
        return Word("Infinity");
      default:
        return Number();
    }
  }

 private:
  bool Word(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        std::memcmp(at_, word.data(), word.size()) != 0) {
      return false;
    }
    at_ += word.size();
    return true;
  }

  bool Digits() {
    const char* start = at_;
    while (at_ < end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ > start;
  }

  bool Number() {
    if (Take('-') && at_ < end_ && *at_ == 'I') return Word("Infinity");
    if (!Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      return Digits();
    }
    return true;
  }

  bool Object(int depth) {
    ++at_;
    SkipBlanks();
    if (Take('}')) return true;
    while (true) {
      std::string_view key;
      if (!String(key)) return false;
      SkipBlanks();
      if (!Take(':')) return false;
      SkipBlanks();
      if (!Value(depth + 1)) return false;
      SkipBlanks();
      if (Take('}')) return true;
      if (!Take(',')) return false;
      SkipBlanks();
    }
  }

  bool Array(int depth) {
    ++at_;
    SkipBlanks();
    if (Take(']')) return true;
    while (true) {
      if (!Value(depth + 1)) return false;
      SkipBlanks();
      if (Take(']')) return true;
      if (!Take(',')) return false;
      SkipBlanks();
    }
  }

  const char* at_;
  const char* end_;
};

}  // namespace

bool ScanRow(std::string_view row, FunctionRef<void(const RowMember&)> visit) {
  Scanner scanner(row);
  scanner.SkipBlanks();
  if (!scanner.Take('{')) return false;
  scanner.SkipBlanks();
  if (!scanner.Take('}')) {
    while (true) {
      RowMember member;
      if (!scanner.String(member.key)) return false;
      scanner.SkipBlanks();
      if (!scanner.Take(':')) return false;
      scanner.SkipBlanks();
      const char* start = scanner.position();
      if (!scanner.Value(1)) return false;
      member.value = std::string_view(start, static_cast<std::size_t>(scanner.position() - start));
      visit(member);
      scanner.SkipBlanks();
      if (scanner.Take('}')) break;
      if (!scanner.Take(',')) return false;
      scanner.SkipBlanks();
    }
  }
  scanner.SkipBlanks();
  return scanner.at_end();
}

bool IsExtendedJson(std::string_view text) {
  Scanner scanner(text);
  scanner.SkipBlanks();
  if (!scanner.Value(0)) return false;
  scanner.SkipBlanks();
  return scanner.at_end();
}

RowStep ScanStep(std::string_view row) {
  RowStep found;
  found.is_valid = ScanRow(row, [&](const RowMember& member) {
    if (member.key != "_step") return;
    std::int64_t step = 0;
    const char* end = member.value.data() + member.value.size();
    const auto [stop, error] = std::from_chars(member.value.data(), end, step);
    if (error == std::errc() && stop == end) found.step = step;
  });
  return found;
}

std::optional<double> FiniteNumber(std::string_view value) {
  double number = 0;
  const char* end = value.data() + value.size();
  if (value.empty() || (value[0] != '-' && (value[0] < '0' || value[0] > '9'))) return std::nullopt;
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace regatta::tracking
