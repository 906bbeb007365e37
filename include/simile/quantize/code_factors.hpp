// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace simile::quantize {

/// What a vector's integer code is worth. Every encoder of B bits writes codes u in 0 .. 2^B - 1, so that one kernel serves all:
///
///     <x, q> ~= scale * (<u, q> - c sum(q)) + offset * sum(q),     c = (2^B - 1) / 2
///
/// The code thus stands for the vector scale * (u - c) + offset. `offset` is 0 but for codes whose range need not lie about zero.
struct code_factors {
    float scale = 0;
    float offset = 0;
    friend bool operator==(code_factors const&, code_factors const&) = default;
};

/// c = (2^B - 1) / 2: half of the largest code, the code of zero.
[[nodiscard]] constexpr float code_centre(unsigned bits) noexcept { return static_cast<float>((1U << bits) - 1U) / 2; }

/// numerator / denominator as a float, or 0 where it might overflow: no vector so short has codes worth telling apart.
[[nodiscard]] inline float safe_ratio(double numerator, double denominator) noexcept {
    return denominator > 0x1p-100 ? static_cast<float>(numerator / denominator) : 0.0F;
}

/// <x, y> in double: products of two floats are exact there, so fused multiply-adds change nothing, and eight lanes fix the order of the sum:
/// the same bits on every platform.
[[nodiscard]] inline double wide_dot(std::span<float const> x, std::span<float const> y) noexcept {
    assert(x.size() == y.size());
    double lane[8]{};
    std::size_t const whole = x.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8)
        for (std::size_t j = 0; j < 8; ++j) lane[j] += double{x[i + j]} * double{y[i + j]};
    for (std::size_t j = 0; j < x.size() - whole; ++j) lane[j] += double{x[whole + j]} * double{y[whole + j]};
    for (std::size_t width = 4; width != 0; width /= 2)
        for (std::size_t j = 0; j < width; ++j) lane[j] += lane[j + width];
    return lane[0];
}

/// Sums about a vector x and the levels w = u - c of its code, each exact but for the additions in double.
struct code_sums {
    double xx = 0;  ///< |x|^2
    double xw = 0;  ///< <x, w>
    double ww = 0;  ///< |w|^2
};

[[nodiscard]] inline code_sums sums_of(std::span<float const> x, std::span<std::uint8_t const> codes, unsigned bits) noexcept {
    assert(x.size() == codes.size());
    double xx[8]{}, xw[8]{};
    std::int64_t ww = 0;
    // Twice the level is an integer of at most 255.
    auto const largest = static_cast<std::int32_t>((1U << bits) - 1U);
    auto const twice_level = [&](std::size_t i) { return 2 * std::int32_t{codes[i]} - largest; };
    std::size_t const whole = x.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) {
        std::int32_t squares = 0;
        for (std::size_t j = 0; j < 8; ++j) {
            std::int32_t const twice = twice_level(i + j);
            double const v{x[i + j]};
            xx[j] += v * v;
            xw[j] += v * double(twice);
            squares += twice * twice;
        }
        ww += squares;
    }
    for (std::size_t j = 0; j < x.size() - whole; ++j) {
        std::int32_t const twice = twice_level(whole + j);
        double const v{x[whole + j]};
        xx[j] += v * v;
        xw[j] += v * double(twice);
        ww += twice * twice;
    }
    for (std::size_t width = 4; width != 0; width /= 2)
        for (std::size_t j = 0; j < width; ++j) {
            xx[j] += xx[j + width];
            xw[j] += xw[j + width];
        }
    return {xx[0], xw[0] / 2, static_cast<double>(ww) / 4};
}

/// The scale that makes the estimate exact along x, and unbiased over random rotations: |x|^2 / <x, w>. 0 for a zero vector.
/// Gao, Long, "RaBitQ", SIGMOD 2024, equation 5.
[[nodiscard]] inline float unbiased_scale(code_sums const& sums) noexcept {
    return sums.xw > 0 ? static_cast<float>(sums.xx / sums.xw) : 0.0F;
}

/// The scale of the least squared error: <x, w> / |w|^2. It shortens inner products by the squared cosine between x and its code.
[[nodiscard]] inline float least_squares_scale(code_sums const& sums) noexcept {
    return sums.xw > 0 ? static_cast<float>(sums.xw / sums.ww) : 0.0F;
}

/// The estimate by definition, in double: what kernels are held to.
[[nodiscard]] inline double estimate_by_levels(std::span<std::uint8_t const> codes, unsigned bits, code_factors factors,
                                               std::span<float const> q) noexcept {
    assert(codes.size() == q.size());
    double levels = 0, sum = 0;
    for (std::size_t i = 0; i < q.size(); ++i) {
        levels += (double(codes[i]) - double{code_centre(bits)}) * double{q[i]};
        sum += double{q[i]};
    }
    return double{factors.scale} * levels + double{factors.offset} * sum;
}

/// The vector that a code stands for.
inline void decode(std::span<std::uint8_t const> codes, unsigned bits, code_factors factors, std::span<float> out) noexcept {
    assert(codes.size() == out.size());
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<float>(double{factors.scale} * (double(codes[i]) - double{code_centre(bits)}) + double{factors.offset});
}

}  // namespace simile::quantize
