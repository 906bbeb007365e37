// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

/// Which parts made a similarity: exact where the pooled vector is made of the parts in a linear way, without the network.
/// Shapes    parts [n, dims], n >= 1; vectors [dims]; all finite.
/// Zero      a zero vector, pooled or not, has the cosine 0 with everything, and all shares are 0.
/// Throws    dimension_mismatch, invalid_argument (no parts, no dimensions), not_finite.
namespace simile::explain {

/// Shares of a cosine that add up to `sum`, which is the cosine of the vectors pooled here.
struct attribution {
    std::vector<double> shares;
    double sum = 0;

    /// What the shares do not explain of the score that the user was shown: not 0 where something that is not linear, such as a projection of the pooled
    /// vector, lies between the parts and the score.
    [[nodiscard]] double residual(double score) const noexcept { return score - sum; }
};

namespace detail {

inline void require_parts(matrix_view<float const> parts, std::size_t dims, std::string_view what) {
    require(parts.rows() > 0 && parts.dims() > 0, error_code::invalid_argument, what, ": ", parts.rows(), " rows of ", parts.dims(),
            " dimensions");
    require(parts.dims() == dims, error_code::dimension_mismatch, what, ": ", parts.dims(), " dimensions instead of ", dims);
    require(all_finite(parts.values()), error_code::not_finite, what, ": a component is NaN or infinite");
}

[[nodiscard]] inline std::vector<double> mean_of(matrix_view<float const> parts) {
    std::vector<double> mean(parts.dims());
    for (std::size_t r = 0; r < parts.rows(); ++r)
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += double{parts[r][i]};
    for (double& m : mean) m /= static_cast<double>(parts.rows());
    return mean;
}

template <class X, class Y>
[[nodiscard]] double dot(X const& x, Y const& y) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * double{y[i]};
    return sum;
}

template <class X>
[[nodiscard]] double length(X const& x) noexcept {
    return std::sqrt(dot(x, x));
}

/// 1 / (x y), or 0 where one of them is: what has no length has no shares.
[[nodiscard]] inline double inverse(double x, double y) noexcept { return x > 0 && y > 0 ? 1 / x / y : 0; }

inline attribution summed(std::vector<double> shares) {
    attribution out{std::move(shares), 0};
    for (double const s : out.shares) out.sum += s;
    return out;
}

}  // namespace detail

/// Mean pooling on both sides: share (i, j) is <a_i, b_j> / (n m |mean a| |mean b|), and they add up to the cosine of the means. Row sums are part_shares of
/// a with the mean of b.
/// @return shares [n][m]
/// Source  Stylianou, Souvenir, Pless, "Visualizing Deep Similarity Networks", WACV 2019, for average pooling.
[[nodiscard]] inline attribution pair_shares(matrix_view<float const> a, matrix_view<float const> b) {
    detail::require_parts(a, a.dims(), "the first item");
    detail::require_parts(b, a.dims(), "the second item");
    double const scale = detail::inverse(detail::length(detail::mean_of(a)), detail::length(detail::mean_of(b)));
    double const pairs = static_cast<double>(a.rows()) * static_cast<double>(b.rows());
    std::vector<double> shares;
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t j = 0; j < b.rows(); ++j) shares.push_back(detail::dot(a[i], b[j]) / pairs * scale);
    return detail::summed(std::move(shares));
}

/// Mean pooling of an item that is compared with a vector: the share of part i is <a_i, v> / (n |mean a| |v|).
/// @return shares [n]
[[nodiscard]] inline attribution part_shares(matrix_view<float const> parts, std::span<float const> v) {
    detail::require_parts(parts, parts.dims(), "the item");
    detail::require_parts({v.data(), 1, v.size()}, parts.dims(), "the vector");
    double const scale = detail::inverse(detail::length(detail::mean_of(parts)), detail::length(v));
    std::vector<double> shares;
    for (std::size_t i = 0; i < parts.rows(); ++i) shares.push_back(detail::dot(parts[i], v) / static_cast<double>(parts.rows()) * scale);
    return detail::summed(std::move(shares));
}

/// Max pooling: the product of each dimension goes to the part that has its maximum, in equal shares to several.
/// @return shares [n]
[[nodiscard]] inline attribution max_part_shares(matrix_view<float const> parts, std::span<float const> v) {
    detail::require_parts(parts, parts.dims(), "the item");
    detail::require_parts({v.data(), 1, v.size()}, parts.dims(), "the vector");
    std::vector<float> pooled(parts[0].begin(), parts[0].end());
    for (std::size_t r = 1; r < parts.rows(); ++r)
        for (std::size_t i = 0; i < pooled.size(); ++i) pooled[i] = std::max(pooled[i], parts[r][i]);
    double const scale = detail::inverse(detail::length(pooled), detail::length(v));
    std::vector<double> shares(parts.rows());
    for (std::size_t i = 0; i < pooled.size(); ++i) {
        double holders = 0;
        for (std::size_t r = 0; r < parts.rows(); ++r) holders += parts[r][i] == pooled[i];
        for (std::size_t r = 0; r < parts.rows(); ++r)
            if (parts[r][i] == pooled[i]) shares[r] += double{pooled[i]} * double{v[i]} * scale / holders;
    }
    return detail::summed(std::move(shares));
}

/// The share of each dimension, q_i x_i / (|q| |x|): all there is where only pooled vectors are stored.
/// @return shares [dims]
[[nodiscard]] inline attribution dimension_shares(std::span<float const> q, std::span<float const> x) {
    detail::require_parts({q.data(), 1, q.size()}, q.size(), "the query");
    detail::require_parts({x.data(), 1, x.size()}, q.size(), "the item");
    double const scale = detail::inverse(detail::length(q), detail::length(x));
    std::vector<double> shares;
    for (std::size_t i = 0; i < q.size(); ++i) shares.push_back(double{q[i]} * double{x[i]} * scale);
    return detail::summed(std::move(shares));
}

}  // namespace simile::explain
