// A run's values by the names that filters and orders use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/tracking/run.h"
#include "regatta/tracking/run_surroundings.h"

namespace regatta::tracking {

// The value of one field. Its texts may lie inside the run, so it does not outlive it.
struct FieldValue {
  enum class Kind : std::uint8_t {
    kMissing,
    kNull,
    kBool,
    kNumber,
    kText,
    kTime,
    kTexts,     // tags
    kDocument,  // a JSON object or array
  };
  Kind kind = Kind::kMissing;
  bool boolean = false;
  double number = 0;
  // Set for whole numbers that 64 bits hold, so that large ones compare exactly.
  std::optional<std::int64_t> whole;
  std::string text;  // of a document: its JSON text
  Timestamp time;
  const std::vector<std::string>* texts = nullptr;

  bool is_absent() const { return kind == Kind::kMissing || kind == Kind::kNull; }
  static FieldValue Text(std::string text);
  static FieldValue Number(double number);
  static FieldValue Whole(std::int64_t whole);
  // From JSON text: `Requires: IsExtendedJson(text)`.
  static FieldValue Json(std::string_view text);
};

// -1, 0 or 1. Requires: both are numbers, neither is NaN.
int CompareNumbers(const FieldValue& a, const FieldValue& b);

// The name of a field, understood.
class RunField {
 public:
  // Names of no field are accepted: such a field is missing in every run.
  explicit RunField(std::string_view name);

  bool is_known() const { return id_ != Id::kUnknown; }
  // A field of the run itself, which is never in a document; empty texts count as missing there.
  bool is_column() const { return id_ < Id::kConfig; }
  bool is_creation() const { return id_ == Id::kCreatedAt; }
  bool is_name() const { return id_ == Id::kName; }
  bool is_sweep() const { return id_ == Id::kSweep; }
  bool is_time() const {
    return id_ == Id::kCreatedAt || id_ == Id::kUpdatedAt || id_ == Id::kHeartbeatAt;
  }

  FieldValue Read(const Run& run, const RunSurroundings& around) const;

  // The known names, for error messages.
  static std::string_view KnownNames();

 private:
  enum class Id : std::uint8_t {
    kName,
    kDisplayName,
    kState,
    kGroup,
    kJobType,
    kTags,
    kSweep,
    kUser,
    kCreatedAt,
    kUpdatedAt,
    kHeartbeatAt,
    kDuration,
    kHost,
    kCommit,
    kProgram,
    kNotes,
    kDescription,
    kEntity,
    kProject,
    kHistoryLineCount,
    kConfig,
    kSummary,
    kKeysInfo,
    kUnknown,
  };
  struct Name {
    std::string_view text;
    Id id;
  };
  static const Name kNames[];

  Id id_ = Id::kUnknown;
  std::string path_;  // inside the document
};

}  // namespace regatta::tracking
