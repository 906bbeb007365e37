// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>
#include <simile/simd/int8_vnni.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if !defined(SIMILE_SCALAR)
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#endif

namespace simile::simd {

/// Registers of unsigned bytes, four to a lane of 32 bits, that are multiplied by signed bytes.
///
/// field<Bits, I>   the values of bits Bits * I .. Bits * (I + 1) - 1 of each byte
/// multiply_pairs   u0 q0 + u1 q1 of neighbouring bytes in 16 bits, exact for u <= 15; `widen` adds neighbouring words, times Factor, in 32 bits
/// add_dots         where `direct`: four products added to a lane; where `biased` u is read as signed, so that bytes above 127 come as u - 128
/// registers, sets  how many of them hold rows, and how many sums each has, for one query; tile_registers, tile_queries for several
template <class Arch>
struct byte_lanes128;
template <class Arch>
struct byte_lanes256;
template <class Arch>
struct dot_lanes256;
template <class Arch>
struct dot_lanes512;

#if !defined(SIMILE_SCALAR)
namespace detail {
template <class Arch>
[[nodiscard]] std::int32_t four_bytes(void const* p) noexcept {
    std::int32_t word;
    std::memcpy(&word, p, 4);
    return word;
}
}  // namespace detail

#if defined(__SSE2__)
template <class Arch>
struct byte_lanes128 {
    using reg = __m128i;
    using words = __m128i;
    using sums = __m128i;
    static constexpr std::size_t size = 16, registers = 4, tile_registers = 2, tile_queries = 2;
    static constexpr bool direct = false;
    static reg zero_words() noexcept { return _mm_setzero_si128(); }
    static reg zero() noexcept { return _mm_setzero_si128(); }
    static reg load(void const* p) noexcept { return _mm_loadu_si128(static_cast<reg const*>(p)); }
    static reg broadcast4(void const* p) noexcept { return _mm_set1_epi32(detail::four_bytes<Arch>(p)); }
    template <unsigned Bits, unsigned I>
    static reg field(reg bytes) noexcept {
        return _mm_and_si128(_mm_srli_epi16(bytes, static_cast<int>(Bits * I)), _mm_set1_epi8(static_cast<char>((1U << Bits) - 1)));
    }
    static reg multiply_pairs(reg u, reg q) noexcept {
#if defined(__SSSE3__)
        if constexpr (std::is_base_of_v<xsimd::ssse3, Arch> || !std::is_base_of_v<xsimd::sse2, Arch>) return _mm_maddubs_epi16(u, q);
#endif
        reg const even = _mm_mullo_epi16(_mm_and_si128(u, _mm_set1_epi16(0xFF)), _mm_srai_epi16(_mm_slli_epi16(q, 8), 8));
        return _mm_add_epi16(even, _mm_mullo_epi16(_mm_srli_epi16(u, 8), _mm_srai_epi16(q, 8)));
    }
    static reg add_words(reg a, reg b) noexcept { return _mm_add_epi16(a, b); }
    template <int Factor>
    static reg widen(reg v) noexcept {
        return _mm_madd_epi16(v, _mm_set1_epi16(Factor));
    }
    static reg add(reg a, reg b) noexcept { return _mm_add_epi32(a, b); }
    static void store(std::int32_t* p, reg v) noexcept { _mm_storeu_si128(reinterpret_cast<reg*>(p), v); }
    static std::int32_t total(reg v) noexcept { return static_cast<std::int32_t>(words128<Arch>::total(v)); }
};
#endif

#if defined(__AVX2__)
template <class Arch>
struct byte_lanes256 {
    using reg = __m256i;
    using words = __m256i;
    using sums = __m256i;
    static constexpr std::size_t size = 32, registers = 4, tile_registers = 2, tile_queries = 2;
    static constexpr bool direct = false;
    static reg zero_words() noexcept { return _mm256_setzero_si256(); }
    static reg zero() noexcept { return _mm256_setzero_si256(); }
    static reg load(void const* p) noexcept { return _mm256_loadu_si256(static_cast<reg const*>(p)); }
    static reg broadcast4(void const* p) noexcept { return _mm256_set1_epi32(detail::four_bytes<Arch>(p)); }
    template <unsigned Bits, unsigned I>
    static reg field(reg bytes) noexcept {
        if constexpr (Bits == 8)
            return bytes;
        else
            return _mm256_and_si256(_mm256_srli_epi16(bytes, static_cast<int>(Bits * I)),
                                    _mm256_set1_epi8(static_cast<char>((1U << Bits) - 1)));
    }
    static reg multiply_pairs(reg u, reg q) noexcept { return _mm256_maddubs_epi16(u, q); }
    static reg add_words(reg a, reg b) noexcept { return _mm256_add_epi16(a, b); }
    template <int Factor>
    static reg widen(reg v) noexcept {
        return _mm256_madd_epi16(v, _mm256_set1_epi16(Factor));
    }
    static reg add(reg a, reg b) noexcept { return _mm256_add_epi32(a, b); }
    static void store(std::int32_t* p, reg v) noexcept { _mm256_storeu_si256(reinterpret_cast<reg*>(p), v); }
};
#endif

#if defined(__AVXVNNI__) || (defined(__AVX512VNNI__) && defined(__AVX512VL__))
template <class Arch>
struct dot_lanes256 : byte_lanes256<Arch> {
    using reg = __m256i;
    static constexpr std::size_t sets = 2, tile_queries = 4;
    static constexpr bool direct = true, biased = false;
    static reg add_dots(reg s, reg u, reg q) noexcept { return vnni256<Arch>::add_products(s, u, q); }
};
#endif

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
template <class Arch>
struct dot_lanes512 {
    using reg = __m512i;
    using sums = __m512i;
    static constexpr std::size_t size = 64, registers = 2, sets = 2, tile_registers = 2, tile_queries = 8;
    static constexpr bool direct = true, biased = false;
    static reg zero() noexcept { return _mm512_setzero_si512(); }
    static reg load(void const* p) noexcept { return _mm512_loadu_si512(p); }
    static reg broadcast4(void const* p) noexcept { return _mm512_set1_epi32(detail::four_bytes<Arch>(p)); }
    template <unsigned Bits, unsigned I>
    static reg field(reg bytes) noexcept {
        if constexpr (Bits == 8)
            return bytes;
        else
            return _mm512_and_si512(_mm512_srli_epi32(bytes, Bits * I), _mm512_set1_epi8(static_cast<char>((1U << Bits) - 1)));
    }
    static reg add_dots(reg s, reg u, reg q) noexcept { return _mm512_dpbusd_epi32(s, u, q); }
    static reg add(reg a, reg b) noexcept { return _mm512_add_epi32(a, b); }
    static void store(std::int32_t* p, reg v) noexcept { _mm512_storeu_si512(p, v); }
};
#endif

#if defined(__aarch64__)
template <class Arch>
struct byte_lanes128 {
    using reg = uint8x16_t;
    using words = int16x8_t;
    using sums = int32x4_t;
    static words zero_words() noexcept { return vdupq_n_s16(0); }
    static sums zero() noexcept { return vdupq_n_s32(0); }
    static reg load(void const* p) noexcept { return vld1q_u8(static_cast<std::uint8_t const*>(p)); }
    static reg broadcast4(void const* p) noexcept { return vreinterpretq_u8_s32(vdupq_n_s32(detail::four_bytes<Arch>(p))); }
    template <unsigned Bits, unsigned I>
    static reg field(reg bytes) noexcept {
        if constexpr (I > 0) bytes = vshrq_n_u8(bytes, Bits * I);
        if constexpr (Bits * (I + 1) < 8) bytes = vandq_u8(bytes, vdupq_n_u8((1U << Bits) - 1));
        return bytes;
    }
    static words multiply_pairs(reg u, reg q) noexcept {
        int8x16_t const a = vreinterpretq_s8_u8(u), b = vreinterpretq_s8_u8(q);
        return vpaddq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)), vmull_high_s8(a, b));
    }
    static words add_words(words a, words b) noexcept { return vaddq_s16(a, b); }
    template <int Factor>
    static sums widen(words v) noexcept {
        return vmulq_n_s32(vpaddlq_s16(v), Factor);
    }
    static sums add(sums a, sums b) noexcept { return vaddq_s32(a, b); }
    static void store(std::int32_t* p, sums v) noexcept { vst1q_s32(p, v); }
    static std::int32_t total(sums v) noexcept { return vaddvq_s32(v); }
