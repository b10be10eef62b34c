#include "bbob.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "regatta/base/rng.h"

namespace regatta::bench {
namespace {

using Vector = std::vector<double>;
constexpr double kPi = std::numbers::pi;

double Oscillate(double x) {
  if (x == 0) {
    return 0;
  }
  const double hat = std::log(std::abs(x));
  const double c1 = x > 0 ? 10 : 5.5;
  const double c2 = x > 0 ? 7.9 : 3.1;
  return std::copysign(std::exp(hat + 0.049 * (std::sin(c1 * hat) + std::sin(c2 * hat))), x);
}

double Share(std::size_t i, std::size_t d) {
  return static_cast<double>(i) / static_cast<double>(std::max<std::size_t>(d - 1, 1));
}

void OscillateAll(Vector& z) {
  for (double& x : z) {
    x = Oscillate(x);
  }
}

void Skew(Vector& z, double beta) {
  for (std::size_t i = 0; i < z.size(); ++i) {
    if (z[i] > 0) {
      z[i] = std::pow(z[i], 1 + beta * Share(i, z.size()) * std::sqrt(z[i]));
    }
  }
}

void Condition(Vector& z, double alpha) {
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] *= std::pow(alpha, 0.5 * Share(i, z.size()));
  }
}

double Penalty(const Vector& x) {
  double sum = 0;
  for (const double v : x) {
    const double out = std::max(0.0, std::abs(v) - 5);
    sum += out * out;
  }
  return sum;
}

double Rastrigin(const Vector& z) {
  double cosines = 0;
  double squares = 0;
  for (const double v : z) {
    cosines += std::cos(2 * kPi * v);
    squares += v * v;
  }
  return 10 * (static_cast<double>(z.size()) - cosines) + squares;
}

double Rosenbrock(const Vector& z) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < z.size(); ++i) {
    const double a = z[i] * z[i] - z[i + 1];
    sum += 100 * a * a + (z[i] - 1) * (z[i] - 1);
  }
  return sum;
}

double Ellipsoid(const Vector& z) {
  double sum = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    sum += std::pow(1e6, Share(i, z.size())) * z[i] * z[i];
  }
  return sum;
}

Vector RandomRotation(std::size_t d, Rng& rng) {
  Vector q(d * d);
  for (double& v : q) {
    v = rng.Normal();
  }
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      double dot = 0;
      for (std::size_t j = 0; j < d; ++j) {
        dot += q[i * d + j] * q[k * d + j];
      }
      for (std::size_t j = 0; j < d; ++j) {
        q[i * d + j] -= dot * q[k * d + j];
      }
    }
    double norm = 0;
    for (std::size_t j = 0; j < d; ++j) {
      norm += q[i * d + j] * q[i * d + j];
    }
    for (std::size_t j = 0; j < d; ++j) {
      q[i * d + j] /= std::sqrt(norm);
    }
  }
  return q;
}

}  // namespace

Bbob::Bbob(int function, std::vector<double> optimum, std::uint64_t seed)
    : function_(function), d_(optimum.size()), optimum_(std::move(optimum)) {
  Rng rng(seed, static_cast<std::uint64_t>(function));
  q_ = RandomRotation(d_, rng);
  r_ = RandomRotation(d_, rng);
  if (function_ == 5) {
    for (double& x : optimum_) {
      x = x < 0 ? -5 : 5;
    }
  } else if (function_ == 20) {
    for (double& x : optimum_) {
      x = std::copysign(4.2096874633 / 2, x);
    }
  } else if (function_ == 24) {
    for (double& x : optimum_) {
      x = std::copysign(1.25, x);
    }
  }
  if (function_ == 21 || function_ == 22) {
    const std::size_t peaks = function_ == 21 ? 101 : 21;
    for (std::size_t p = 0; p < peaks; ++p) {
      Vector peak(d_);
      for (double& x : peak) {
        x = -4.9 + 9.8 * rng.Uniform();
      }
      const double share = p == 0 ? 0 : static_cast<double>(p - 1) / static_cast<double>(peaks - 2);
      const double alpha =
          p == 0 ? (function_ == 21 ? 1000.0 : 1e6) : std::pow(1000.0, 2 * rng.Uniform());
      Vector width(d_);
      for (std::size_t i = 0; i < d_; ++i) {
        width[i] = std::pow(alpha, 0.5 * Share(rng.Below(d_), d_)) / std::pow(alpha, 0.25);
      }
      peaks_.push_back(p == 0 ? optimum_ : peak);
      heights_.push_back(p == 0 ? 10 : 1.1 + 8 * share);
      widths_.push_back(width);
    }
  }
}

