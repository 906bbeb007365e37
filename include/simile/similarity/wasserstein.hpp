// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/rounded.hpp>
#include <simile/similarity/gaussian.hpp>

#include <cmath>
#include <cstddef>
#include <span>

namespace simile::similarity {

/// Squared 2-Wasserstein distance of two normal distributions with diagonal covariance: |mean_1 - mean_2|^2 + sum (sd_1 - sd_2)^2.
///
/// Shape     means and variances [d], variances >= 0; sd is the root of the variance.
/// Unit      that of the components, squared; >= 0 and 0 for equal distributions, which csd is not; smaller is closer; symmetric.
/// Error     sums in double, rounded to float once.
/// Index     squared Euclidean distance of [mean, sd]: `item` and `query` give that vector of 2 d; index under similarity_kind::squared_l2.
/// Source    Chun, "Improved Probabilistic Image-Text Representations" (PCME++), ICLR 2024, appendix: the distance that csd is compared with.
struct wasserstein_fn {
    static constexpr ordering order = ordering::smaller_is_closer;

    /// @throws error dimension_mismatch, invalid_argument (a negative variance), not_finite
    [[nodiscard]] float operator()(gaussian_view x, gaussian_view y) const {
        detail::require_gaussians(x, y, true);
        double sum = 0;
        for (std::size_t i = 0; i < x.dims(); ++i) {
            double const apart = double{x.mean[i]} - double{y.mean[i]};
            double const wider = std::sqrt(double{x.variance[i]}) - std::sqrt(double{y.variance[i]});
            sum += rounded(apart * apart) + rounded(wider * wider);
        }
        return static_cast<float>(sum);
    }

    [[nodiscard]] static constexpr std::size_t mapped_dims(std::size_t dims) noexcept { return 2 * dims; }
    /// @param out  [2 d]
    /// @throws error as operator()
    static void item(gaussian_view g, std::span<float> out) {
        detail::require_gaussian(g, true);
        detail::require_dims(out.size(), mapped_dims(g.dims()), "out");
        for (std::size_t i = 0; i < g.dims(); ++i) {
            out[i] = g.mean[i];
            out[g.dims() + i] = static_cast<float>(std::sqrt(double{g.variance[i]}));
        }
    }
    static void query(gaussian_view g, std::span<float> out) { item(g, out); }
};
inline constexpr wasserstein_fn wasserstein{};

}  // namespace simile::similarity
