// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/core/resampling.hpp>
#include <simile/eval/isotropy.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

/// Two measures of an embedding: that what belongs together is close, and that everything else is spread out. Meant for unit vectors, defined for all;
/// the points are taken as they are.
/// Source  Wang, Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the Hypersphere", ICML 2020.
namespace simile::eval {

namespace detail {

[[nodiscard]] inline double squared_distance(std::span<float const> x, std::span<float const> y) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += (double{x[i]} - double{y[i]}) * (double{x[i]} - double{y[i]});
    return sum;
}

/// ln of a mean of exponentials, one exponent at a time: neither far nor near ones are lost.
class log_mean_exp {
public:
    void add(double exponent) noexcept {
        if (exponent > largest_) {
            sum_ *= std::exp(largest_ - exponent);
            largest_ = exponent;
        }
        sum_ += std::exp(exponent - largest_);
        ++count_;
    }
    [[nodiscard]] double value() const noexcept {
        return count_ == 0 ? std::numeric_limits<double>::quiet_NaN() : largest_ + std::log(sum_) - std::log(static_cast<double>(count_));
    }

private:
    double largest_ = -std::numeric_limits<double>::infinity();
    double sum_ = 0;
    std::uint64_t count_ = 0;
};

inline void require_rate(double value, char const* what) {
    require(std::isfinite(value), error_code::not_finite, what, " is ", value);
    require(value > 0, error_code::invalid_argument, what, " must be positive, is ", value);
}

}  // namespace detail

/// mean |x_i - y_i|^alpha over pairs that belong together: 0 is best.
/// @param x, y   [n, dims], n >= 1
/// @param alpha  > 0
/// @throws error dimension_mismatch, invalid_argument, not_finite
[[nodiscard]] inline double alignment(matrix_view<float const> x, matrix_view<float const> y, double alpha = 2) {
    require(x.rows() == y.rows() && x.dims() == y.dims(), error_code::dimension_mismatch, "x is ", x.rows(), " x ", x.dims(), ", y is ",
            y.rows(), " x ", y.dims());
    detail::require_cloud(x);
    detail::require_cloud(y);
    detail::require_rate(alpha, "alpha");
    double sum = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) sum += std::pow(detail::squared_distance(x[i], y[i]), alpha / 2);
    return sum / static_cast<double>(x.rows());
}

/// ln mean exp(-t |x_i - x_j|^2) over the pairs i < j: the lower the better spread; 0 when all points are one. NaN for a single point, which has no
/// pairs. Time O(n^2 dims).
/// @param points  [n, dims], n >= 1
/// @param t       > 0
/// @throws error invalid_argument, not_finite
[[nodiscard]] inline double uniformity(matrix_view<float const> points, double t = 2) {
    detail::require_cloud(points);
    detail::require_rate(t, "t");
    detail::log_mean_exp mean;
    for (std::size_t i = 0; i < points.rows(); ++i)
        for (std::size_t j = 0; j < i; ++j) mean.add(-t * detail::squared_distance(points[i], points[j]));
    return mean.value();
}

/// The same over `pairs` pairs of different points drawn with replacement: for sets whose pairs are too many.
/// @param pairs  >= 1
/// @throws error invalid_argument, also for a single point; not_finite
[[nodiscard]] inline double sampled_uniformity(matrix_view<float const> points, std::size_t pairs, double t = 2, std::uint64_t seed = 1) {
    detail::require_cloud(points);
    detail::require_rate(t, "t");
    require(points.rows() > 1 && pairs > 0, error_code::invalid_argument, pairs, " pairs of ", points.rows(), " points");
    splitmix64 random(seed);
    detail::log_mean_exp mean;
    for (std::size_t p = 0; p < pairs; ++p) {
        auto const i = static_cast<std::size_t>(below(random, points.rows())),
                   other = static_cast<std::size_t>(below(random, points.rows() - 1));
        mean.add(-t * detail::squared_distance(points[i], points[other + (other >= i ? 1 : 0)]));
    }
    return mean.value();
}

}  // namespace simile::eval
