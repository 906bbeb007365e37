// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/arch.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
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

/// Registers whose bits are counted. `count` gives counts that `add` may add `most` times before `widen` makes sums of 64-bit lanes of them; `add` adds
/// those too. `widen_to_lanes32`, `add_lanes32` and `store` do the same with 32-bit lanes.
template <class Arch>
struct bits64 {
    using reg = std::uint64_t;
    static constexpr std::size_t size = 8, most = std::numeric_limits<std::size_t>::max();
    static reg zero() noexcept { return 0; }
    static reg splat(std::uint64_t word) noexcept { return word; }
    static reg load(void const* p) noexcept {
        reg v;
        std::memcpy(&v, p, 8);
        return v;
    }
    static reg exclusive_or(reg a, reg b) noexcept { return a ^ b; }
    static reg conjunction(reg a, reg b) noexcept { return a & b; }
    static reg disjunction(reg a, reg b) noexcept { return a | b; }
    static reg count(reg v) noexcept { return static_cast<reg>(std::popcount(v)); }
    static reg add(reg a, reg b) noexcept { return a + b; }
    static reg widen(reg v) noexcept { return v; }
    static reg add_wide(reg a, reg b) noexcept { return a + b; }
    static void store(std::uint64_t* p, reg v) noexcept { *p = v; }
    static std::uint64_t total(reg v) noexcept { return v; }
};

#if !defined(SIMILE_SCALAR)
#if defined(__SSE2__)
template <class Arch>
struct bits128 {
    using reg = __m128i;
    static constexpr std::size_t size = 16, most = 31;  // of at most 8 to a byte
    static reg zero() noexcept { return _mm_setzero_si128(); }
    static reg splat(std::uint64_t word) noexcept { return _mm_set1_epi64x(static_cast<long long>(word)); }
    static reg load(void const* p) noexcept { return _mm_loadu_si128(static_cast<reg const*>(p)); }
    static reg exclusive_or(reg a, reg b) noexcept { return _mm_xor_si128(a, b); }
    static reg conjunction(reg a, reg b) noexcept { return _mm_and_si128(a, b); }
    static reg disjunction(reg a, reg b) noexcept { return _mm_or_si128(a, b); }
    static reg count(reg v) noexcept {
#if defined(__SSSE3__)
        if constexpr (std::is_base_of_v<xsimd::ssse3, Arch>) {
            reg const table = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4), nibble = _mm_set1_epi8(15);
            return _mm_add_epi8(_mm_shuffle_epi8(table, _mm_and_si128(v, nibble)),
                                _mm_shuffle_epi8(table, _mm_and_si128(_mm_srli_epi16(v, 4), nibble)));
        }
#endif
        // In parallel inside bytes: Hacker's Delight 5-1.
        v = _mm_sub_epi8(v, _mm_and_si128(_mm_srli_epi16(v, 1), _mm_set1_epi8(0x55)));
        v = _mm_add_epi8(_mm_and_si128(v, _mm_set1_epi8(0x33)), _mm_and_si128(_mm_srli_epi16(v, 2), _mm_set1_epi8(0x33)));
        return _mm_and_si128(_mm_add_epi8(v, _mm_srli_epi16(v, 4)), _mm_set1_epi8(15));
    }
    static reg add(reg a, reg b) noexcept { return _mm_add_epi8(a, b); }
    static reg widen(reg v) noexcept { return _mm_sad_epu8(v, zero()); }
    static reg add_wide(reg a, reg b) noexcept { return _mm_add_epi64(a, b); }
    static void store(std::uint64_t* p, reg v) noexcept { _mm_storeu_si128(reinterpret_cast<reg*>(p), v); }
    static reg widen_to_lanes32(reg v) noexcept {
        reg const words = _mm_add_epi16(_mm_and_si128(v, _mm_set1_epi16(0xFF)), _mm_srli_epi16(v, 8));
        return _mm_madd_epi16(words, _mm_set1_epi16(1));
    }
    static reg add_lanes32(reg a, reg b) noexcept { return _mm_add_epi32(a, b); }
    static void store(std::int32_t* p, reg v) noexcept { _mm_storeu_si128(reinterpret_cast<reg*>(p), v); }
    static std::uint64_t total(reg v) noexcept {
        return static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_add_epi64(v, _mm_unpackhi_epi64(v, v))));
    }
};
#endif

