// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/unrolled.hpp>
#include <simile/simd/arch.hpp>
#include <simile/simd/byte_lanes.hpp>
#include <simile/simd/interleaved_layout.hpp>
#include <simile/simd/level_layout.hpp>
#include <simile/simd/nibble_scan.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace simile::simd {

namespace kernel {

/// Where the codes of dims 4 f .. 4 f + 3 of a group are: bits of a byte in a line; the lowest bit of three in another.
template <unsigned Bits, unsigned F>
struct level_field {
    static constexpr unsigned width = Bits == 3 ? 2 : Bits, per_line = 8 / width;
    static constexpr unsigned line = F / per_line, shift = F % per_line * width, mask = (1U << width) - 1;
};

/// Four codes in the bytes of a word.
template <unsigned Bits, unsigned F>
[[nodiscard]] inline std::uint32_t level_index(std::uint32_t const* lines) noexcept {
    using field = level_field<Bits, F>;
    std::uint32_t const upper = lines[field::line] >> field::shift & 0x01010101U * field::mask;
    if constexpr (Bits == 3)
        return upper << 1 | (lines[2] >> F & 0x01010101U);
    else
        return upper;
}

template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const*, std::uint8_t const* block, std::size_t groups,
                block_dots* out, scalar_arch const&) noexcept {
    using layout = level_layout<Bits>;
    for (std::size_t i = 0; i < Count; ++i) out[i].fill(0);
    for (std::size_t g = 0; g < groups; ++g, block += layout::group_bytes, queries += layout::per_group * Count)
        for (std::size_t r = 0; r < block_rows; ++r) {
            std::uint32_t lines[Bits];
            for (std::size_t l = 0; l < Bits; ++l) std::memcpy(&lines[l], block + layout::line_bytes * l + 4 * r, 4);
            unrolled<8>([&](auto f) {
                std::uint32_t const codes = level_index<Bits, f>(lines);
                for (unsigned b = 0; b < 4; ++b) {
                    std::int32_t const level = levels[codes >> (8 * b) & 15U];
                    for (std::size_t i = 0; i < Count; ++i) out[i][r] += level * queries[4 * Count * f + 4 * i + b];
                }
            });
        }
}

#if !defined(SIMILE_SCALAR)
template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const*, std::uint8_t const* block, std::size_t groups,
                block_dots* out, xsimd::generic const&) noexcept {
    level_dots<Bits, Count, Arch>(levels, queries, nullptr, block, groups, out, scalar_arch{});
}

#if defined(__SSSE3__) || defined(__aarch64__)
/// Registers of sixteen codes or levels, and the products of levels with bytes of queries in 32-bit lanes of a row each.
template <class Arch>
struct level_lanes {
#if defined(__SSSE3__)
    using reg = __m128i;
    using sums = __m128i;
    static sums zero() noexcept { return _mm_setzero_si128(); }
    static reg load(void const* p) noexcept { return _mm_loadu_si128(static_cast<reg const*>(p)); }
    template <unsigned Shift, unsigned Mask>
    static reg field(reg v) noexcept {
        return _mm_and_si128(_mm_srli_epi16(v, static_cast<int>(Shift)), _mm_set1_epi8(static_cast<char>(Mask)));
    }
    static reg with_lowest(reg upper, reg lowest) noexcept { return _mm_or_si128(_mm_add_epi8(upper, upper), lowest); }
    static reg look_up(reg table, reg index) noexcept { return _mm_shuffle_epi8(table, index); }
    static sums add_products(sums s, reg level, void const* q) noexcept {
        reg const pairs = _mm_maddubs_epi16(_mm_abs_epi8(level), _mm_sign_epi8(byte_lanes128<Arch>::broadcast4(q), level));
        return _mm_add_epi32(s, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
    }
#else
    using reg = uint8x16_t;
    using sums = int32x4_t;
    static sums zero() noexcept { return vdupq_n_s32(0); }
    static reg load(void const* p) noexcept { return vld1q_u8(static_cast<std::uint8_t const*>(p)); }
    template <unsigned Shift, unsigned Mask>
    static reg field(reg v) noexcept {
        if constexpr (Shift > 0) v = vshrq_n_u8(v, Shift);
        return vandq_u8(v, vdupq_n_u8(Mask));
    }
    static reg with_lowest(reg upper, reg lowest) noexcept { return vorrq_u8(vaddq_u8(upper, upper), lowest); }
    static reg look_up(reg table, reg index) noexcept { return vqtbl1q_u8(table, index); }
    static sums add_products(sums s, reg level, void const* q) noexcept {
        int8x16_t const a = vreinterpretq_s8_u8(level), b = vreinterpretq_s8_u8(byte_lanes128<Arch>::broadcast4(q));
#if defined(__ARM_FEATURE_DOTPROD)
        return vdotq_s32(s, a, b);
#else
        // Two products of at most 127 * 127 fit 16 bits.
        return vpadalq_s16(s, vpaddq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)), vmull_high_s8(a, b)));
