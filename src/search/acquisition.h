// What a point promises, given a normal prediction there. Lower objective values are better
// throughout.
//
// Pure functions, thread-safe.
#pragma once

namespace regatta::search {

// ln(φ(z) + z Φ(z)), exact to about 1e-12 relative for all finite z (Ament et al. 2023, "Unexpected
// improvements to expected improvement", appendix A; a longer asymptotic series below z = -10).
double LogH(double z);

// Its derivative Φ(z) / (φ(z) + z Φ(z)).
double LogHSlope(double z);

// ln E[max(0, best - Y)] for Y ~ N(mean, variance). The variance is floored at 1e-10.
double LogExpectedImprovement(double mean, double variance, double best);

// ln of the expected improvement of what a person would report: the run with the lowest result,
// whose true value is only believed. A new result y = f + noise, f ~ N(mean, variance), takes over
// where y < best, and what is won then is believed - f:
//
//   E[(believed - f) 1{y < best}] = Φ(z) (believed - mean) + variance / √total · φ(z),
//   total = variance + noise,  z = (best - mean) / √total
//
// which is expected improvement where noise is 0 and believed = best. Under noise it neither chases
// a lucky result that nothing can beat, nor trades a sound one for luck. The amount won is bent to
// stay above 0 (softplus over a tenth of the deviation), so that any two points can be compared.
double LogReportedImprovement(double mean, double variance, double noise, double best,
                              double believed);

// A value and its derivatives by the mean and the variance that it was given.
struct Slope {
  double value = 0;
  double by_mean = 0;
  double by_variance = 0;
};

// LogExpectedImprovement and its derivatives. With h' of LogHSlope,
//
//   ∂/∂mean ln EI = -h'(z) / σ,   ∂/∂variance ln EI = (1 - z h'(z)) / (2 variance)
//
// The variance's floor is taken for the variance.
Slope LogExpectedImprovementSlope(double mean, double variance, double best);

// LogReportedImprovement and its derivatives: those above, and under noise the chain rule through
// z, Φ/φ and the softplus.
Slope LogReportedImprovementSlope(double mean, double variance, double noise, double best,
                                  double believed);

// ln Φ(z), for any z.
double LogNormalCdf(double z);

// The derivative of ln Φ(z), φ(z) / Φ(z).
double LogNormalCdfSlope(double z);

// e^(x²) erfc(x) for x >= 0.
double Erfcx(double x);

// ln((e^a + e^b + ...) / n) without overflow.
double LogMeanExp(const double* values, int n);

}  // namespace regatta::search
