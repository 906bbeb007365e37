// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>

#include <cstddef>
#include <cstdint>

#if !defined(SIMILE_SCALAR)
#if defined(__SSSE3__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace simile::simd::kernel {

#if defined(__SSSE3__) || defined(__aarch64__)
/// Registers of 16 table entries or of 8 sums of them.
template <class Arch>
struct table_lanes {
#if defined(__SSSE3__)
    using reg = __m128i;
    static reg zero() noexcept { return _mm_setzero_si128(); }
    static reg load(void const* p) noexcept { return _mm_loadu_si128(static_cast<reg const*>(p)); }
    static reg below(reg codes) noexcept { return _mm_and_si128(codes, _mm_set1_epi8(15)); }
    static reg above(reg codes) noexcept { return below(_mm_srli_epi16(codes, 4)); }
    static reg look_up(reg table, reg index) noexcept { return _mm_shuffle_epi8(table, index); }
    static reg add_bytes(reg a, reg b) noexcept { return _mm_add_epi8(a, b); }
    static reg add_even(reg sums, reg bytes) noexcept { return _mm_add_epi16(sums, _mm_and_si128(bytes, _mm_set1_epi16(0xFF))); }
    static reg add_odd(reg sums, reg bytes) noexcept { return _mm_add_epi16(sums, _mm_srli_epi16(bytes, 8)); }
    static void add_to(std::uint32_t* out, reg even, reg odd) noexcept {
        reg const rows[2] = {_mm_unpacklo_epi16(even, odd), _mm_unpackhi_epi16(even, odd)};
        for (std::size_t i = 0; i < 4; ++i) {
            reg const wide = i % 2 == 0 ? _mm_unpacklo_epi16(rows[i / 2], zero()) : _mm_unpackhi_epi16(rows[i / 2], zero());
            _mm_storeu_si128(reinterpret_cast<reg*>(out + 4 * i), _mm_add_epi32(load(out + 4 * i), wide));
        }
    }
#else
    using reg = uint8x16_t;
    static reg zero() noexcept { return vdupq_n_u8(0); }
    static reg load(std::uint8_t const* p) noexcept { return vld1q_u8(p); }
    static reg below(reg codes) noexcept { return vandq_u8(codes, vdupq_n_u8(15)); }
    static reg above(reg codes) noexcept { return vshrq_n_u8(codes, 4); }
    static reg look_up(reg table, reg index) noexcept { return vqtbl1q_u8(table, index); }
    static reg add_bytes(reg a, reg b) noexcept { return vaddq_u8(a, b); }
    static uint16x8_t words(reg v) noexcept { return vreinterpretq_u16_u8(v); }
    static reg add_even(reg sums, reg bytes) noexcept {
        return vreinterpretq_u8_u16(vaddq_u16(words(sums), vandq_u16(words(bytes), vdupq_n_u16(0xFF))));
    }
    static reg add_odd(reg sums, reg bytes) noexcept { return vreinterpretq_u8_u16(vsraq_n_u16(words(sums), words(bytes), 8)); }
    static void add_to(std::uint32_t* out, reg even, reg odd) noexcept {
        uint16x8_t const rows[2] = {vzip1q_u16(words(even), words(odd)), vzip2q_u16(words(even), words(odd))};
        for (std::size_t i = 0; i < 4; ++i) {
            uint16x4_t const four = i % 2 == 0 ? vget_low_u16(rows[i / 2]) : vget_high_u16(rows[i / 2]);
            vst1q_u32(out + 4 * i, vaddw_u16(vld1q_u32(out + 4 * i), four));
        }
    }
#endif
};
#endif

}  // namespace simile::simd::kernel
#endif
