// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace simile {

/// Euclidean length in double. Products of two floats are exact there, so fused multiply-adds change nothing; the order of the sum is
/// fixed (eight lanes), so every platform gives the same bits; and no float can over- or underflow it.
[[nodiscard]] inline double norm(std::span<float const> x) noexcept {
    double lane[8]{};
    std::size_t i = 0;
    for (; i + 8 <= x.size(); i += 8)
        for (std::size_t j = 0; j < 8; ++j) lane[j] += double{x[i + j]} * double{x[i + j]};
    for (; i < x.size(); ++i) lane[i % 8] += double{x[i]} * double{x[i]};
    for (std::size_t width = 4; width != 0; width /= 2)
        for (std::size_t j = 0; j < width; ++j) lane[j] += lane[j + width];
    return std::sqrt(lane[0]);
}

/// Writes x / |x| (zeros for a zero vector) and returns |x|. `out` may be x itself.
inline double to_unit(std::span<float const> x, std::span<float> out) noexcept {
    double const length = norm(x);
    double const divisor = length > 0 ? length : 1.0;
    std::transform(x.begin(), x.end(), out.begin(), [divisor](float v) { return static_cast<float>(double{v} / divisor); });
    return length;
}

[[nodiscard]] inline bool all_finite(std::span<float const> x) noexcept {
    // x - x is 0 for finite values and NaN for the others: a sum without branches.
    float sum = 0;
    for (float const v : x) sum += v - v;
    return sum == 0;
}

}  // namespace simile
