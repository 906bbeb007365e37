// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/eval/symmetric_eigen.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// How evenly a cloud of points fills its space.
/// Shapes    points [n, dims], n >= 1, dims >= 1.
/// Throws    invalid_argument for an empty cloud, not_finite.
/// That a cloud is isotropic does not say that it retrieves well (Roychowdhury et al. 2024).
namespace simile::eval {

namespace detail {

inline void require_cloud(matrix_view<float const> points) {
    require(points.rows() > 0 && points.dims() > 0, error_code::invalid_argument, "no cloud: ", points.rows(), " points of ", points.dims(),
            " dimensions");
    require(all_finite(points.values()), error_code::not_finite, "a point has a component that is NaN or infinite");
}

/// sum (x - centre)(x - centre)' over the points, [dims][dims].
[[nodiscard]] inline std::vector<double> scatter(matrix_view<float const> points, std::span<double const> centre) {
    std::size_t const d = points.dims();
    std::vector<double> sum(d * d), off(d);
    for (std::size_t r = 0; r < points.rows(); ++r) {
        for (std::size_t i = 0; i < d; ++i) off[i] = double{points[r][i]} - centre[i];
        for (std::size_t i = 0; i < d; ++i)
            for (std::size_t j = 0; j <= i; ++j) sum[i * d + j] += off[i] * off[j];
    }
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < i; ++j) sum[j * d + i] = sum[i * d + j];
    return sum;
}

[[nodiscard]] inline std::vector<double> mean_point(matrix_view<float const> points) {
    std::vector<double> mean(points.dims());
    for (std::size_t r = 0; r < points.rows(); ++r)
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += double{points[r][i]};
    for (double& m : mean) m /= static_cast<double>(points.rows());
    return mean;
}

/// ln sum exp(direction . x) over the points.
[[nodiscard]] inline double log_partition(matrix_view<float const> points, std::span<double const> direction, double sign) {
    std::vector<double> along(points.rows());
    for (std::size_t r = 0; r < points.rows(); ++r)
        for (std::size_t i = 0; i < points.dims(); ++i) along[r] += sign * direction[i] * double{points[r][i]};
    double const largest = *std::max_element(along.begin(), along.end());
    double sum = 0;
    for (double const a : along) sum += std::exp(a - largest);
    return largest + std::log(sum);
}

}  // namespace detail

/// IsoScore of given variances: 1 when all are equal, (k - 1) / (n - 1) when k of n are equal and the others 0; 0 for a constant cloud. Of one
/// dimension: 1, unless it is constant.
/// @param variances  [n], >= 0: the eigenvalues of a covariance; their common factor and order mean nothing
[[nodiscard]] inline double iso_score(std::span<double const> variances) {
    double const n = static_cast<double>(variances.size());
    double squares = 0, largest = 0;
    for (double const v : variances) largest = std::max(largest, v);
    if (largest <= 0) return 0;
    if (variances.size() == 1) return 1;
    for (double const v : variances) squares += (v / largest) * (v / largest);
    double const scale = std::sqrt(n / squares) / largest;
    double off = 0;
    for (double const v : variances) off += (scale * v - 1) * (scale * v - 1);
    double const room = n - std::sqrt(n), defect = off / (2 * room);
    double const used = (n - defect * room) * (n - defect * room) / (n * n);
    return std::clamp((n * used - 1) / (n - 1), 0.0, 1.0);
}

/// IsoScore (Rudman, Gillman, Rayne, Eickhoff, "IsoScore: Measuring the Uniformity of Embedding Space Utilization", 2022): how many of the dimensions
/// the cloud uses, in 0 .. 1. It does not change with the position or the size of the cloud. Fewer points than dimensions are allowed: the other
/// variances are 0. Time O(n dims^2 + dims^3).
[[nodiscard]] inline double iso_score(matrix_view<float const> points) {
    detail::require_cloud(points);
    std::size_t const d = points.dims();
    auto const scatter = detail::scatter(points, detail::mean_point(points));
    double variance = 0, squares = 0;
    for (std::size_t i = 0; i < d; ++i) variance += scatter[i * d + i];
    for (float const v : points.values()) squares += double{v} * double{v};
    // A constant cloud has nothing but the rounding of its mean.
    if (variance <= 1e-28 * squares) return 0;
    auto variances = symmetric_eigen(scatter, d, false).values;
    for (double& v : variances) v = std::max(v, 0.0);
    return iso_score(std::span<double const>(variances));
}

/// min Z / max Z with Z(c) = sum exp(c . x) over the points, c over the unit eigenvectors of X'X and their opposites (Mu, Viswanath, "All-but-the-Top",
/// 2018): 1 is isotropic. It depends on the lengths of the points and is not centred. Time O(n dims^2 + dims^3).
[[nodiscard]] inline double partition_isotropy(matrix_view<float const> points) {
    detail::require_cloud(points);
    std::size_t const d = points.dims();
    auto const eigen = symmetric_eigen(detail::scatter(points, std::vector<double>(d)), d, true);
    std::vector<double> logs;
    for (std::size_t i = 0; i < d; ++i)
        for (double const sign : {1.0, -1.0})
            logs.push_back(detail::log_partition(points, std::span(eigen.vectors).subspan(i * d, d), sign));
    auto const [low, high] = std::minmax_element(logs.begin(), logs.end());
    return std::exp(*low - *high);
}

/// The mean cosine of all pairs of different points, exact in O(n dims): (|sum u|^2 - n) / (n (n - 1)) over unit vectors u. The cosine with a zero vector
/// is 0; so is the mean of a single point.
[[nodiscard]] inline double mean_pairwise_cosine(matrix_view<float const> points) {
    detail::require_cloud(points);
    if (points.rows() == 1) return 0;
    std::vector<double> sum(points.dims());
    double directions = 0, squares = 0;
    for (std::size_t r = 0; r < points.rows(); ++r) {
        double const length = norm(points[r]);
        if (length == 0) continue;
        ++directions;
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += double{points[r][i]} / length;
    }
    for (double const s : sum) squares += s * s;
    double const n = static_cast<double>(points.rows());
    return (squares - directions) / (n * (n - 1));
}

}  // namespace simile::eval
