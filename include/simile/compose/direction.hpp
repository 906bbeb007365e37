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

/// What composed queries are made of: directions, kept in double until the end. A zero vector has none and adds nothing.
namespace simile::compose::detail {

/// What is left of unit vectors that cancel out is rounding when it is this much shorter than they are together.
inline constexpr double cancelled = 0x1p-22;

inline void require_vector(std::span<float const> x, std::size_t dims, std::string_view what) {
    require(x.size() == dims, error_code::dimension_mismatch, what, " has ", x.size(), " dimensions instead of ", dims);
    require(dims > 0, error_code::invalid_argument, what, " has 0 dimensions");
    require(all_finite(x), error_code::not_finite, what, " has a component that is NaN or infinite");
}
inline void require_rows(matrix_view<float const> x, std::size_t dims, std::string_view what) {
    require(x.rows() > 0, error_code::invalid_argument, what, " is empty");
    require(x.dims() == dims, error_code::dimension_mismatch, what, " has ", x.dims(), " dimensions instead of ", dims);
    require(dims > 0, error_code::invalid_argument, what, " has 0 dimensions");
    require(all_finite(x.values()), error_code::not_finite, what, " has a component that is NaN or infinite");
}

/// sum += weight x / |x|
inline void add_direction(std::vector<double>& sum, std::span<float const> x, double weight) {
    double const length = norm(x);
    if (length == 0) return;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * (double{x[i]} / length);
}

[[nodiscard]] inline std::vector<double> direction(std::span<float const> x) {
    std::vector<double> out(x.size());
    add_direction(out, x, 1);
    return out;
}

[[nodiscard]] inline double dot(std::span<double const> x, std::span<double const> y) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
    return sum;
}

/// Writes x / |x| and returns |x|; zeros and 0 when |x| is at most `least`.
inline double write_unit(std::span<double const> x, double least, std::span<float> out) noexcept {
    double const length = std::sqrt(dot(x, x));
    bool const vanished = !(length > least);
    std::transform(x.begin(), x.end(), out.begin(), [&](double v) { return vanished ? 0.0F : static_cast<float>(v / length); });
    return vanished ? 0 : length;
}

}  // namespace simile::compose::detail
