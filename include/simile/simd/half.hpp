// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace simile {

/// IEEE 754 binary16 as stored: 1 sign, 5 exponent, 10 fraction bits.
struct half {
    std::uint16_t bits = 0;
    friend bool operator==(half, half) = default;
};

namespace simd {

/// Exact for every value, subnormals, infinities and NaN payloads included, and without arithmetic on subnormal floats, which some
/// processors do a hundred times slower.
[[nodiscard, gnu::always_inline]] inline float to_float(half h) noexcept {
    std::uint32_t const bits = static_cast<std::uint32_t>(h.bits & 0x7FFFU) << 13;
    std::uint32_t const sign = static_cast<std::uint32_t>(h.bits & 0x8000U) << 16;
    // The exponent's bias is 15 here and 127 there. A subnormal lacks the leading one that exponent 1 implies: take 2^-14 off again.
    float const normal = std::bit_cast<float>(bits + (112U << 23));
    float const subnormal = std::bit_cast<float>(bits + (113U << 23)) - 0x1p-14F;
    float const finite = bits < (1U << 23) ? subnormal : normal;
    std::uint32_t const special = bits >= 0x0F800000U ? 0x7F800000U : 0U;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(finite) | special | sign);
}

/// Rounds to nearest, ties to even; beyond 65504 + 16 gives infinity; NaN stays NaN.
[[nodiscard, gnu::always_inline]] inline half to_half(float value) noexcept {
    std::uint32_t const bits = std::bit_cast<std::uint32_t>(value);
    auto const sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
    std::uint32_t const magnitude = bits & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) return {static_cast<std::uint16_t>(sign | 0x7E00U)};
    if (magnitude >= 0x47800000U) return {static_cast<std::uint16_t>(sign | 0x7C00U)};
    if (magnitude < 0x38800000U) {
        // Below 2^-14: adding 1/2 leaves the subnormal's 10 bits, rounded, at the end of the fraction.
        float const shifted = std::bit_cast<float>(magnitude) + 0.5F;
        return {static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U))};
    }
    std::uint32_t const odd = magnitude >> 13 & 1U;
    return {static_cast<std::uint16_t>(sign | (magnitude - 0x38000000U + 0xFFFU + odd) >> 13)};
}

}  // namespace simd
}  // namespace simile
