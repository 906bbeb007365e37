// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::eval {

/// @throws error invalid_argument for no values, not_finite
[[nodiscard]] inline double mean(std::span<double const> values) {
    require(!values.empty(), error_code::invalid_argument, "the mean of nothing");
    double sum = 0;
    for (double const v : values) {
        require(std::isfinite(v), error_code::not_finite, "a value is ", v);
        sum += v;
    }
    return sum / static_cast<double>(values.size());
}

/// The middle value; the mean of the two middle ones of an even count. Infinite values are allowed, NaN is not.
/// @throws error invalid_argument for no values, not_finite
[[nodiscard]] inline double median(std::span<double const> values) {
    require(!values.empty(), error_code::invalid_argument, "the median of nothing");
    for (double const v : values) require(!std::isnan(v), error_code::not_finite, "a value is ", v);
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    double const low = sorted[(sorted.size() - 1) / 2], high = sorted[sorted.size() / 2];
    return low == high ? low : low + (high - low) / 2;
}

}  // namespace simile::eval
