// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>
#include <simile/similarity/logistic.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <cmath>
#include <cstddef>

namespace simile::similarity {

/// How likely two sampled distributions match: the mean over all pairs of samples of e^s / (e^s + e^-s) = logistic(2 s), s = b - a |z - z'|.
///
/// Shape     samples [m][d] and [n][d], m, n >= 1; the model takes 8 of each.
/// Unit      probability; larger is closer; symmetric within 2 u, u = 2^-24.
/// Error     each distance that of squared_l2, everything else in double; nothing overflows, whatever s is.
/// Index     none: m n distances a pair. For re-ranking what csd or the cosine of the means has found.
/// Source    Chun, Oh, Rezende, Kalantidis, Larlus, "Probabilistic Embeddings for Cross-Modal Retrieval" (PCME), CVPR 2021. The paper calls
///           it a sigmoid of s; the published code, followed here, is the logistic of twice that.
class pcme_match {
public:
    static constexpr ordering order = ordering::larger_is_closer;

    /// @param a, b  learnt with the model, which starts from 5 and 5; a > 0
    /// @throws error invalid_argument, not_finite
    explicit pcme_match(double a = 5, double b = 5) : a_(a), b_(b) {
        detail::require_positive(a, "a");
        require(std::isfinite(b), error_code::not_finite, "b is ", b);
    }

    /// @throws error dimension_mismatch, invalid_argument (no samples), not_finite
    [[nodiscard]] float operator()(matrix_view<float const> x, matrix_view<float const> y) const {
        detail::require_rows(x, "the first set of samples", y, "the second set of samples");
        double sum = 0;
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < y.rows(); ++j) {
                double const distance = std::sqrt(double{squared_l2(reproducible, x[i], y[j])});
                sum += logistic(2 * (b_ - rounded(a_ * distance)));
            }
        return static_cast<float>(sum / (static_cast<double>(x.rows()) * static_cast<double>(y.rows())));
    }

private:
    double a_;
    double b_;
};

}  // namespace simile::similarity
