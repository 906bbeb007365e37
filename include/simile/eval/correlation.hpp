// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

/// Agreement of similarities with people's judgements, as on the semantic textual similarity sets.
/// Shapes    x, y: [n], n >= 2, finite.
/// Throws    dimension_mismatch, invalid_argument (fewer than two values, or all values of one side equal: then no correlation is defined), not_finite.
namespace simile::eval {

namespace detail {

inline void require_paired(std::span<double const> x, std::span<double const> y) {
    require(x.size() == y.size(), error_code::dimension_mismatch, "x has ", x.size(), " values, y has ", y.size());
    require(x.size() >= 2, error_code::invalid_argument, "a correlation of ", x.size(), " values");
    for (auto const values : {x, y})
        for (double const v : values) require(std::isfinite(v), error_code::not_finite, "a value is ", v);
}

/// Less their mean and over their largest magnitude, so that no square overflows or vanishes.
[[nodiscard]] inline std::vector<double> centred(std::span<double const> x) {
    auto const [low, high] = std::minmax_element(x.begin(), x.end());
    require(*low < *high, error_code::invalid_argument, "all ", x.size(), " values are ", *low);
    double const scale = std::max(std::abs(*low), std::abs(*high));
    std::vector<double> out;
    double mean = 0;
    for (double const v : x) mean += v / scale / static_cast<double>(x.size());
    for (double const v : x) out.push_back(v / scale - mean);
    return out;
}

}  // namespace detail

/// Ranks from 1, smallest first; equal values have the mean of the ranks they take up. No NaN.
[[nodiscard]] inline std::vector<double> average_ranks(std::span<double const> x) {
    std::vector<std::size_t> order(x.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [x](std::size_t a, std::size_t b) { return x[a] < x[b]; });
    std::vector<double> ranks(x.size());
    for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
        while (end < order.size() && x[order[end]] == x[order[first]]) ++end;
        double const rank = static_cast<double>(first + 1 + end) / 2;
        for (std::size_t i = first; i < end; ++i) ranks[order[i]] = rank;
    }
    return ranks;
}

/// Pearson's correlation, in -1 .. 1: how well a straight line fits.
[[nodiscard]] inline double pearson(std::span<double const> x, std::span<double const> y) {
    detail::require_paired(x, y);
    auto const a = detail::centred(x), b = detail::centred(y);
    double aa = 0, bb = 0, ab = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        aa += a[i] * a[i];
        bb += b[i] * b[i];
        ab += a[i] * b[i];
    }
    return std::clamp(ab / (std::sqrt(aa) * std::sqrt(bb)), -1.0, 1.0);
}

/// Spearman's correlation: Pearson's of the ranks, so that only the order counts.
[[nodiscard]] inline double spearman(std::span<double const> x, std::span<double const> y) {
    detail::require_paired(x, y);
    return pearson(average_ranks(x), average_ranks(y));
}

}  // namespace simile::eval
