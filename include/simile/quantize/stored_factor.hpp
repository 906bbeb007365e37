// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/half.hpp>

#include <cmath>
#include <cstddef>
#include <cstring>

/// Factors of codes in blocks of bytes: a half for codes of up to 4 bits, whose own error is far larger than its rounding, else a float.
namespace simile::quantize {

[[nodiscard]] constexpr std::size_t factor_size(unsigned bits) noexcept { return bits > 4 ? sizeof(float) : sizeof(half); }

[[nodiscard, gnu::always_inline]] inline float load_factor(std::byte const* at, unsigned bits) noexcept {
    if (factor_size(bits) == sizeof(float)) {
        float f;
        std::memcpy(&f, at, sizeof(float));
        return f;
    }
    half h;
    std::memcpy(&h, at, sizeof(half));
    return simd::to_float(h);
}
[[gnu::always_inline]] inline void store_factor(std::byte* at, unsigned bits, float value) noexcept {
    if (factor_size(bits) == sizeof(float)) {
        std::memcpy(at, &value, sizeof(float));
    } else {
        half const h = simd::to_half(value);
        std::memcpy(at, &h, sizeof(half));
    }
}
/// What load_factor gives back of a value.
[[nodiscard]] inline float as_stored(float value, unsigned bits) noexcept {
    return factor_size(bits) == sizeof(float) ? value : simd::to_float(simd::to_half(value));
}

/// What an encoder writes: only offsets may be negative.
[[nodiscard]] inline bool is_scale(float value) noexcept { return value >= 0 && std::isfinite(value); }

}  // namespace simile::quantize