std::vector<double> Bbob::Rotate(const Matrix& q, const std::vector<double>& z) const {
  Vector out(d_);
  for (std::size_t i = 0; i < d_; ++i) {
    for (std::size_t j = 0; j < d_; ++j) {
      out[i] += q[i * d_ + j] * z[j];
    }
  }
  return out;
}

double Bbob::Gallagher(const std::vector<double>& x) const {
  double best = 0;
  for (std::size_t p = 0; p < peaks_.size(); ++p) {
    Vector z(d_);
    for (std::size_t i = 0; i < d_; ++i) {
      z[i] = x[i] - peaks_[p][i];
    }
    z = Rotate(r_, z);
    double sum = 0;
    for (std::size_t i = 0; i < d_; ++i) {
      sum += widths_[p][i] * z[i] * z[i];
    }
    best = std::max(best, heights_[p] * std::exp(-sum / (2 * static_cast<double>(d_))));
  }
  const double t = Oscillate(10 - best);
  return t * t + Penalty(x);
}

double Bbob::operator()(const std::vector<double>& x) const { return std::max(0.0, Raw(x)); }

double Bbob::Raw(const std::vector<double>& x) const {
  const auto n = static_cast<double>(d_);
  Vector z(d_);
  for (std::size_t i = 0; i < d_; ++i) {
    z[i] = x[i] - optimum_[i];
  }
  const auto rotated = [&](double alpha) {
    Vector out = Rotate(r_, z);
    Condition(out, alpha);
    return Rotate(q_, out);
  };
  double sum = 0;
  switch (function_) {
    case 1:
      for (const double v : z) {
        sum += v * v;
      }
      return sum;
    case 2:
      OscillateAll(z);
      return Ellipsoid(z);
    case 3:
      OscillateAll(z);
      Skew(z, 0.2);
      Condition(z, 10);
      return Rastrigin(z);
    case 4: {
      OscillateAll(z);
      for (std::size_t i = 0; i < d_; ++i) {
        z[i] *= std::pow(10.0, 0.5 * Share(i, d_)) * (z[i] > 0 && i % 2 == 0 ? 10 : 1);
      }
      return Rastrigin(z) + 100 * Penalty(x);
    }
    case 5:
      for (std::size_t i = 0; i < d_; ++i) {
        const double s = std::copysign(std::pow(10.0, Share(i, d_)), optimum_[i]);
        const double inside = x[i] * optimum_[i] < 25 ? x[i] : optimum_[i];
        sum += 5 * std::abs(s) - s * inside;
      }
      return sum;
    case 6: {
      const Vector r = rotated(10);
      for (std::size_t i = 0; i < d_; ++i) {
        const double s = r[i] * optimum_[i] > 0 ? 100 : 1;
        sum += s * s * r[i] * r[i];
      }
      return std::pow(Oscillate(sum), 0.9);
    }
    case 7: {
      Vector r = Rotate(r_, z);
      Condition(r, 10);
      const double first = std::abs(r[0]);
      for (double& v : r) {
        v = std::abs(v) > 0.5 ? std::floor(0.5 + v) : std::floor(0.5 + 10 * v) / 10;
      }
      r = Rotate(q_, r);
      for (std::size_t i = 0; i < d_; ++i) {
        sum += std::pow(100.0, Share(i, d_)) * r[i] * r[i];
      }
      return 0.1 * std::max(first / 1e4, sum) + Penalty(x);
    }
    case 8:
    case 9: {
      Vector r = function_ == 8 ? z : Rotate(r_, z);
      for (double& v : r) {
        v = std::max(1.0, std::sqrt(n) / 8) * v + 1;
      }
      return Rosenbrock(r);
    }
    case 10: {
      Vector r = Rotate(r_, z);
      OscillateAll(r);
      return Ellipsoid(r);
    }
    case 11: {
      Vector r = Rotate(r_, z);
      OscillateAll(r);
      sum = 1e6 * r[0] * r[0];
      for (std::size_t i = 1; i < d_; ++i) {
        sum += r[i] * r[i];
      }
      return sum;
    }
    case 12: {
      Vector r = Rotate(r_, z);
      Skew(r, 0.5);
      r = Rotate(r_, r);
      for (std::size_t i = 1; i < d_; ++i) {
        sum += r[i] * r[i];
      }
      return r[0] * r[0] + 1e6 * sum;
    }
    case 13: {
      const Vector r = rotated(10);
      for (std::size_t i = 1; i < d_; ++i) {
        sum += r[i] * r[i];
      }
      return r[0] * r[0] + 100 * std::sqrt(sum);
    }
    case 14: {
      const Vector r = Rotate(r_, z);
      for (std::size_t i = 0; i < d_; ++i) {
        sum += std::pow(std::abs(r[i]), 2 + 4 * Share(i, d_));
      }
      return std::sqrt(sum);
    }
    case 15: {
      Vector r = Rotate(r_, z);
      OscillateAll(r);
      Skew(r, 0.2);
      r = Rotate(q_, r);
      Condition(r, 10);
      return Rastrigin(Rotate(r_, r));
    }
    case 16: {
      Vector r = Rotate(r_, z);
      OscillateAll(r);
      r = Rotate(q_, r);
      Condition(r, 0.01);
      r = Rotate(r_, r);
      double base = 0;
      for (int k = 0; k < 12; ++k) {
        base += std::pow(0.5, k) * std::cos(kPi * std::pow(3.0, k));
      }
      for (const double v : r) {
        for (int k = 0; k < 12; ++k) {
          sum += std::pow(0.5, k) * std::cos(2 * kPi * std::pow(3.0, k) * (v + 0.5));
        }
      }
      return 10 * std::pow(std::max(0.0, sum / n - base), 3) + 10 / n * Penalty(x);
    }
    case 17:
    case 18: {
      Vector r = Rotate(r_, z);
      Skew(r, 0.5);
      r = Rotate(q_, r);
      Condition(r, function_ == 17 ? 10 : 1000);
      for (std::size_t i = 0; i + 1 < d_; ++i) {
        const double s = std::sqrt(r[i] * r[i] + r[i + 1] * r[i + 1]);
        const double wave = std::sin(50 * std::pow(s, 0.2));
        sum += std::sqrt(s) * (1 + wave * wave);
      }
      return std::pow(sum / (n - 1), 2) + 10 * Penalty(x);
    }
    case 19: {
      Vector r = Rotate(r_, z);
      for (double& v : r) {
        v = std::max(1.0, std::sqrt(n) / 8) * v + 1;
      }
      for (std::size_t i = 0; i + 1 < d_; ++i) {
        const double a = r[i] * r[i] - r[i + 1];
        const double s = 100 * a * a + (r[i] - 1) * (r[i] - 1);
        sum += s / 4000 - std::cos(s);
      }
      return 10 / (n - 1) * sum + 10;
    }
    case 20: {
      Vector hat(d_);
      Vector w(d_);
      for (std::size_t i = 0; i < d_; ++i) {
        hat[i] = 2 * std::copysign(1.0, optimum_[i]) * x[i];
      }
      for (std::size_t i = 0; i < d_; ++i) {
        const double centre = 2 * std::abs(optimum_[i]);
        const double before = i == 0 ? 0 : 0.25 * (hat[i - 1] - 2 * std::abs(optimum_[i - 1]));
        w[i] = 100 * (std::pow(10.0, 0.5 * Share(i, d_)) * (hat[i] + before - centre) + centre);
      }
      Vector scaled = w;
      for (double& v : scaled) {
        v /= 100;
      }
      for (const double v : w) {
        sum += v * std::sin(std::sqrt(std::abs(v)));
      }
      return -sum / (100 * n) + 4.189828872724339 + 100 * Penalty(scaled);
    }
    case 21:
    case 22:
      return Gallagher(x);
    case 23: {
      const Vector r = rotated(100);
      double product = 1;
      for (std::size_t i = 0; i < d_; ++i) {
        double inner = 0;
        for (int j = 1; j <= 32; ++j) {
          const double scaled = std::ldexp(r[i], j);
          inner += std::abs(scaled - std::round(scaled)) / std::ldexp(1.0, j);
        }
        product *= std::pow(1 + static_cast<double>(i + 1) * inner, 10 / std::pow(n, 1.2));
      }
      return 10 / (n * n) * product - 10 / (n * n) + Penalty(x);
    }
    default: {
      const double mu0 = 2.5;
      const double s = 1 - 1 / (2 * std::sqrt(n + 20) - 8.2);
      const double mu1 = -std::sqrt((mu0 * mu0 - 1) / s);
      Vector hat(d_);
      double first = 0;
      double second = 0;
      for (std::size_t i = 0; i < d_; ++i) {
        hat[i] = 2 * std::copysign(1.0, optimum_[i]) * x[i];
        first += (hat[i] - mu0) * (hat[i] - mu0);
        second += (hat[i] - mu1) * (hat[i] - mu1);
        hat[i] -= mu0;
      }
      z = hat;
      const Vector r = rotated(100);
      double cosines = 0;
      for (const double v : r) {
        cosines += std::cos(2 * kPi * v);
      }
      return std::min(first, n + s * second) + 10 * (n - cosines) + 1e4 * Penalty(x);
    }
  }
}

}  // namespace regatta::bench
