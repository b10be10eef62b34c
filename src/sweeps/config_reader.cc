#include "config_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

namespace regatta::sweeps {

void ProblemList::Add(Severity severity, std::string path, Position position, std::string message,
                      std::string suggestion) {
  constexpr std::size_t kProblemsMax = 1000;
  errors_ += severity == Severity::kError ? 1 : 0;
  if (problems_.size() < kProblemsMax) {
    problems_.push_back(
        {severity, std::move(path), position, std::move(message), std::move(suggestion)});
  }
}

std::vector<Problem> ProblemList::Take() {
  // By place, and in the order found where places are equal.
  std::vector<std::size_t> order(problems_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [this](std::size_t i) {
    return std::make_tuple(problems_[i].position.line, problems_[i].position.column, i);
  });
  std::vector<Problem> sorted;
  for (const std::size_t i : order) {
    sorted.push_back(std::move(problems_[i]));
  }
  problems_.clear();
  errors_ = 0;
  return sorted;
}

std::string JoinPath(std::string_view outer, std::string_view key) {
  return outer.empty() ? std::string(key) : fmt::format("{}.{}", outer, key);
}

std::string Excerpt(const Value& value) {
  constexpr std::size_t kLengthMax = 60;
  std::string text = ToJson(value);
  if (text.size() > kLengthMax) {
    std::size_t end = kLengthMax;
    // Never cut inside a UTF-8 character.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
      --end;
    }
    text.resize(end);
    text += "...";
  }
  return text;
}

std::optional<std::int64_t> WholeNumber(const Value& value) {
  if (value.is_int()) {
    return value.as_int();
  }
  constexpr double kExactMax = 9007199254740992.0;
  if (value.is_float() && std::trunc(value.as_number()) == value.as_number() &&
      std::abs(value.as_number()) <= kExactMax) {
    return static_cast<std::int64_t>(value.as_number());
  }
  return std::nullopt;
}

const Value* MapReader::Find(std::string_view key) {
  asked_.emplace_back(key);
  return map_.Find(key);
}

void MapReader::Report(Severity severity, std::string_view key, std::string message,
                       std::string suggestion) const {
  const Value* value = map_.Find(key);
  problems_.Add(severity, PathOf(key), value != nullptr ? value->position : map_.position,
                std::move(message), std::move(suggestion));
}

std::optional<std::string> MapReader::Text(std::string_view key, Severity severity) {
  const Value* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->is_string()) {
    return value->as_string();
  }
  Report(severity, key,
         fmt::format("{} is {}, not a string", Excerpt(*value), KindName(value->kind())),
         value->is_list() || value->is_map() ? "" : "put it in quotes");
  return std::nullopt;
}

std::optional<std::int64_t> MapReader::Whole(std::string_view key, std::int64_t min,
                                             Severity severity) {
  const Value* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> whole = WholeNumber(*value);
  if (!whole || *whole < min) {
    Report(severity, key, fmt::format("{} is no whole number of at least {}", Excerpt(*value), min),
           value->is_string() ? "write it without quotes" : "");
    return std::nullopt;
  }
  return whole;
}

std::optional<double> MapReader::Number(std::string_view key, Severity severity) {
  const Value* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number() || !std::isfinite(value->as_number())) {
    Report(severity, key, fmt::format("{} is no finite number", Excerpt(*value)),
           value->is_string() ? "write it without quotes" : "");
    return std::nullopt;
  }
  return value->as_number();
}

std::optional<bool> MapReader::Flag(std::string_view key, Severity severity) {
  const Value* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_bool()) {
    Report(severity, key, fmt::format("{} is neither true nor false", Excerpt(*value)));
    return std::nullopt;
  }
  return value->as_bool();
}

const Value* MapReader::Map(std::string_view key, Severity severity) {
  const Value* value = Find(key);
  if (value != nullptr && !value->is_map()) {
    Report(severity, key,
           fmt::format("{} is {}, not a mapping", Excerpt(*value), KindName(value->kind())));
    return nullptr;
  }
  return value;
}

const Value* MapReader::List(std::string_view key, Severity severity) {
  const Value* value = Find(key);
  if (value != nullptr && !value->is_list()) {
    Report(severity, key,
           fmt::format("{} is {}, not a list", Excerpt(*value), KindName(value->kind())),
           "write it as [a, b]");
    return nullptr;
  }
  return value;
}

std::optional<std::size_t> MapReader::Word(std::string_view key,
                                           std::span<const std::string_view> words,
                                           Severity severity, std::string_view note,
                                           std::string remedy) {
  const Value* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->is_string()) {
    const auto found = std::ranges::find(words, value->as_string());
    if (found != words.end()) {
      return static_cast<std::size_t>(found - words.begin());
    }
  }
  std::string list;
  for (const std::string_view word : words) {
    list += list.empty() ? "" : ", ";
    list += word;
  }
  if (remedy.empty() && value->is_string()) {
    const std::string_view nearest = NearestWord(value->as_string(), words);
    remedy = nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest);
  }
  Report(severity, key, fmt::format("{} is not one of {}{}", Excerpt(*value), list, note),
         std::move(remedy));
  return std::nullopt;
}

void MapReader::ReportUnknown(Severity severity, std::string_view what,
                              std::initializer_list<std::string_view> others) {
  std::vector<std::string_view> known(asked_.begin(), asked_.end());
  known.insert(known.end(), others);
  for (const Member& member : map_.as_map()) {
    if (std::ranges::find(known, std::string_view(member.key)) == known.end()) {
      problems_.Add(severity, PathOf(member.key), member.key_position,
                    fmt::format("{} has no key \"{}\"", what, member.key),
                    SpellingSuggestion(member.key, known));
    }
  }
}

}  // namespace regatta::sweeps
