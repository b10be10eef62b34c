#include "acquisition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "normal.h"

namespace regatta::search {
namespace {

constexpr double kLogSqrt2Pi = 0.91893853320467274178;
constexpr double kSqrtHalfPi = 1.25331413731550025121;

double NormalPdf(double z) { return std::exp(-0.5 * z * z - kLogSqrt2Pi); }

// From here on down the tail series is exact to rounding, while 1 + z Φ/φ loses z² of its digits.
constexpr double kTail = -10;

// z² h(z) / φ(z) for z → -∞: 1 - 3/z² + 15/z⁴ - ... (the tail expansion of Mills' ratio). At z =
// kTail the 25th term is 3e-17.
double TailSeries(double z) {
  const double t = 1 / (z * z);
  double term = 1;
  double sum = 1;
  for (int k = 1; k <= 25 && std::abs(term) > 1e-17; ++k) {
    term *= -(2.0 * k + 1) * t;
    sum += term;
  }
  return sum;
}

}  // namespace

double Erfcx(double x) {
  if (x < 25) {
    return std::exp(x * x) * std::erfc(x);
  }
  const double t = 1 / (2 * x * x);
  return (1 - t * (1 - 3 * t * (1 - 5 * t * (1 - 7 * t * (1 - 9 * t))))) /
         (x * std::sqrt(std::numbers::pi));
}

double LogNormalCdf(double z) {
  if (z > -5) {
    return std::log(NormalCdf(z));
  }
  return -0.5 * z * z + std::log(0.5 * Erfcx(-z / std::numbers::sqrt2));
}

double LogNormalCdfSlope(double z) {
  return z > 0 ? NormalPdf(z) / NormalCdf(z) : 1 / (kSqrtHalfPi * Erfcx(-z / std::numbers::sqrt2));
}

double LogH(double z) {
  if (z > -1) {
    return std::log(NormalPdf(z) + z * NormalCdf(z));
  }
  if (z > kTail) {
    return -0.5 * z * z - kLogSqrt2Pi +
           std::log1p(kSqrtHalfPi * z * Erfcx(-z / std::numbers::sqrt2));
  }
  return -0.5 * z * z - kLogSqrt2Pi - 2 * std::log(-z) + std::log(TailSeries(z));
}

double LogHSlope(double z) {
  if (z > -1) {
    const double cdf = NormalCdf(z);
    return cdf / (NormalPdf(z) + z * cdf);
  }
  if (z > kTail) {
    const double mills = kSqrtHalfPi * Erfcx(-z / std::numbers::sqrt2);  // Φ(z) / φ(z)
    return mills / (1 + z * mills);
  }
  // Φ/φ = -(1 + z²·s·t... ) from h = φ + zΦ: Φ = (h - φ) / z.
  const double h_over_pdf = TailSeries(z) / (z * z);
  return (h_over_pdf - 1) / (z * h_over_pdf);
}

double LogExpectedImprovement(double mean, double variance, double best) {
  const double sigma = std::sqrt(std::max(variance, 1e-10));
  return std::log(sigma) + LogH((best - mean) / sigma);
}

Slope LogExpectedImprovementSlope(double mean, double variance, double best) {
  const double signal = std::max(variance, 1e-10);
  const double sigma = std::sqrt(signal);
  const double z = (best - mean) / sigma;
  const double slope = LogHSlope(z);
  return {std::log(sigma) + LogH(z), -slope / sigma, (1 - z * slope) / (2 * signal)};
}

double LogReportedImprovement(double mean, double variance, double noise, double best,
                              double believed) {
  const double signal = std::max(variance, 1e-10);
  if (noise <= 0 && believed <= best) {
    return LogExpectedImprovement(mean, signal, best);
  }
  const double deviation = std::sqrt(signal + std::max(noise, 0.0));
  const double z = (best - mean) / deviation;
  const double log_cdf = LogNormalCdf(z);
  const double pdf_over_cdf = std::exp(-0.5 * z * z - kLogSqrt2Pi - log_cdf);
  const double unit = signal / deviation;
  const double scale = 0.1 * unit;
  const double won = (believed - mean + unit * pdf_over_cdf) / scale;
  // ln of softplus, which is its argument far above 0 and an exponential far below.
  const double log_won = won > 30    ? std::log(won)
                         : won < -30 ? won
                                     : std::log(std::log1p(std::exp(won)));
  return log_cdf + std::log(scale) + log_won;
}

Slope LogReportedImprovementSlope(double mean, double variance, double noise, double best,
                                  double believed) {
  const double signal = std::max(variance, 1e-10);
  if (noise <= 0 && believed <= best) {
    return LogExpectedImprovementSlope(mean, signal, best);
  }
  const double total = signal + std::max(noise, 0.0);
  const double deviation = std::sqrt(total);
  const double z = (best - mean) / deviation;
  const double z_by_variance = -0.5 * z / total;
  const double log_cdf = LogNormalCdf(z);
  const double pdf_over_cdf = std::exp(-0.5 * z * z - kLogSqrt2Pi - log_cdf);
  // d(φ/Φ)/dz = -φ/Φ · (z + φ/Φ), and the sum, which cancels in the tail, is h/Φ.
  const double pdf_over_cdf_by_z = -pdf_over_cdf / LogHSlope(z);
  const double unit = signal / deviation;
  const double unit_share = 1 / signal - 0.5 / total;  // ∂ ln unit / ∂ variance
  const double scale = 0.1 * unit;
  const double won = (believed - mean + unit * pdf_over_cdf) / scale;
  const double won_by_mean = (-1 - unit * pdf_over_cdf_by_z / deviation) / scale;
  const double won_by_variance =
      -(believed - mean) / scale * unit_share + unit * pdf_over_cdf_by_z * z_by_variance / scale;
  double log_won = won;
  double log_won_slope = 1;
  if (won > 30) {
    log_won = std::log(won);
    log_won_slope = 1 / won;
  } else if (won >= -30) {
    const double softplus = std::log1p(std::exp(won));
    log_won = std::log(softplus);
    log_won_slope = 1 / ((1 + std::exp(-won)) * softplus);
  }
  return {log_cdf + std::log(scale) + log_won,
          -pdf_over_cdf / deviation + log_won_slope * won_by_mean,
          pdf_over_cdf * z_by_variance + unit_share + log_won_slope * won_by_variance};
}

double LogMeanExp(const double* values, int n) {
  const double top = *std::max_element(values, values + n);
  if (!std::isfinite(top)) {
    return top;
  }
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    sum += std::exp(values[i] - top);
  }
  return top + std::log(sum / n);
}

}  // namespace regatta::search
