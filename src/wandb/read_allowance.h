// How much one request may read and answer.
#pragma once

#include <cstdint>

#include "regatta/base/result.h"

namespace regatta::wandb {

// Of one answer's text. 1,000 runs with 64 KiB of config and summary each are half of it, 1,000
// rows of 1,000 values a quarter.
inline constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{128} << 20;
// Of rows that are looked at: some seconds of one thread. A chart of a run of a million rows of a
// kilobyte is a quarter of it.
inline constexpr std::uint64_t kReadBytesMax = std::uint64_t{4} << 30;

// Counts for one request. Resolvers stop at the first false and answer with Check's error. Not
// thread-safe.
class ReadAllowance {
 public:
  // `bytes` more are looked at.
  bool Read(std::uint64_t bytes) {
    read_ += bytes;
    return read_ <= kReadBytesMax;
  }
  // `bytes` more are held for the answer.
  bool Keep(std::uint64_t bytes) {
    kept_ += bytes;
    return kept_ <= kAnswerBytesMax;
  }
  // They are held no more.
  void Drop(std::uint64_t bytes) { kept_ -= bytes; }

  // Errors: kResourceExhausted, naming the limit and how to ask for less.
  Result<void> Check() const;

 private:
  std::uint64_t read_ = 0;
  std::uint64_t kept_ = 0;
};

}  // namespace regatta::wandb
