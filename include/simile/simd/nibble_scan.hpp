// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/simd/arch.hpp>
#include <simile/simd/table_lanes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
#include <wasm_simd128.h>
#endif

namespace simile::simd {

/// Table scan over a block of 32 rows: out[r] = sum over groups g of tables[16 g + nibble(g, r)].
///
/// Byte 16 g + j of the block holds the nibble of row j below and of row j + 16 above (Andre, Kermarrec, Le Scouarnec, "Cache locality is
/// not enough: High-performance nearest neighbor search with product quantization fast scan", 2015, and FAISS's 4-bit layout).
/// Table entries are 0 .. 127, so two of them add up in a byte; sums are exact.
/// @param groups  a multiple of 4
using block_sums = std::array<std::uint32_t, block_rows>;

namespace kernel {

/// Groups whose sums fit 16 bits: 127 * 516 < 65536.
inline constexpr std::size_t safe_groups = 512;

template <class Arch>
void nibble_scan(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out, scalar_arch const&) noexcept {
    out.fill(0);
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t j = 0; j < 16; ++j) {
            std::uint8_t const pair = codes[16 * g + j];
            out[j] += tables[16 * g + (pair & 15U)];
            out[j + 16] += tables[16 * g + (pair >> 4)];
        }
}

#if !defined(SIMILE_SCALAR)
template <class Arch>
void nibble_scan(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out,
                 xsimd::generic const&) noexcept {
    nibble_scan<scalar_arch>(tables, codes, groups, out, scalar_arch{});
}

#if defined(__SSSE3__) || defined(__aarch64__)
template <class Arch>
void nibble_scan128(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out) noexcept {
    using L = table_lanes<Arch>;
    out.fill(0);
    for (std::size_t begin = 0; begin < groups; begin += safe_groups) {
        std::size_t const end = groups - begin < safe_groups ? groups : begin + safe_groups;
        auto low_even = L::zero(), low_odd = L::zero(), high_even = L::zero(), high_odd = L::zero();
        for (std::size_t g = begin; g < end; g += 2) {
            auto const t0 = L::load(tables + 16 * g), t1 = L::load(tables + 16 * g + 16);
            auto const c0 = L::load(codes + 16 * g), c1 = L::load(codes + 16 * g + 16);
            auto const low = L::add_bytes(L::look_up(t0, L::below(c0)), L::look_up(t1, L::below(c1)));
            auto const high = L::add_bytes(L::look_up(t0, L::above(c0)), L::look_up(t1, L::above(c1)));
            low_even = L::add_even(low_even, low), low_odd = L::add_odd(low_odd, low);
            high_even = L::add_even(high_even, high), high_odd = L::add_odd(high_odd, high);
        }
        L::add_to(out.data(), low_even, low_odd);
        L::add_to(out.data() + 16, high_even, high_odd);
    }
}
#endif

#if defined(__SSSE3__)
template <class Arch>
void nibble_scan(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out, xsimd::ssse3 const&) noexcept {
    nibble_scan128<Arch>(tables, codes, groups, out);
}
template <class Arch>
void nibble_scan(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out, xsimd::avx const&) noexcept {
    nibble_scan128<Arch>(tables, codes, groups, out);
}
#elif defined(__aarch64__)
template <class Arch>
void nibble_scan(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out,
                 xsimd::neon64 const&) noexcept {
    nibble_scan128<Arch>(tables, codes, groups, out);
}
#endif

#if defined(__AVX2__)
// Lanes of 16 bits hold the sums of even rows (`even`) and odd rows (`odd`) of one half of the block.
struct sums256 {
    __m256i even = _mm256_setzero_si256(), odd = _mm256_setzero_si256();
    void add(__m256i bytes) noexcept {
        even = _mm256_add_epi16(even, _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)));
        odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
    }
    void add_to(std::uint32_t* out) const noexcept {
        __m128i const e = _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
        __m128i const o = _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
        auto const widen_add = [](std::uint32_t* to, __m128i words) {
            auto* const p = reinterpret_cast<__m256i*>(to);
            _mm256_storeu_si256(p, _mm256_add_epi32(_mm256_loadu_si256(p), _mm256_cvtepu16_epi32(words)));
        };
        widen_add(out, _mm_unpacklo_epi16(e, o));
        widen_add(out + 8, _mm_unpackhi_epi16(e, o));
    }
};

template <class Arch>
void nibble_scan(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out, xsimd::avx2 const&) noexcept {
    out.fill(0);
    __m256i const mask = _mm256_set1_epi8(15);
    for (std::size_t begin = 0; begin < groups; begin += safe_groups) {
        std::size_t const end = std::min(groups, begin + safe_groups);
        sums256 low, high;
        for (std::size_t g = begin; g < end; g += 4) {
            __m256i const t0 = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(tables + 16 * g));
            __m256i const t1 = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(tables + 16 * g + 32));
            __m256i const c0 = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(codes + 16 * g));
            __m256i const c1 = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(codes + 16 * g + 32));
            low.add(
                _mm256_add_epi8(_mm256_shuffle_epi8(t0, _mm256_and_si256(c0, mask)), _mm256_shuffle_epi8(t1, _mm256_and_si256(c1, mask))));
            high.add(_mm256_add_epi8(_mm256_shuffle_epi8(t0, _mm256_and_si256(_mm256_srli_epi16(c0, 4), mask)),
                                     _mm256_shuffle_epi8(t1, _mm256_and_si256(_mm256_srli_epi16(c1, 4), mask))));
        }
        low.add_to(out.data());
        high.add_to(out.data() + 16);
    }
}
#endif

