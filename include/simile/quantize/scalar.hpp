// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/quantize/code_factors.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

/// Integer codes with one step for the whole vector, about zero, 1 .. 8 bits: of the common form of code_factors.hpp.
namespace simile::quantize {

namespace detail {

/// Of finite values: their magnitudes are in the order of their bits, whose maximum vectorises where that of floats does not.
[[nodiscard]] inline float largest_magnitude(std::span<float const> x) noexcept {
    std::uint32_t largest = 0;
    for (float const v : x) largest = std::max(largest, std::bit_cast<std::uint32_t>(v) & 0x7FFFFFFFU);
    return std::bit_cast<float>(largest);
}

/// The largest integer not above v, for |v| < 2^31: vectorises without an instruction for it.
[[nodiscard]] inline std::int32_t floor_to_int(float v) noexcept {
    auto const towards_zero = static_cast<std::int32_t>(v);
    return towards_zero - (v < static_cast<float>(towards_zero) ? 1 : 0);
}

}  // namespace detail

/// Mid-rise, no level at zero: with `clip` 1, the upper `bits` bits of the 8-bit code of mid_rise.hpp, u = (c >> (8 - bits)) + 2^(bits - 1).
/// The offset is 0; the scale is |x|^2 / <x, w>.
///
/// @param x      [d], finite
/// @param bits   1 .. 8
/// @param codes  [d]
/// @param clip   in (0, 1]: the part of the largest magnitude that the range covers. For rotated vectors 0.7 is better at 2 .. 3 bits (recall@10
///               .804 to .853, .903 to .917), the same at 4 and worse at 8.
inline code_factors mid_rise_encode_bits(std::span<float const> x, unsigned bits, std::span<std::uint8_t> codes, float clip = 1) noexcept {
    assert(x.size() == codes.size() && bits >= 1 && bits <= 8 && clip > 0 && clip <= 1);
    float const reach = detail::largest_magnitude(x) * clip;
    float const inverse = safe_ratio(127.5, double{reach});
    for (std::size_t i = 0; i < x.size(); ++i) {
        float const v = std::min(std::max(x[i] * inverse, -128.0F), 127.0F);
        codes[i] = static_cast<std::uint8_t>(static_cast<std::uint32_t>(detail::floor_to_int(v) + 128) >> (8 - bits));
    }
    return {unbiased_scale(sums_of(x, codes, bits)), 0};
}

/// Symmetric about a level at zero: 2^bits - 1 levels k = rint(x / step), step = max|x| / (2^(bits-1) - 1), stored as u = k + 2^(bits-1) (0 is not
/// used). The scale is |x|^2 / <x, k>, the offset half of it.
///
/// @param x      [d], finite
/// @param bits   2 .. 8
/// @param codes  [d]
inline code_factors symmetric_encode(std::span<float const> x, unsigned bits, std::span<std::uint8_t> codes) noexcept {
    assert(x.size() == codes.size() && bits >= 2 && bits <= 8);
    float const reach = detail::largest_magnitude(x);
    auto const zero = static_cast<std::int32_t>(1U << (bits - 1));
    float const inverse = safe_ratio(zero - 1, double{reach});
    std::int64_t squares = 0;
    double xk = 0, xx = wide_dot(x, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
        // In double the product is exact, so that a half can be added to it whether or not that is fused.
        double const v = double{x[i]} * double{inverse} + 0.5;
        auto const towards_zero = static_cast<std::int32_t>(v);
        std::int32_t const k = std::min(std::max(towards_zero - (v < towards_zero ? 1 : 0), 1 - zero), zero - 1);
        codes[i] = static_cast<std::uint8_t>(k + zero);
        xk += double{x[i]} * k;
        squares += k * k;
    }
    float const scale = squares > 0 && xk > 0 ? static_cast<float>(xx / xk) : 0.0F;
    return {scale, -scale / 2};
}

}  // namespace simile::quantize
