// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/max_sim.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace simile::similarity {

/// Late interaction in both directions:  (max_sim(x, y) / |x| + max_sim(y, x) / |y|) / 2, each divided by its own number of tokens.
///
/// For comparing like with like, documents with documents: tokens that y has and x lacks count against it, which max_sim does not see.
///
/// Shape     x [m][d], y [n][d], m, n >= 1.
/// Unit      that of the inner product, whatever m and n are; larger is closer; symmetric bit for bit.
/// Error     as max_sim. Every product is computed once.
/// Index     as max_sim.
/// Source    Fan, Su, Guibas, "A Point Set Generation Network for 3D Object Reconstruction from a Single Image", CVPR 2017: the two-sided Chamfer
///           sum, here of similarities and of means.
struct symmetric_max_sim_fn {
    static constexpr ordering order = ordering::larger_is_closer;

    /// @throws error dimension_mismatch, invalid_argument (no tokens), not_finite
    [[nodiscard]] float operator()(matrix_view<float const> x, matrix_view<float const> y) const {
        detail::require_rows(x, "the first set", y, "the second set");
        std::vector<float> best_of_x(x.rows(), lowest), best_of_y(y.rows(), lowest);
        detail::each_inner_product(x, y, [&](std::size_t i, std::size_t j, float product) {
            best_of_x[i] = std::max(best_of_x[i], product);
            best_of_y[j] = std::max(best_of_y[j], product);
        });
        return static_cast<float>(0.5 * (mean(best_of_x) + mean(best_of_y)));
    }

private:
    static constexpr float lowest = -std::numeric_limits<float>::infinity();
    [[nodiscard]] static double mean(std::vector<float> const& values) noexcept {
        double sum = 0;
        for (float const v : values) sum += double{v};
        return sum / static_cast<double>(values.size());
    }
};
inline constexpr symmetric_max_sim_fn symmetric_max_sim{};

}  // namespace simile::similarity
