// What a point promises, given a normal prediction there. Lower objective values are better
// throughout.
//
// Pure functions, thread-safe.
#pragma once

namespace regatta::search {

// ln(φ(z) + z Φ(z)), exact to about 1e-12 relative for all finite z (Ament et al. 2023, "Unexpected
// improvements to expected improvement", appendix A; a longer asymptotic series below z = -50).
double LogH(double z);

// Its derivative Φ(z) / (φ(z) + z Φ(z)).
double LogHSlope(double z);

// ln E[max(0, best - Y)] for Y ~ N(mean, variance). The variance is floored at 1e-10.
double LogExpectedImprovement(double mean, double variance, double best);

// Φ(z) and ln Φ(z), the latter for any z.
double NormalCdf(double z);
double LogNormalCdf(double z);

// e^(x²) erfc(x) for x >= 0.
double Erfcx(double x);

// ln((e^a + e^b + ...) / n) without overflow.
double LogMeanExp(const double* values, int n);

}  // namespace regatta::search
