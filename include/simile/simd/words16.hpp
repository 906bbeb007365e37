// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#if !defined(SIMILE_SCALAR)
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#endif

namespace simile::simd {

/// Registers of `size` lanes of 16 bits that int8 and uint8 values are widened to: the form in which every instruction set multiplies them exactly.
/// `add_products(s, a, b)` adds the products to lanes of 32 bits. Everything is a member of a template on Arch: see CONTRIBUTING on inline functions.
template <class Arch>
struct words128;
template <class Arch>
struct words256;
template <class Arch>
struct words512;

#if !defined(SIMILE_SCALAR)
#if defined(__SSE2__)
template <class Arch>
struct words128 {
    using reg = __m128i;
    static constexpr std::size_t size = 8;
    static reg zero() noexcept { return _mm_setzero_si128(); }
    static reg load(std::int16_t const* p) noexcept { return _mm_loadu_si128(reinterpret_cast<__m128i const*>(p)); }
    static reg load(std::int8_t const* p) noexcept {
        reg const bytes = _mm_loadl_epi64(reinterpret_cast<__m128i const*>(p));
#if defined(__SSE4_1__)
        if constexpr (std::is_base_of_v<xsimd::sse4_1, Arch>) return _mm_cvtepi8_epi16(bytes);
#endif
        return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
    }
    static reg load(std::uint8_t const* p) noexcept {
        return _mm_unpacklo_epi8(_mm_loadl_epi64(reinterpret_cast<__m128i const*>(p)), _mm_setzero_si128());
    }
    static reg subtract(reg a, reg b) noexcept { return _mm_sub_epi16(a, b); }
    static reg add(reg a, reg b) noexcept { return _mm_add_epi32(a, b); }
    static reg add_products(reg sums, reg a, reg b) noexcept { return _mm_add_epi32(sums, _mm_madd_epi16(a, b)); }
    static std::uint32_t total(reg v) noexcept {
        v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4E));
        return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(v, _mm_shuffle_epi32(v, 0xB1))));
    }
};
#endif

#if defined(__AVX2__)
template <class Arch>
struct words256 {
    using reg = __m256i;
    static constexpr std::size_t size = 16;
    static reg zero() noexcept { return _mm256_setzero_si256(); }
    static reg load(std::int16_t const* p) noexcept { return _mm256_loadu_si256(reinterpret_cast<__m256i const*>(p)); }
    static reg load(std::int8_t const* p) noexcept { return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p))); }
    static reg load(std::uint8_t const* p) noexcept { return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p))); }
    static reg subtract(reg a, reg b) noexcept { return _mm256_sub_epi16(a, b); }
    static reg add(reg a, reg b) noexcept { return _mm256_add_epi32(a, b); }
    static reg add_products(reg sums, reg a, reg b) noexcept { return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)); }
    static std::uint32_t total(reg v) noexcept {
        return words128<Arch>::total(_mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
    }
};
#endif

#if defined(__AVX512BW__)
template <class Arch>
struct words512 {
    using reg = __m512i;
    static constexpr std::size_t size = 32;
    static reg zero() noexcept { return _mm512_setzero_si512(); }
    static reg load(std::int16_t const* p) noexcept { return _mm512_loadu_si512(p); }
    static reg load(std::int8_t const* p) noexcept { return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(p))); }
    static reg load(std::uint8_t const* p) noexcept {
        return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(p)));
    }
    static reg subtract(reg a, reg b) noexcept { return _mm512_sub_epi16(a, b); }
    static reg add(reg a, reg b) noexcept { return _mm512_add_epi32(a, b); }
    static reg add_products(reg sums, reg a, reg b) noexcept {
#if defined(__AVX512VNNI__)
        if constexpr (std::is_base_of_v<xsimd::avx512vnni<xsimd::avx512bw>, Arch> ||
                      std::is_base_of_v<xsimd::avx512vnni<xsimd::avx512vbmi>, Arch>)
            return _mm512_dpwssd_epi32(sums, a, b);
#endif
        return _mm512_add_epi32(sums, _mm512_madd_epi16(a, b));
    }
    static std::uint32_t total(reg v) noexcept {
        return words256<Arch>::total(_mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1)));
    }
};
#endif

#if defined(__wasm_simd128__)
template <class Arch>
struct words128 {
    using reg = v128_t;
    static constexpr std::size_t size = 8;
    static reg zero() noexcept { return wasm_i32x4_splat(0); }
    static reg load(std::int16_t const* p) noexcept { return wasm_v128_load(p); }
    static reg load(std::int8_t const* p) noexcept { return wasm_i16x8_load8x8(p); }
    static reg load(std::uint8_t const* p) noexcept { return wasm_u16x8_load8x8(p); }
    static reg subtract(reg a, reg b) noexcept { return wasm_i16x8_sub(a, b); }
    static reg add(reg a, reg b) noexcept { return wasm_i32x4_add(a, b); }
    static reg add_products(reg sums, reg a, reg b) noexcept { return wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(a, b)); }
    static std::uint32_t total(reg v) noexcept {
        v = wasm_i32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
        return static_cast<std::uint32_t>(wasm_i32x4_extract_lane(wasm_i32x4_add(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2)), 0));
    }
};
#endif

#if defined(__aarch64__)
template <class Arch>
struct words128 {
    using reg = int16x8_t;
    using sums = int32x4_t;
    static constexpr std::size_t size = 8;
    static sums zero() noexcept { return vdupq_n_s32(0); }
    static reg load(std::int16_t const* p) noexcept { return vld1q_s16(p); }
    static reg load(std::int8_t const* p) noexcept { return vmovl_s8(vld1_s8(p)); }
    static reg load(std::uint8_t const* p) noexcept { return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p))); }
    static reg subtract(reg a, reg b) noexcept { return vsubq_s16(a, b); }
    static sums add(sums a, sums b) noexcept { return vaddq_s32(a, b); }
    static sums add_products(sums s, reg a, reg b) noexcept { return vmlal_high_s16(vmlal_s16(s, vget_low_s16(a), vget_low_s16(b)), a, b); }
    static std::uint32_t total(sums v) noexcept { return static_cast<std::uint32_t>(vaddvq_s32(v)); }
};
#endif

#endif

/// The first n < W::size values, followed by zeros.
template <class W, class X>
[[nodiscard]] auto load_part(X const* p, std::size_t n) noexcept {
    X padded[W::size]{};
    std::copy_n(p, n, padded);
    return W::load(padded);
}

#if defined(SIMILE_SCALAR)
template <class Arch>
using words_of = void;
#else
template <class Arch>
inline constexpr bool has_words128 =
#if defined(__SSE2__)
    std::is_base_of_v<xsimd::generic, Arch>;
#else
    std::is_base_of_v<xsimd::wasm, Arch> || std::is_base_of_v<xsimd::neon64, Arch>;
#endif

/// The widest words of an architecture; void where it has none here.
template <class Arch>
using words_of = std::conditional_t<
    std::is_base_of_v<xsimd::avx512bw, Arch>, words512<Arch>,
    std::conditional_t<std::is_base_of_v<xsimd::avx2, Arch>, words256<Arch>, std::conditional_t<has_words128<Arch>, words128<Arch>, void>>>;
#endif

}  // namespace simile::simd