#endif
    }
#endif
    static void store(std::int32_t* p, sums v) noexcept { byte_lanes128<Arch>::store(p, v); }

    template <unsigned Bits, unsigned F>
    static reg index(reg const* lines) noexcept {
        using where = level_field<Bits, F>;
        reg const upper = field<where::shift, where::mask>(lines[where::line]);
        if constexpr (Bits == 3)
            return with_lowest(upper, field<F, 1>(lines[2]));
        else
            return upper;
    }
};

template <unsigned Bits, std::size_t Count, class Arch>
void level_dots128(level_bytes const& levels, std::int8_t const* queries, std::uint8_t const* block, std::size_t groups,
                   block_dots* out) noexcept {
    using L = level_lanes<Arch>;
    using layout = level_layout<Bits>;
    auto const table = L::load(levels.data());
    for (std::size_t row = 0; row < block_rows; row += 4) {
        typename L::sums sums[Count];
        unrolled<Count>([&](auto i) { sums[i] = L::zero(); });
        std::int8_t const* q = queries;
        for (std::size_t g = 0; g < groups; ++g) {
            typename L::reg lines[Bits];
            unrolled<Bits>([&](auto l) { lines[l] = L::load(block + layout::group_bytes * g + layout::line_bytes * l + 4 * row); });
            unrolled<8>([&](auto f) {
                auto const level = L::look_up(table, L::template index<Bits, f>(lines));
                unrolled<Count>([&](auto i) { sums[i] = L::add_products(sums[i], level, q + 4 * i); });
                q += 4 * Count;
            });
        }
        unrolled<Count>([&](auto i) { L::store(out[i].data() + row, sums[i]); });
    }
}
#endif

#if defined(__SSSE3__)
template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const*, std::uint8_t const* block, std::size_t groups,
                block_dots* out, xsimd::ssse3 const&) noexcept {
    level_dots128<Bits, Count, Arch>(levels, queries, block, groups, out);
}
template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const*, std::uint8_t const* block, std::size_t groups,
                block_dots* out, xsimd::avx const&) noexcept {
    level_dots128<Bits, Count, Arch>(levels, queries, block, groups, out);
}
#elif defined(__aarch64__)
template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const*, std::uint8_t const* block, std::size_t groups,
                block_dots* out, xsimd::neon64 const&) noexcept {
    level_dots128<Bits, Count, Arch>(levels, queries, block, groups, out);
}
#endif

#if defined(__AVX2__)
template <unsigned Bits, unsigned F, class Arch>
[[nodiscard]] __m256i level_index(__m256i const* lines) noexcept {
    using field = level_field<Bits, F>;
    __m256i const upper = _mm256_and_si256(_mm256_srli_epi16(lines[field::line], static_cast<int>(field::shift)),
                                           _mm256_set1_epi8(static_cast<char>(field::mask)));
    if constexpr (Bits == 3)
        return _mm256_or_si256(_mm256_add_epi8(upper, upper),
                               _mm256_and_si256(_mm256_srli_epi16(lines[2], static_cast<int>(F)), _mm256_set1_epi8(static_cast<char>(1U))));
    else
        return upper;
}