#if defined(__AVX2__)
template <class Arch>
struct bits256 {
    using reg = __m256i;
    static constexpr std::size_t size = 32, most = 31;
    static reg zero() noexcept { return _mm256_setzero_si256(); }
    static reg splat(std::uint64_t word) noexcept { return _mm256_set1_epi64x(static_cast<long long>(word)); }
    static reg load(void const* p) noexcept { return _mm256_loadu_si256(static_cast<reg const*>(p)); }
    static reg exclusive_or(reg a, reg b) noexcept { return _mm256_xor_si256(a, b); }
    static reg conjunction(reg a, reg b) noexcept { return _mm256_and_si256(a, b); }
    static reg disjunction(reg a, reg b) noexcept { return _mm256_or_si256(a, b); }
    static reg count(reg v) noexcept {
        reg const table = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4)),
                  nibble = _mm256_set1_epi8(15);
        return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, nibble)),
                               _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
    }
    static reg add(reg a, reg b) noexcept { return _mm256_add_epi8(a, b); }
    static reg widen(reg v) noexcept { return _mm256_sad_epu8(v, zero()); }
    static reg add_wide(reg a, reg b) noexcept { return _mm256_add_epi64(a, b); }
    static void store(std::uint64_t* p, reg v) noexcept { _mm256_storeu_si256(reinterpret_cast<reg*>(p), v); }
    static reg widen_to_lanes32(reg v) noexcept {
        return _mm256_madd_epi16(_mm256_maddubs_epi16(v, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
    }
    static reg add_lanes32(reg a, reg b) noexcept { return _mm256_add_epi32(a, b); }
    static void store(std::int32_t* p, reg v) noexcept { _mm256_storeu_si256(reinterpret_cast<reg*>(p), v); }
    static std::uint64_t total(reg v) noexcept {
        __m128i const half = _mm_add_epi64(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        return static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half))));
    }
};
#endif

#if defined(__AVX512BW__) && defined(__AVX512VPOPCNTDQ__)
template <class Arch>
struct bits512 {
    using reg = __m512i;
    static constexpr std::size_t size = 64, most = std::numeric_limits<std::size_t>::max();
    static reg zero() noexcept { return _mm512_setzero_si512(); }
    static reg splat(std::uint64_t word) noexcept { return _mm512_set1_epi64(static_cast<long long>(word)); }
    static reg load(void const* p) noexcept { return _mm512_loadu_si512(p); }
    /// The first n = 1 .. 64 bytes, followed by zeros.
    static reg load_part(void const* p, std::size_t n) noexcept { return _mm512_maskz_loadu_epi8(~__mmask64{0} >> (64 - n), p); }
    static reg exclusive_or(reg a, reg b) noexcept { return _mm512_xor_si512(a, b); }
    static reg conjunction(reg a, reg b) noexcept { return _mm512_and_si512(a, b); }
    static reg disjunction(reg a, reg b) noexcept { return _mm512_or_si512(a, b); }
    static reg count(reg v) noexcept { return _mm512_popcnt_epi64(v); }
    static reg add(reg a, reg b) noexcept { return _mm512_add_epi64(a, b); }
    static reg widen(reg v) noexcept { return v; }
    static reg add_wide(reg a, reg b) noexcept { return _mm512_add_epi64(a, b); }
    static void store(std::uint64_t* p, reg v) noexcept { _mm512_storeu_si512(p, v); }
    static std::uint64_t total(reg v) noexcept { return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(v)); }
};
#endif

