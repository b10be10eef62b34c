#include "parameter_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

namespace regatta::sweeps {
namespace {

std::string Describe(const Value& value) {
  return value.is_null() ? "null" : fmt::format("{} ({})", KindName(value.kind()), Excerpt(value));
}

bool ReadsAsFiniteNumber(const std::string& text) {
  Result<Value> value = ParseJson(text);
  return value && value->is_number() && std::isfinite(value->as_number());
}

double RoundToMultiple(double value, double q) { return std::nearbyint(value / q) * q; }

class FieldReader {
 public:
  FieldReader(ParameterPlace& place, ParameterConfig& parameter)
      : place_(place), parameter_(parameter) {}

  void Read(const Shape& shape) {
    switch (shape.fields) {
      case Fields::kValue:
        ReadConstant();
        break;
      case Fields::kValues:
        ReadValues();
        break;
      case Fields::kProbabilities:
        ReadValues();
        ReadProbabilities();
        break;
      case Fields::kBounds:
        ReadBounds(shape);
        break;
      case Fields::kNormal:
        parameter_.mu = ReadNumber("mu", 0.0);
        parameter_.sigma = ReadNumber("sigma", 1.0);
        if (parameter_.sigma < 0) {
          place_.FailAt("sigma", fmt::format("sigma {} is below 0", parameter_.sigma));
        }
        break;
      case Fields::kBeta:
        ReadShape("a", parameter_.a);
        ReadShape("b", parameter_.b);
        break;
    }
    if (shape.has_q) {
      ReadQuantum(shape);
    }
  }

 private:
  void ReadConstant() {
    if (const Value* value = place_.Find("value"); value != nullptr) {
      parameter_.value = *value;
    } else {
      place_.FailWhole("a constant needs a value");
    }
  }

  void ReadValues() {
    const Value* values = place_.Find("values");
    if (values == nullptr) {
      place_.FailWhole("a categorical parameter needs values", "write values: [a, b]");
    } else if (!values->is_list()) {
      place_.FailAt("values", fmt::format("values is {}, not a list", KindName(values->kind())),
                    fmt::format("write values: [{}]",
                                values->is_string() ? values->as_string() : Excerpt(*values)));
    } else if (values->as_list().empty()) {
      place_.FailAt("values", "values is empty", "list at least one value");
    } else {
      parameter_.values = values->as_list();
    }
  }

  void ReadProbabilities() {
    const Value* list = place_.Find("probabilities");
    if (list == nullptr || !list->is_list()) {
      place_.FailAt("probabilities", "categorical_w_probabilities needs a list of probabilities");
      return;
    }
    double sum = 0;
    for (const Value& item : list->as_list()) {
      if (!item.is_number() || !std::isfinite(item.as_number()) || item.as_number() < 0) {
        place_.Fail(item.position, JoinPath(place_.path(), "probabilities"),
                    fmt::format("{} is no probability: a number of at least 0", Excerpt(item)));
        return;
      }
      parameter_.probabilities.push_back(item.as_number());
      sum += item.as_number();
    }
    if (!parameter_.values.empty() && parameter_.values.size() != parameter_.probabilities.size()) {
      place_.FailAt("probabilities",
                    fmt::format("{}: values and probabilities are not the same length ({} and {})",
                                place_.member().key, parameter_.values.size(),
                                parameter_.probabilities.size()));
    }
    // numpy's isclose(sum, 1.0).
    if (std::abs(sum - 1.0) > 1e-8 + 1e-5) {
      place_.FailAt("probabilities", fmt::format("{}: probabilities do not sum to 1 but to {}",
                                                 place_.member().key, sum));
    }
  }

  std::optional<double> ReadBound(std::string_view key, bool must_be_int, Value& out) {
    const Value* bound = place_.Find(key);
    if (bound == nullptr) {
      place_.FailWhole(fmt::format("{} is missing", key), fmt::format("add {}: NUMBER", key));
      return std::nullopt;
    }
    if (!bound->is_number() || !std::isfinite(bound->as_number())) {
      const bool is_quoted_number = bound->is_string() && ReadsAsFiniteNumber(bound->as_string());
      place_.FailAt(key, fmt::format("{} is {}, not a finite number", key, Describe(*bound)),
                    is_quoted_number
                        ? fmt::format("write {}: {} without quotes", key, bound->as_string())
                        : "");
      return std::nullopt;
    }
    if (must_be_int && !bound->is_int()) {
      place_.FailAt(
          key, fmt::format("int_uniform needs whole bounds, and {} is {}", key, Excerpt(*bound)),
          "write an integer, or use distribution: uniform");
      return std::nullopt;
    }
    out = *bound;
    return bound->as_number();
  }