// VPMADDUBSW of |level| and sign(level) q: two products of at most 127 * 127 fit 16 bits.
template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const*, std::uint8_t const* block, std::size_t groups,
                block_dots* out, xsimd::avx2 const&) noexcept {
    using layout = level_layout<Bits>;
    __m256i const table = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<__m128i const*>(levels.data()))),
                  ones = _mm256_set1_epi16(1);
    for (std::size_t part = 0; part < 4; ++part) {
        __m256i sums[Count];
        unrolled<Count>([&](auto i) { sums[i] = _mm256_setzero_si256(); });
        std::int8_t const* q = queries;
        for (std::size_t g = 0; g < groups; ++g) {
            __m256i lines[Bits];
            unrolled<Bits>([&](auto l) {
                lines[l] = _mm256_loadu_si256(
                    reinterpret_cast<__m256i const*>(block + layout::group_bytes * g + layout::line_bytes * l + 32 * part));
            });
            unrolled<8>([&](auto f) {
                __m256i const level = _mm256_shuffle_epi8(table, level_index<Bits, f, Arch>(lines)), size = _mm256_abs_epi8(level);
                unrolled<Count>([&](auto i) {
                    __m256i const pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(byte_lanes256<Arch>::broadcast4(q + 4 * i), level));
                    sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pairs, ones));
                });
                q += 4 * Count;
            });
        }
        unrolled<Count>([&](auto i) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(out[i].data() + 8 * part), sums[i]); });
    }
}
#endif

// Without VNNI AVX-512 gains nothing over this.
#if defined(__AVX512BW__) && !defined(__AVX512VNNI__)
template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const* query_sums, std::uint8_t const* block,
                std::size_t groups, block_dots* out, xsimd::avx512bw const&) noexcept {
    level_dots<Bits, Count, Arch>(levels, queries, query_sums, block, groups, out, xsimd::avx2{});
}
#endif

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
template <unsigned Bits, unsigned F, class Arch>
[[nodiscard]] __m512i level_index(__m512i const* lines) noexcept {
    using field = level_field<Bits, F>;
    __m512i const upper =
        _mm512_and_si512(_mm512_srli_epi32(lines[field::line], field::shift), _mm512_set1_epi8(static_cast<char>(field::mask)));
    if constexpr (Bits == 3)
        return _mm512_or_si512(_mm512_add_epi8(upper, upper),
                               _mm512_and_si512(_mm512_srli_epi32(lines[2], F), _mm512_set1_epi8(static_cast<char>(1U))));
    else
        return upper;
}

// VPDPBUSD takes unsigned bytes: the table holds level + 128, and 128 sum(q) comes off at the start. One query has two pairs of sums, whose latencies overlap.
template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const* query_sums, std::uint8_t const* block,
                std::size_t groups, block_dots* out, xsimd::avx512bw const&) noexcept {
    using layout = level_layout<Bits>;
    constexpr unsigned chains = Count == 1 ? 2 : 1;
    __m512i const table =
        _mm512_xor_si512(_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<__m128i const*>(levels.data()))), _mm512_set1_epi8(-128));
    __m512i low[chains][Count], high[chains][Count];
    unrolled<chains>([&](auto c) {
        unrolled<Count>(
            [&](auto i) { low[c][i] = high[c][i] = c == 0 ? _mm512_set1_epi32(-128 * query_sums[i]) : _mm512_setzero_si512(); });
    });
    for (std::size_t g = 0; g < groups; ++g, block += layout::group_bytes) {
        __m512i first[Bits], second[Bits];
        unrolled<Bits>([&](auto l) {
            first[l] = _mm512_loadu_si512(block + layout::line_bytes * l);
            second[l] = _mm512_loadu_si512(block + layout::line_bytes * l + 64);
        });
        unrolled<8>([&](auto f) {
            constexpr unsigned c = decltype(f)::value % chains;
            __m512i const v0 = _mm512_shuffle_epi8(table, level_index<Bits, f, Arch>(first)),
                          v1 = _mm512_shuffle_epi8(table, level_index<Bits, f, Arch>(second));
            unrolled<Count>([&](auto i) {
                __m512i const q = dot_lanes512<Arch>::broadcast4(queries + 4 * i);
                low[c][i] = _mm512_dpbusd_epi32(low[c][i], v0, q);
                high[c][i] = _mm512_dpbusd_epi32(high[c][i], v1, q);
            });
            queries += 4 * Count;
        });
    }
    unrolled<Count>([&](auto i) {
        if constexpr (chains == 2) {
            low[0][i] = _mm512_add_epi32(low[0][i], low[1][i]);
            high[0][i] = _mm512_add_epi32(high[0][i], high[1][i]);
        }
        _mm512_storeu_si512(out[i].data(), low[0][i]);
        _mm512_storeu_si512(out[i].data() + 16, high[0][i]);
    });
}
#endif