#if defined(__ARM_FEATURE_DOTPROD)
    static constexpr std::size_t size = 16, registers = 8, sets = 1, tile_registers = 4, tile_queries = 4;
    static constexpr bool direct = true;
#if defined(__ARM_FEATURE_MATMUL_INT8)
    static constexpr bool biased = false;
    static sums add_dots(sums s, reg u, reg q) noexcept { return vusdotq_s32(s, u, vreinterpretq_s8_u8(q)); }
#else
    static constexpr bool biased = true;
    static sums add_dots(sums s, reg u, reg q) noexcept { return vdotq_s32(s, vreinterpretq_s8_u8(u), vreinterpretq_s8_u8(q)); }
#endif
    static reg splat(std::uint8_t v) noexcept { return vdupq_n_u8(v); }
    static reg flipped(reg v, reg bits) noexcept { return veorq_u8(v, bits); }
#else
    static constexpr std::size_t size = 16, registers = 4, tile_registers = 2, tile_queries = 4;
    static constexpr bool direct = false;
#endif
};
#endif

template <class Arch>
inline constexpr bool has_byte_lanes128 =
#if defined(__SSE2__)
    std::is_base_of_v<xsimd::generic, Arch>;
#else
    std::is_base_of_v<xsimd::neon64, Arch>;
#endif

/// The registers that suit an architecture best; void where it has none here. AVX-512 without VNNI gains nothing over AVX2's.
template <class Arch>
using byte_lanes_of = std::conditional_t<
    has_vnni512<Arch>, dot_lanes512<Arch>,
    std::conditional_t<std::is_base_of_v<xsimd::avxvnni, Arch>, dot_lanes256<Arch>,
                       std::conditional_t<std::is_base_of_v<xsimd::avx2, Arch> || std::is_base_of_v<xsimd::avx512bw, Arch>,
                                          byte_lanes256<Arch>, std::conditional_t<has_byte_lanes128<Arch>, byte_lanes128<Arch>, void>>>>;
#endif

}  // namespace simile::simd