  void ReadBounds(const Shape& shape) {
    const bool must_be_int = shape.kind == ParameterKind::kIntUniform;
    const std::optional<double> min = ReadBound("min", must_be_int, parameter_.min);
    const std::optional<double> max = ReadBound("max", must_be_int, parameter_.max);
    if (!min || !max) {
      return;
    }
    if (*min >= *max) {
      place_.FailAt(
          "min",
          fmt::format("{}: min {} is not less than max {}", place_.member().key,
                      Excerpt(parameter_.min), Excerpt(parameter_.max)),
          *min == *max ? fmt::format("for one fixed value write value: {}", Excerpt(parameter_.min))
                       : "exchange min and max");
      return;
    }
    CheckLogBounds(shape, *min, *max);
  }

  void CheckLogBounds(const Shape& shape, double min, double max) {
    switch (shape.kind) {
      case ParameterKind::kLogUniformValues:
      case ParameterKind::kInvLogUniformValues:
      case ParameterKind::kQLogUniformValues:
        if (min <= 0) {
          place_.FailAt("min", fmt::format("{} needs min above 0, not {}", shape.name,
                                           Excerpt(parameter_.min)));
        }
        break;
      case ParameterKind::kLogUniform:
      case ParameterKind::kQLogUniform:
        WarnExponents(shape, "log_uniform_values", std::exp(min), std::exp(max));
        break;
      case ParameterKind::kInvLogUniform:
        WarnExponents(shape, "inv_log_uniform_values", std::exp(-max), std::exp(-min));
        break;
      default:
        break;
    }
  }

  void WarnExponents(const Shape& shape, std::string_view better, double low, double high) {
    if (!std::isfinite(low) || !std::isfinite(high)) {
      const bool is_inverse = shape.kind == ParameterKind::kInvLogUniform;
      place_.FailAt(
          is_inverse ? "min" : "max",
          fmt::format(
              "{} bounds are exponents of {}, and with {} the result is beyond every number",
              shape.name, is_inverse ? "1/e" : "e",
              Excerpt(is_inverse ? parameter_.min : parameter_.max)),
          fmt::format("use distribution: {}", shape.has_q ? "q_log_uniform_values" : better));
      return;
    }
    place_.problems().Warn(
        JoinPath(place_.path(), "distribution"), place_.PositionOf("distribution"),
        fmt::format("{} bounds are exponents of e: min {} and max {} mean {:.5g} ... "
                    "{:.5g}",
                    shape.name, Excerpt(parameter_.min), Excerpt(parameter_.max), low, high),
        fmt::format("for bounds as values use distribution: {}",
                    shape.has_q ? "q_log_uniform_values" : better));
  }

  double ReadNumber(std::string_view key, double fallback) {
    const Value* value = place_.Find(key);
    if (value == nullptr) {
      return fallback;
    }
    if (!value->is_number() || !std::isfinite(value->as_number())) {
      place_.FailAt(key, fmt::format("{} is {}, not a finite number", key, Describe(*value)));
      return fallback;
    }
    return value->as_number();
  }

  void ReadShape(std::string_view key, double& out) {
    out = ReadNumber(key, 1.0);
    if (out <= 0) {
      place_.FailAt(key, fmt::format("{} {} is not above 0", key, out));
    }
  }

  void ReadQuantum(const Shape& shape) {
    if (const Value* q = place_.Find("q"); q != nullptr) {
      const double number = ReadNumber("q", 1.0);
      if (number <= 0) {
        place_.FailAt("q", fmt::format("q {} is not above 0", Excerpt(*q)));
        return;
      }
      if (q->is_number()) {
        parameter_.q = *q;
      }
    }
    if (!place_.has_errors()) {
      WarnOutside(shape);
    }
  }

  // Rounding to a multiple can step over the bounds; the file's author rarely means that.
  void WarnOutside(const Shape& shape) {
    if (shape.fields != Fields::kBounds) {
      return;
    }
    const bool is_exponent = shape.kind == ParameterKind::kQLogUniform;
    const double min =
        is_exponent ? std::exp(parameter_.min.as_number()) : parameter_.min.as_number();
    const double max =
        is_exponent ? std::exp(parameter_.max.as_number()) : parameter_.max.as_number();
    const double q = parameter_.q.as_number();
    const double low = RoundToMultiple(min, q);
    const double high = RoundToMultiple(max, q);
    const double slack = 1e-9 * q;
    if (low >= min - slack && high <= max + slack) {
      return;
    }
    const double first = std::ceil((min - slack) / q) * q;
    const double last = std::floor((max + slack) / q) * q;
    const std::string kept = first <= last
                                 ? fmt::format("values stay in {:.10g} ... {:.10g}", first, last)
                                 : std::string("no multiple of q lies between min and max");
    place_.problems().Warn(
        JoinPath(place_.path(), "q"), place_.PositionOf("q"),
        fmt::format("rounding to multiples of {:.10g} gives {:.10g} ... {:.10g}, outside "
                    "of min and max; {}",
                    q, low, high, kept));
  }

  ParameterPlace& place_;
  ParameterConfig& parameter_;
};

}  // namespace

void ReadFields(ParameterPlace& place, const Shape& shape, ParameterConfig& parameter) {
  FieldReader(place, parameter).Read(shape);
}

}  // namespace regatta::sweeps
