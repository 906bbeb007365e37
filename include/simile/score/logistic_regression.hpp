// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace simile::score {

/// 1 / (1 + e^-z) without overflow.
[[nodiscard]] inline double logistic(double z) noexcept {
    double const small = std::exp(-std::abs(z));
    return z >= 0 ? 1 / (1 + small) : small / (1 + small);
}

namespace detail {

/// x with A x = y for a small positive definite A, by elimination.
template <std::size_t N>
[[nodiscard]] std::array<double, N> solve(std::array<std::array<double, N>, N> a, std::array<double, N> y) noexcept {
    for (std::size_t k = 0; k < N; ++k)
        for (std::size_t i = k + 1; i < N; ++i) {
            double const factor = a[i][k] / a[k][k];
            for (std::size_t j = k; j < N; ++j) a[i][j] -= factor * a[k][j];
            y[i] -= factor * y[k];
        }
    for (std::size_t k = N; k-- > 0;) {
        for (std::size_t j = k + 1; j < N; ++j) y[k] -= a[k][j] * y[j];
        y[k] /= a[k][k];
    }
    return y;
}

/// Logistic regression, P = 1 / (1 + exp(-theta . x)), by Newton's method with halved steps. The loss is -t ln P - (1 - t) ln(1 - P) over the sample and
/// ridge / 2 |theta|^2.
/// Features  i -> std::array<double, N>, Target  i -> the t of sample i
template <std::size_t N, class Features, class Target>
class logistic_regression {
public:
    using vector = std::array<double, N>;

    /// @param used  features that are not keep the parameter they begin with
    logistic_regression(std::size_t n, Features features, Target target, double ridge, std::array<bool, N> used)
        : n_(n), features_(features), target_(target), ridge_(ridge), used_(used) {}

    [[nodiscard]] vector fit(vector theta) const {
        double loss = loss_of(theta);
        for (int iteration = 0; iteration < 100; ++iteration) {
            auto const [gradient, hessian] = slopes_at(theta);
            if (std::none_of(gradient.begin(), gradient.end(), [](double g) { return std::abs(g) >= 1e-10; })) break;
            if (!descend(theta, loss, solve(hessian, gradient), gradient)) break;
        }
        return theta;
    }

private:
    struct slopes {
        vector gradient{};
        std::array<vector, N> hessian{};
    };

    [[nodiscard]] static double inner(vector const& x, vector const& y) noexcept {
        return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
    }

    [[nodiscard]] double loss_of(vector const& theta) const {
        double loss = ridge_ / 2 * inner(theta, theta);
        for (std::size_t i = 0; i < n_; ++i) {
            double const z = -inner(features_(i), theta), t = target_(i);
            loss += (z >= 0 ? t * z : (t - 1) * z) + std::log1p(std::exp(-std::abs(z)));
        }
        return loss;
    }

    [[nodiscard]] slopes slopes_at(vector const& theta) const {
        slopes out;
        for (std::size_t i = 0; i < n_; ++i) {
            vector const x = features_(i);
            double const p = logistic(inner(x, theta)), off = p - target_(i), weight = p * (1 - p);
            for (std::size_t j = 0; j < N; ++j) {
                out.gradient[j] += off * x[j];
                for (std::size_t k = 0; k < N; ++k) out.hessian[j][k] += weight * x[j] * x[k];
            }
        }
        for (std::size_t j = 0; j < N; ++j) {
            out.gradient[j] = used_[j] ? out.gradient[j] + ridge_ * theta[j] : 0;
            out.hessian[j][j] += ridge_ + 1e-12;  // keeps a flat direction solvable
            for (std::size_t k = 0; k < N && !used_[j]; ++k) out.hessian[j][k] = out.hessian[k][j] = j == k ? 1 : 0;
        }
        return out;
    }

    /// The longest step of 1, 1/2, 1/4 .. that lowers the loss enough; false when none does.
    [[nodiscard]] bool descend(vector& theta, double& loss, vector const& step, vector const& gradient) const {
        double const slope = inner(step, gradient);
        for (double length = 1; length >= 1e-10; length /= 2) {
            vector next = theta;
            for (std::size_t j = 0; j < N; ++j) next[j] -= length * step[j];
            double const next_loss = loss_of(next);
            bool const enough = next_loss < loss - 1e-4 * length * slope || (next_loss <= loss && slope < 1e-12 * (1 + loss));
            if (!enough) continue;
            theta = next;
            loss = next_loss;
            return true;
        }
        return false;
    }

    std::size_t n_;
    Features features_;
    Target target_;
    double ridge_;
    std::array<bool, N> used_;
};

template <std::size_t N, class Features, class Target>
[[nodiscard]] std::array<double, N> fit_logistic(std::size_t n, Features features, Target target, std::array<double, N> theta, double ridge,
                                                 std::array<bool, N> used) {
    return logistic_regression<N, Features, Target>(n, features, target, ridge, used).fit(theta);
}

}  // namespace detail

}  // namespace simile::score
