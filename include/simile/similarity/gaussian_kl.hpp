// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/rounded.hpp>
#include <simile/similarity/gaussian.hpp>

#include <cmath>
#include <cstddef>
#include <span>

namespace simile::similarity {

/// Kullback-Leibler divergence KL(Q || D) of a query's distribution from an item's, both normal with diagonal covariance:
///     1/2 sum [ log(var_d / var_q) - 1 + (var_q + (mean_q - mean_d)^2) / var_d ].
///
/// Shape     means and variances [k], variances > 0.
/// Unit      nats, >= 0; smaller is closer; NOT symmetric.
/// Error     sums in double, rounded to float once.
/// Index     exactly an inner product. `query` gives [1, var_q + mean_q^2, mean_q], `item` gives [gamma, -1 / var_d, 2 mean_d / var_d] with
///           gamma = -sum(log var_d + mean_d^2 / var_d), both 2 k + 1 long, and <query, item> + sum log var_q + k = -2 KL: index items under
///           similarity_kind::dot. The parts differ in size by orders of magnitude: f32 codes, or int8 with a scale for each part.
/// Source    Zamani, Bendersky, "Multivariate Representation Learning for Information Retrieval", SIGIR 2023, equation 9. Its equations 10, 13 and 14
///           print the product of the query's variances over the product of the item's where the sum of their ratios belongs. That is not the
///           divergence, and underflows at some hundred dimensions; here is only the right one.
struct gaussian_kl_fn {
    static constexpr ordering order = ordering::smaller_is_closer;

    /// @throws error dimension_mismatch, invalid_argument (a variance that is not positive), not_finite
    [[nodiscard]] float operator()(gaussian_view query, gaussian_view item) const {
        detail::require_gaussians(query, item);
        double sum = 0;
        for (std::size_t i = 0; i < query.dims(); ++i) {
            double const vq = query.variance[i], vd = item.variance[i];
            double const apart = double{query.mean[i]} - double{item.mean[i]};
            // log r and r - 1 of r = vq / vd cancel near 1: log1p keeps the digits.
            double const excess = (vq - vd) / vd;
            sum += (excess - std::log1p(excess)) + rounded(apart * apart) / vd;
        }
        return static_cast<float>(0.5 * sum);
    }

    [[nodiscard]] static constexpr std::size_t mapped_dims(std::size_t dims) noexcept { return 2 * dims + 1; }

    /// @param out  [2 k + 1]
    /// @throws error as operator()
    static void item(gaussian_view g, std::span<float> out) {
        detail::require_gaussian(g);
        detail::require_dims(out.size(), mapped_dims(g.dims()), "out");
        double gamma = 0;
        for (std::size_t i = 0, k = g.dims(); i < k; ++i) {
            double const mean = g.mean[i], variance = g.variance[i];
            gamma -= std::log(variance) + mean * mean / variance;
            out[1 + i] = static_cast<float>(-1 / variance);
            out[1 + k + i] = static_cast<float>(2 * mean / variance);
        }
        out[0] = static_cast<float>(gamma);
    }

    /// @param out  [2 k + 1]
    /// @throws error as operator()
    static void query(gaussian_view g, std::span<float> out) {
        detail::require_gaussian(g);
        detail::require_dims(out.size(), mapped_dims(g.dims()), "out");
        out[0] = 1;
        for (std::size_t i = 0, k = g.dims(); i < k; ++i) {
            double const mean = g.mean[i];
            out[1 + i] = static_cast<float>(g.variance[i] + mean * mean);
            out[1 + k + i] = g.mean[i];
        }
    }

    /// The divergence that belongs to the score of an index, <query, item>.
    [[nodiscard]] static float from_score(float score, gaussian_view query) {
        detail::require_gaussian(query);
        double rest = static_cast<double>(query.dims());
        for (float const v : query.variance) rest += std::log(double{v});
        return static_cast<float>(-0.5 * (double{score} + rest));
    }
};
inline constexpr gaussian_kl_fn gaussian_kl{};

}  // namespace simile::similarity