#if defined(__AVX512BW__)
template <class Arch>
void nibble_scan(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out,
                 xsimd::avx512bw const&) noexcept {
    out.fill(0);
    __m512i const mask = _mm512_set1_epi8(15);
    __m512i const bytes = _mm512_set1_epi16(0xFF);
    for (std::size_t begin = 0; begin < groups; begin += safe_groups) {
        std::size_t const end = std::min(groups, begin + safe_groups);
        __m512i low_even = _mm512_setzero_si512(), low_odd = low_even, high_even = low_even, high_odd = low_even;
        for (std::size_t g = begin; g < end; g += 4) {
            __m512i const t = _mm512_loadu_si512(tables + 16 * g);
            __m512i const c = _mm512_loadu_si512(codes + 16 * g);
            __m512i const low = _mm512_shuffle_epi8(t, _mm512_and_si512(c, mask));
            __m512i const high = _mm512_shuffle_epi8(t, _mm512_and_si512(_mm512_srli_epi16(c, 4), mask));
            low_even = _mm512_add_epi16(low_even, _mm512_and_si512(low, bytes));
            low_odd = _mm512_add_epi16(low_odd, _mm512_srli_epi16(low, 8));
            high_even = _mm512_add_epi16(high_even, _mm512_and_si512(high, bytes));
            high_odd = _mm512_add_epi16(high_odd, _mm512_srli_epi16(high, 8));
        }
        auto const halves = [](__m512i v) { return _mm256_add_epi16(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1)); };
        sums256{halves(low_even), halves(low_odd)}.add_to(out.data());
        sums256{halves(high_even), halves(high_odd)}.add_to(out.data() + 16);
    }
}
#endif

#if defined(__wasm_simd128__)
// Indices are 0 .. 15, where the relaxed look-up is the same on every engine and one instruction shorter on x86.
[[nodiscard]] inline v128_t look_up(v128_t table, v128_t index) noexcept {
#if defined(__wasm_relaxed_simd__)
    return wasm_i8x16_relaxed_swizzle(table, index);
#else
    return wasm_i8x16_swizzle(table, index);
#endif
}

struct sums128 {
    v128_t even = wasm_i32x4_splat(0), odd = wasm_i32x4_splat(0);
    void add(v128_t bytes) noexcept {
        even = wasm_i16x8_add(even, wasm_v128_and(bytes, wasm_i16x8_splat(0xFF)));
        odd = wasm_i16x8_add(odd, wasm_u16x8_shr(bytes, 8));
    }
    void add_to(std::uint32_t* out) const noexcept {
        v128_t const first = wasm_i16x8_shuffle(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
        v128_t const second = wasm_i16x8_shuffle(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
        v128_t const parts[4] = {wasm_u32x4_extend_low_u16x8(first), wasm_u32x4_extend_high_u16x8(first),
                                 wasm_u32x4_extend_low_u16x8(second), wasm_u32x4_extend_high_u16x8(second)};
        for (std::size_t i = 0; i < 4; ++i) wasm_v128_store(out + 4 * i, wasm_i32x4_add(wasm_v128_load(out + 4 * i), parts[i]));
    }
};

template <class Arch>
void nibble_scan(std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out, xsimd::wasm const&) noexcept {
    out.fill(0);
    v128_t const mask = wasm_i8x16_splat(15);
    for (std::size_t begin = 0; begin < groups; begin += safe_groups) {
        std::size_t const end = std::min(groups, begin + safe_groups);
        sums128 low, high;
        for (std::size_t g = begin; g < end; g += 2) {
            v128_t const t0 = wasm_v128_load(tables + 16 * g), t1 = wasm_v128_load(tables + 16 * g + 16);
            v128_t const c0 = wasm_v128_load(codes + 16 * g), c1 = wasm_v128_load(codes + 16 * g + 16);
            low.add(wasm_i8x16_add(look_up(t0, wasm_v128_and(c0, mask)), look_up(t1, wasm_v128_and(c1, mask))));
            high.add(wasm_i8x16_add(look_up(t0, wasm_u8x16_shr(c0, 4)), look_up(t1, wasm_u8x16_shr(c1, 4))));
        }
        low.add_to(out.data());
        high.add_to(out.data() + 16);
    }
}
#endif
#endif
}  // namespace kernel

template <class Arch>
void nibble_scan(Arch arch, std::uint8_t const* tables, std::uint8_t const* codes, std::size_t groups, block_sums& out) noexcept {
    kernel::nibble_scan<Arch>(tables, codes, groups, out, arch);
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
