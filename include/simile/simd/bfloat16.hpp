// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace simile {

/// The upper half of a float as stored: 1 sign, 8 exponent, 7 fraction bits. The range of float at a relative error of 2^-9; expands by a shift.
struct bfloat16 {
    std::uint16_t bits = 0;
    friend bool operator==(bfloat16, bfloat16) = default;
};

namespace simd {

/// Exact for every value, subnormals, infinities and NaN payloads included.
[[nodiscard, gnu::always_inline]] inline float to_float(bfloat16 b) noexcept { return std::bit_cast<float>(std::uint32_t{b.bits} << 16); }

/// Rounds to nearest, ties to even; what rounds above the largest finite value gives infinity; NaN stays a (quiet) NaN of its sign.
[[nodiscard, gnu::always_inline]] inline bfloat16 to_bfloat16(float value) noexcept {
    std::uint32_t const bits = std::bit_cast<std::uint32_t>(value);
    std::uint32_t const odd = bits >> 16 & 1U;
    std::uint32_t const nearest = (bits + 0x7FFFU + odd) >> 16;
    std::uint32_t const quiet = bits >> 16 | 0x40U;
    return {static_cast<std::uint16_t>((bits & 0x7FFFFFFFU) > 0x7F800000U ? quiet : nearest)};
}

}  // namespace simd
}  // namespace simile
