// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/rounded.hpp>
#include <simile/similarity/gaussian.hpp>
#include <simile/similarity/logistic.hpp>

#include <cmath>
#include <cstddef>
#include <span>

namespace simile::similarity {

/// Closed-form sampled distance |mean_1 - mean_2|^2 + sum var_1 + sum var_2: the expected squared Euclidean distance of two independent draws.
///
/// Shape     means and variances [d], variances >= 0 (not their logarithms, which PCME++ stores as `std`).
/// Unit      that of the components, squared; >= 0; smaller is closer; symmetric.
/// Error     sums in double, rounded to float once.
/// Index     an inner product: `item` gives [mean, -(|mean|^2 + sum var) / 2], `query` gives [mean, 1], both d + 1 long;
///           csd = |mean_q|^2 + sum var_q - 2 <query, item>. For means of unit length it ranks as cosine minus half of the item's total variance.
/// Source    Chun, "Improved Probabilistic Image-Text Representations" (PCME++), ICLR 2024.
struct csd_fn {
    static constexpr ordering order = ordering::smaller_is_closer;

    /// @throws error dimension_mismatch, invalid_argument (a negative variance), not_finite
    [[nodiscard]] float operator()(gaussian_view x, gaussian_view y) const { return static_cast<float>(in_double(x, y)); }

    /// Before rounding.
    [[nodiscard]] static double in_double(gaussian_view x, gaussian_view y) {
        detail::require_gaussians(x, y, true);
        double sum = 0;
        for (std::size_t i = 0; i < x.dims(); ++i) {
            double const apart = double{x.mean[i]} - double{y.mean[i]};
            sum += rounded(apart * apart) + (double{x.variance[i]} + double{y.variance[i]});
        }
        return sum;
    }

    [[nodiscard]] static constexpr std::size_t mapped_dims(std::size_t dims) noexcept { return dims + 1; }

    /// @param out  [d + 1]
    /// @throws error as operator()
    static void item(gaussian_view g, std::span<float> out) {
        detail::require_gaussian(g, true);
        detail::require_dims(out.size(), mapped_dims(g.dims()), "out");
        double spread = 0;
        for (std::size_t i = 0; i < g.dims(); ++i) {
            spread += double{g.mean[i]} * double{g.mean[i]} + double{g.variance[i]};
            out[i] = g.mean[i];
        }
        out[g.dims()] = static_cast<float>(-0.5 * spread);
    }
    /// @param mean  [d]; the variance of the query changes no order
    /// @param out   [d + 1]
    /// @throws error dimension_mismatch
    static void query(std::span<float const> mean, std::span<float> out) {
        detail::require_dims(out.size(), mapped_dims(mean.size()), "out");
        for (std::size_t i = 0; i < mean.size(); ++i) out[i] = mean[i];
        out[mean.size()] = 1;
    }
};
inline constexpr csd_fn csd{};

/// How likely two distributions match under PCME++:  logistic(b - a csd), a plain logistic (PCME has one of twice its argument).
///
/// Unit      probability; larger is closer; symmetric; ranks as csd.
class csd_match {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @param a, b  learnt with the model, which starts from 5 and 5; a > 0
    /// @throws error invalid_argument, not_finite
    explicit csd_match(double a = 5, double b = 5) : a_(a), b_(b) {
        detail::require_positive(a, "a");
        require(std::isfinite(b), error_code::not_finite, "b is ", b);
    }

    /// The logarithm of the odds.
    /// @throws error as csd
    [[nodiscard]] float logit(gaussian_view x, gaussian_view y) const { return static_cast<float>(logit_of(x, y)); }
    /// @throws error as csd
    [[nodiscard]] float operator()(gaussian_view x, gaussian_view y) const { return static_cast<float>(logistic(logit_of(x, y))); }

private:
    [[nodiscard]] double logit_of(gaussian_view x, gaussian_view y) const { return b_ - rounded(a_ * csd_fn::in_double(x, y)); }

    double a_;
    double b_;
};

}  // namespace simile::similarity
