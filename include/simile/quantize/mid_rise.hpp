// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/rounded.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace simile::quantize {

/// Mid-rise int8: code c = floor(x * 127.5 / max|x|) in -128 .. 127 stands for (c + 1/2) times a factor. There is no zero level, so the
/// upper K bits, c >> (8 - K), are again a mid-rise code: one code serves every precision.
inline void mid_rise_encode(std::span<float const> x, std::int8_t* codes) noexcept {
    float largest = 0;
    for (float const v : x) largest = std::max(largest, std::abs(v));
    float const inverse = largest > 0 ? 127.5F / largest : 0.0F;
    for (std::size_t i = 0; i < x.size(); ++i) codes[i] = static_cast<std::int8_t>(std::clamp(std::floor(x[i] * inverse), -128.0F, 127.0F));
}

/// The factor F of the upper `bits` bits: F <w, q> estimates <x, q>, w = (c >> (8 - bits)) + 1/2, and is exact along x.
/// F = |x|^2 / <x, w> (Gao, Long, "RaBitQ", SIGMOD 2024, equation 5, for these levels). 0 for a zero vector.
[[nodiscard]] inline float mid_rise_factor(std::span<float const> x, std::int8_t const* codes, unsigned bits) noexcept {
    // Products of a float with another or with a small half-integer are exact in double, so fusing them changes nothing.
    double xx = 0, xw = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        xx += double{x[i]} * double{x[i]};
        xw += double{x[i]} * (static_cast<double>(codes[i] >> (8 - bits)) + 0.5);
    }
    return xw > 0 ? static_cast<float>(xx / xw) : 0.0F;
}

/// Twice the integer inner product of a query with the levels, from that with the codes: 2 <c + 1/2, q> = 2 <c, q> + sum(q).
[[nodiscard]] constexpr std::int32_t twice_level_dot(std::int32_t dot, std::int32_t query_sum) noexcept { return 2 * dot + query_sum; }

/// The estimate of <x, q>: an exact integer, one conversion, two products, the same on every platform.
/// @param half_scale  half the query's scale
[[nodiscard]] inline float mid_rise_score(std::int32_t twice, float factor, float half_scale) noexcept {
    return static_cast<float>(twice) * (factor * half_scale);
}

/// The direction a code stands for, unit length; zeros where the factor says that x was zero.
inline void mid_rise_decode(std::int8_t const* codes, float factor, std::span<float> out) noexcept {
    double squares = 0;
    for (std::size_t i = 0; i < out.size(); ++i) squares += (codes[i] + 0.5) * (codes[i] + 0.5);
    double const length = factor > 0 ? std::sqrt(squares) : 1.0;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = factor > 0 ? static_cast<float>((codes[i] + 0.5) / length) : 0.0F;
}

}  // namespace simile::quantize
