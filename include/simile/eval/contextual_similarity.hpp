// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace simile::eval {

namespace detail {

using square = std::vector<double>;  // [n][n]

/// 1 where D_ij - eps is at most the k-th smallest of row i.
[[nodiscard]] inline square near_mask(square const& distances, std::size_t n, std::size_t k, double eps) {
    square mask(n * n);
    std::vector<double> row(n);
    for (std::size_t i = 0; i < n; ++i) {
        std::copy_n(distances.begin() + static_cast<std::ptrdiff_t>(i * n), n, row.begin());
        std::nth_element(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(k - 1), row.end());
        for (std::size_t j = 0; j < n; ++j) mask[i * n + j] = distances[i * n + j] - eps <= row[k - 1] ? 1 : 0;
    }
    return mask;
}

/// A B' with row i divided by the sum of row i of A; a row of zeros stays one.
[[nodiscard]] inline square shared_parts(square const& a, square const& b, std::size_t n) {
    square out(n * n);
    for (std::size_t i = 0; i < n; ++i) {
        double total = 0;
        for (std::size_t l = 0; l < n; ++l) total += a[i * n + l];
        for (std::size_t j = 0; total > 0 && j < n; ++j) {
            double sum = 0;
            for (std::size_t l = 0; l < n; ++l) sum += a[i * n + l] * b[j * n + l];
            out[i * n + j] = sum / total;
        }
    }
    return out;
}

}  // namespace detail

/// Contextual similarity: how much the neighbourhoods of two items of a batch overlap, instead of how near they are. Symmetric, in 0 .. 1. For a batch
/// or for the items of one result list: time O(n^3), memory O(n^2).
///
/// @param scores  [n, n] cosines, finite; n >= 1
/// @param k       neighbours an item has, at least 1, itself among them; cut to n
/// @param eps     slack of a neighbourhood in squared distance, >= 0
/// @return        [n][n]
/// @throws error dimension_mismatch when scores is not square; invalid_argument, not_finite
/// Source  Liao, Tsai, Shan, Kira, "Supervised Metric Learning to Rank for Retrieval via Contextual Similarity Optimization", ICML 2023. Where an
///         item's neighbourhood is everything, so that nothing is outside it, that half of the overlap counts as 0.
[[nodiscard]] inline std::vector<float> contextual_similarity(matrix_view<float const> scores, std::size_t k = 4, double eps = 0.05) {
    std::size_t const n = scores.rows();
    require(n == scores.dims(), error_code::dimension_mismatch, "the matrix of scores is ", n, " x ", scores.dims());
    require(n > 0 && k > 0, error_code::invalid_argument, n, " items, k of ", k);
    require(std::isfinite(eps), error_code::not_finite, "eps is ", eps);
    require(eps >= 0, error_code::invalid_argument, "eps is ", eps);
    require(all_finite(scores.values()), error_code::not_finite, "a score is NaN or infinite");

    detail::square distances(n * n);
    std::transform(scores.values().begin(), scores.values().end(), distances.begin(),
                   [](float s) { return std::max(2 - 2 * double{s}, 0.0); });
    auto const near = detail::near_mask(distances, n, std::min(k, n), eps),
               half = detail::near_mask(distances, n, std::clamp<std::size_t>(k / 2, 1, n), eps);
    auto far = near;
    for (double& v : far) v = 1 - v;
    auto const inside = detail::shared_parts(near, near, n), outside = detail::shared_parts(far, far, n);
    detail::square overlap(n * n), mutual(n * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            overlap[j * n + i] = 0.5 * (inside[i * n + j] + outside[i * n + j]) * near[i * n + j];  // transposed, for shared_parts
            mutual[i * n + j] = half[i * n + j] * half[j * n + i];
        }
    auto const spread = detail::shared_parts(mutual, overlap, n);
    std::vector<float> out(n * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) out[i * n + j] = static_cast<float>(0.5 * (spread[i * n + j] + spread[j * n + i]));
    return out;
}

}  // namespace simile::eval