#if defined(__wasm_simd128__)
template <class Arch>
struct bits128 {
    using reg = v128_t;
    static constexpr std::size_t size = 16, most = 31;
    static reg zero() noexcept { return wasm_i32x4_splat(0); }
    static reg splat(std::uint64_t word) noexcept { return wasm_u64x2_splat(word); }
    static reg load(void const* p) noexcept { return wasm_v128_load(p); }
    static reg exclusive_or(reg a, reg b) noexcept { return wasm_v128_xor(a, b); }
    static reg conjunction(reg a, reg b) noexcept { return wasm_v128_and(a, b); }
    static reg disjunction(reg a, reg b) noexcept { return wasm_v128_or(a, b); }
    static reg count(reg v) noexcept { return wasm_i8x16_popcnt(v); }
    static reg add(reg a, reg b) noexcept { return wasm_i8x16_add(a, b); }
    static reg widen(reg v) noexcept {
        reg const fours = wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(v));
        return wasm_i64x2_add(wasm_v128_and(fours, wasm_u64x2_splat(0xFFFFFFFFU)), wasm_u64x2_shr(fours, 32));
    }
    static reg add_wide(reg a, reg b) noexcept { return wasm_i64x2_add(a, b); }
    static void store(std::uint64_t* p, reg v) noexcept { wasm_v128_store(p, v); }
    static reg widen_to_lanes32(reg v) noexcept { return wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(v)); }
    static reg add_lanes32(reg a, reg b) noexcept { return wasm_i32x4_add(a, b); }
    static void store(std::int32_t* p, reg v) noexcept { wasm_v128_store(p, v); }
    static std::uint64_t total(reg v) noexcept {
        return static_cast<std::uint64_t>(wasm_i64x2_extract_lane(v, 0) + wasm_i64x2_extract_lane(v, 1));
    }
};
#endif

#if defined(__aarch64__)
template <class Arch>
struct bits128 {
    using reg = uint8x16_t;
    static constexpr std::size_t size = 16, most = 31;
    static reg zero() noexcept { return vdupq_n_u8(0); }
    static reg splat(std::uint64_t word) noexcept { return vreinterpretq_u8_u64(vdupq_n_u64(word)); }
    static reg load(void const* p) noexcept { return vld1q_u8(static_cast<std::uint8_t const*>(p)); }
    static reg exclusive_or(reg a, reg b) noexcept { return veorq_u8(a, b); }
    static reg conjunction(reg a, reg b) noexcept { return vandq_u8(a, b); }
    static reg disjunction(reg a, reg b) noexcept { return vorrq_u8(a, b); }
    static reg count(reg v) noexcept { return vcntq_u8(v); }
    static reg add(reg a, reg b) noexcept { return vaddq_u8(a, b); }
    static reg widen(reg v) noexcept { return vreinterpretq_u8_u64(vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(v)))); }
    static reg add_wide(reg a, reg b) noexcept { return vreinterpretq_u8_u64(vaddq_u64(vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b))); }
    static void store(std::uint64_t* p, reg v) noexcept { vst1q_u64(p, vreinterpretq_u64_u8(v)); }
    static reg widen_to_lanes32(reg v) noexcept { return vreinterpretq_u8_u32(vpaddlq_u16(vpaddlq_u8(v))); }
    static reg add_lanes32(reg a, reg b) noexcept {
        return vreinterpretq_u8_u32(vaddq_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
    }
    static void store(std::int32_t* p, reg v) noexcept { vst1q_s32(p, vreinterpretq_s32_u8(v)); }
    static std::uint64_t total(reg v) noexcept { return vaddvq_u64(vreinterpretq_u64_u8(v)); }
};
#endif

template <class Arch>
inline constexpr bool has_bits128 =
#if defined(__SSE2__)
    std::is_base_of_v<xsimd::generic, Arch>;
#else
    std::is_base_of_v<xsimd::wasm, Arch> || std::is_base_of_v<xsimd::neon64, Arch>;
#endif
template <class Arch>
inline constexpr bool has_bits512 =
#if defined(__AVX512BW__) && defined(__AVX512VPOPCNTDQ__)
    std::is_base_of_v<xsimd::avx512bw, Arch>;
#else
    false;
#endif
template <class Arch>
struct bits512;
template <class Arch>
struct bits256;
template <class Arch>
struct bits128;

template <class Arch>
using bits_of = std::conditional_t<has_bits512<Arch>, bits512<Arch>,
                                   std::conditional_t<std::is_base_of_v<xsimd::avx2, Arch> || std::is_base_of_v<xsimd::avx512bw, Arch>,
                                                      bits256<Arch>, std::conditional_t<has_bits128<Arch>, bits128<Arch>, bits64<Arch>>>>;
#else
template <class Arch>
using bits_of = bits64<Arch>;
#endif

}  // namespace simile::simd
