// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/int8_words.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if !defined(SIMILE_SCALAR) && defined(__aarch64__)
#include <arm_neon.h>

namespace simile::simd::neon {

/// Sixteen bytes, or n < 16 of them followed by zeros.
template <class Arch, class X>
[[nodiscard]] auto load_bytes(X const* p, std::size_t n) noexcept {
    X padded[16]{};
    if (n < 16) {
        std::memcpy(padded, p, n);
        p = padded;
    }
    if constexpr (std::is_signed_v<X>)
        return vld1q_s8(p);
    else
        return vld1q_u8(p);
}

/// sums += products of sixteen bytes, four or two to a lane.
template <class Arch>
[[nodiscard]] int32x4_t add_products(int32x4_t sums, int8x16_t a, int8x16_t b) noexcept {
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(sums, a, b);
#else
    return vpadalq_s16(vpadalq_s16(sums, vmull_s8(vget_low_s8(a), vget_low_s8(b))), vmull_high_s8(a, b));
#endif
}
template <class Arch>
[[nodiscard]] int32x4_t add_products(int32x4_t sums, uint8x16_t a, int8x16_t b) noexcept {
#if defined(__ARM_FEATURE_MATMUL_INT8)
    return vusdotq_s32(sums, a, b);
#elif defined(__ARM_FEATURE_DOTPROD)
    // a = 128 + (a - 128), and a - 128 is a with its highest bit turned over, read as signed.
    return vdotq_s32(vdotq_s32(vdotq_s32(sums, vreinterpretq_s8_u8(veorq_u8(a, vdupq_n_u8(0x80))), b), vdupq_n_s8(64), b), vdupq_n_s8(64),
                     b);
#else
    auto const low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(a))), high = vreinterpretq_s16_u16(vmovl_high_u8(a));
    auto const b_low = vmovl_s8(vget_low_s8(b)), b_high = vmovl_high_s8(b);
    sums = vmlal_high_s16(vmlal_s16(sums, vget_low_s16(low), vget_low_s16(b_low)), low, b_low);
    return vmlal_high_s16(vmlal_s16(sums, vget_low_s16(high), vget_low_s16(b_high)), high, b_high);
#endif
}

template <class Arch, class X>
[[nodiscard]] std::int32_t dot(X const* x, std::int8_t const* y, std::size_t n) noexcept {
    int32x4_t even = vdupq_n_s32(0), odd = even;
    std::size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        even = add_products<Arch>(even, load_bytes<Arch>(x + i, 16), load_bytes<Arch>(y + i, 16));
        odd = add_products<Arch>(odd, load_bytes<Arch>(x + i + 16, 16), load_bytes<Arch>(y + i + 16, 16));
    }
    for (; i < n; i += 16) even = add_products<Arch>(even, load_bytes<Arch>(x + i, n - i), load_bytes<Arch>(y + i, n - i));
    return vaddvq_s32(vaddq_s32(even, odd));
}

}  // namespace simile::simd::neon
#endif