#if defined(__wasm_simd128__)
template <unsigned Bits, unsigned F, class Arch>
[[nodiscard]] v128_t level_index(v128_t const* lines) noexcept {
    using field = level_field<Bits, F>;
    v128_t const upper =
        wasm_v128_and(wasm_u8x16_shr(lines[field::line], field::shift), wasm_i8x16_splat(static_cast<std::int8_t>(field::mask)));
    if constexpr (Bits == 3)
        return wasm_v128_or(wasm_i8x16_add(upper, upper),
                            wasm_v128_and(wasm_u8x16_shr(lines[2], F), wasm_i8x16_splat(static_cast<std::int8_t>(1U))));
    else
        return upper;
}

// Four rows in a register; a pair of 32-bit sums a row, added up at the end. A single query goes over eight rows at a time.
template <unsigned Bits, std::size_t Count, class Arch>
void level_dots(level_bytes const& levels, std::int8_t const* queries, std::int32_t const*, std::uint8_t const* block, std::size_t groups,
                block_dots* out, xsimd::wasm const&) noexcept {
    using layout = level_layout<Bits>;
    constexpr unsigned registers = Count == 1 ? 2 : 1;
    v128_t const table = wasm_v128_load(levels.data());
    for (std::size_t row = 0; row < block_rows; row += 4 * registers) {
        v128_t low[registers][Count], high[registers][Count];
        unrolled<registers>([&](auto v) { unrolled<Count>([&](auto i) { low[v][i] = high[v][i] = wasm_i32x4_splat(0); }); });
        std::int8_t const* q = queries;
        for (std::size_t g = 0; g < groups; ++g) {
            v128_t lines[registers][Bits];
            unrolled<registers>([&](auto v) {
                unrolled<Bits>([&](auto l) {
                    lines[v][l] = wasm_v128_load(block + layout::group_bytes * g + layout::line_bytes * l + 4 * row + 16 * v);
                });
            });
            unrolled<8>([&](auto f) {
                v128_t wide[Count];
                unrolled<Count>([&](auto i) { wide[i] = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(q + 4 * i)); });
                q += 4 * Count;
                unrolled<registers>([&](auto v) {
                    v128_t const level = look_up(table, level_index<Bits, f, Arch>(lines[v]));
                    v128_t const first = wasm_i16x8_extend_low_i8x16(level), second = wasm_i16x8_extend_high_i8x16(level);
                    unrolled<Count>([&](auto i) {
                        low[v][i] = wasm_i32x4_add(low[v][i], wasm_i32x4_dot_i16x8(first, wide[i]));
                        high[v][i] = wasm_i32x4_add(high[v][i], wasm_i32x4_dot_i16x8(second, wide[i]));
                    });
                });
            });
        }
        unrolled<registers>([&](auto v) {
            unrolled<Count>([&](auto i) {
                v128_t const even = wasm_i32x4_shuffle(low[v][i], high[v][i], 0, 2, 4, 6),
                             odd = wasm_i32x4_shuffle(low[v][i], high[v][i], 1, 3, 5, 7);
                wasm_v128_store(out[i].data() + row + 4 * v, wasm_i32x4_add(even, odd));
            });
        });
    }
}
#endif
#endif
}  // namespace kernel

/// out[r] = <levels[u_r], q> for the 32 rows of a block, exact: the codes go through a look-up of bytes on their way into the int8 product.
/// @param query  32 * groups codes in -127 .. 127, zero beyond the dims
/// @param sum    of the query's codes
template <unsigned Bits, class Arch>
void level_dots(Arch arch, level_bytes const& levels, std::int8_t const* query, std::int32_t sum, std::uint8_t const* block,
                std::size_t groups, block_dots& out) noexcept {
    kernel::level_dots<Bits, 1, Arch>(levels, query, &sum, block, groups, &out, arch);
}
/// The same for eight queries at once, which share the look-up.
/// @param queries  as pack_query_tile leaves them
/// @param sums     [query_tile]
template <unsigned Bits, class Arch>
void level_dots_many(Arch arch, level_bytes const& levels, std::int8_t const* queries, std::int32_t const* sums, std::uint8_t const* block,
                     std::size_t groups, tile_dots& out) noexcept {
    kernel::level_dots<Bits, query_tile, Arch>(levels, queries, sums, block, groups, out.data(), arch);
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
