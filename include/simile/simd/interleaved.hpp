// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/unrolled.hpp>
#include <simile/simd/arch.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
#include <wasm_simd128.h>
#endif
#if defined(__AVX2__) && !defined(SIMILE_SCALAR)
#include <immintrin.h>
#endif

namespace simile::simd {

/// Integers for each of the 32 rows of a block.
using block_dots = std::array<std::int32_t, block_rows>;

/// Queries that are scored together: 2 * 8 sums, two vectors of rows and a broadcast fit the 32 registers of AVX-512.
inline constexpr std::size_t query_tile = 8;
using tile_dots = std::array<block_dots, query_tile>;

/// Layout of unsigned `Bits`-bit values (1, 2, 4 or 8) of 32 rows side by side, four bytes a row, so that a 32-bit lane is a row and nothing has to
/// be summed across lanes. Group g holds the dims per_group g .. per_group (g + 1) - 1: 32 rows of four bytes. Byte b of a row holds, lowest bits
/// first, the dims per_group g + 4 f + b, f = 0, 1, ...: shifts and masks bring out four consecutive dims at a time.
template <unsigned Bits>
struct interleaved {
    static_assert(Bits == 1 || Bits == 2 || Bits == 4 || Bits == 8);
    static constexpr unsigned bits = Bits;
    static constexpr std::size_t per_group = 32 / Bits;
    static constexpr std::size_t group_bytes = 4 * block_rows;
    static constexpr unsigned mask = (1U << Bits) - 1;

    [[nodiscard]] static constexpr std::size_t groups(std::size_t dims) noexcept { return (dims + per_group - 1) / per_group; }
    [[nodiscard]] static constexpr std::size_t block_bytes(std::size_t dims) noexcept { return group_bytes * groups(dims); }

    /// Adds value(i) for every dim to a slot that holds zeros.
    template <class Value>
    static void pack(std::size_t dims, std::uint8_t* block, std::size_t slot, Value value) noexcept {
        for (std::size_t i = 0; i < dims; ++i) {
            std::uint8_t& byte = block[byte_of(i, slot)];
            byte = static_cast<std::uint8_t>(byte | (static_cast<unsigned>(value(i)) & mask) << shift_of(i));
        }
    }
    [[nodiscard]] static std::uint8_t at(std::uint8_t const* block, std::size_t slot, std::size_t i) noexcept {
        return static_cast<std::uint8_t>(block[byte_of(i, slot)] >> shift_of(i) & mask);
    }
    static void copy(std::size_t dims, std::uint8_t const* from, std::size_t from_slot, std::uint8_t* to, std::size_t to_slot) noexcept {
        for (std::size_t g = 0; g < groups(dims); ++g) std::memcpy(to + group_bytes * g + 4 * to_slot, from + group_bytes * g + 4 * from_slot, 4);
    }
    static void clear(std::size_t dims, std::uint8_t* block, std::size_t slot) noexcept {
        for (std::size_t g = 0; g < groups(dims); ++g) std::memset(block + group_bytes * g + 4 * slot, 0, 4);
    }

private:
    [[nodiscard]] static constexpr std::size_t byte_of(std::size_t i, std::size_t slot) noexcept {
        return group_bytes * (i / per_group) + 4 * slot + i % 4;
    }
    [[nodiscard]] static constexpr unsigned shift_of(std::size_t i) noexcept { return static_cast<unsigned>(i % per_group / 4) * Bits; }
};

namespace kernel {

// ---- <u, q> for the 32 rows of a block. `query` holds per_group * groups int8.

template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, scalar_arch const&) noexcept {
    using layout = interleaved<Bits>;
    out.fill(0);
    for (std::size_t g = 0; g < groups; ++g, block += layout::group_bytes, query += layout::per_group)
        for (std::size_t r = 0; r < block_rows; ++r) {
            std::int32_t sum = 0;
            for (unsigned f = 0; f < 8 / Bits; ++f)
                for (unsigned b = 0; b < 4; ++b)
                    sum += static_cast<std::int32_t>(static_cast<unsigned>(block[4 * r + b]) >> (f * Bits) & layout::mask) * query[4 * f + b];
            out[r] += sum;
        }
}

/// Bits that differ between each row and `query`, four bytes a group.
template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, scalar_arch const&) noexcept {
    out.fill(0);
    for (std::size_t g = 0; g < groups; ++g) {
        std::uint32_t q;
        std::memcpy(&q, query + 4 * g, 4);
        for (std::size_t r = 0; r < block_rows; ++r) {
            std::uint32_t word;
            std::memcpy(&word, block + interleaved<1>::group_bytes * g + 4 * r, 4);
            out[r] += std::popcount(word ^ q);
        }
    }
}

/// The same for a tile of queries, whose groups of four dims lie side by side.
template <unsigned Bits, class Arch>
void interleaved_dots_many(std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out, scalar_arch const&) noexcept {
    using layout = interleaved<Bits>;
    for (block_dots& sums : out) sums.fill(0);
    for (std::size_t g = 0; g < groups; ++g, block += layout::group_bytes)
        for (unsigned f = 0; f < 8 / Bits; ++f, queries += 4 * query_tile)
            for (std::size_t i = 0; i < query_tile; ++i)
                for (std::size_t r = 0; r < block_rows; ++r)
                    for (unsigned b = 0; b < 4; ++b)
                        out[i][r] += static_cast<std::int32_t>(static_cast<unsigned>(block[4 * r + b]) >> (f * Bits) & layout::mask) * queries[4 * i + b];
}

#if !defined(SIMILE_SCALAR)
template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::generic const&) noexcept {
    interleaved_dots<Bits, scalar_arch>(query, block, groups, out, scalar_arch{});
}
template <unsigned Bits, class Arch>
void interleaved_dots_many(std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out, xsimd::generic const&) noexcept {
    interleaved_dots_many<Bits, scalar_arch>(queries, block, groups, out, scalar_arch{});
}
template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::generic const&) noexcept {
    interleaved_agreement<scalar_arch>(query, block, groups, out, scalar_arch{});
}

#if defined(__AVX2__)
template <class Arch>
[[nodiscard]] __m256i broadcast4(void const* p) noexcept {
    std::int32_t word;
    std::memcpy(&word, p, 4);
    return _mm256_set1_epi32(word);
}

// VPMADDUBSW saturates for values above 128, so bytes are taken as two nibbles: <u, q> = 16 <u >> 4, q> + <u & 15, q>.
template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::avx2 const&) noexcept {
    using layout = interleaved<Bits>;
    constexpr unsigned field_bits = Bits == 8 ? 4 : Bits;
    constexpr unsigned fields = 8 / field_bits;
    // Four rows' worth of 16-bit sums: |sum| <= 2 * 15 * 127 = 3810 an addition, so eight fit.
    constexpr std::size_t together = Bits == 8 ? 8 : std::max<std::size_t>(1, 8 * 15 / ((1U << Bits) - 1) / (8 / Bits));
    __m256i const mask = _mm256_set1_epi8(static_cast<char>((1U << field_bits) - 1)), ones = _mm256_set1_epi16(1), sixteens = _mm256_set1_epi16(16);
    for (std::size_t part = 0; part < 4; ++part) {
        __m256i sum = _mm256_setzero_si256();
        for (std::size_t begin = 0; begin < groups; begin += together) {
            __m256i low = _mm256_setzero_si256(), high = low;
            for (std::size_t g = begin; g < std::min(groups, begin + together); ++g) {
                __m256i const u = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(block + layout::group_bytes * g + 32 * part));
                unrolled<fields>([&](auto f) {
                    __m256i const value = _mm256_and_si256(_mm256_srli_epi16(u, static_cast<int>(f * field_bits)), mask);
                    __m256i const q = broadcast4<Arch>(query + layout::per_group * g + (Bits == 8 ? 0 : 4 * f));
                    __m256i& to = Bits == 8 && f == 1 ? high : low;
                    to = _mm256_add_epi16(to, _mm256_maddubs_epi16(value, q));
                });
            }
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(low, ones));
            if constexpr (Bits == 8) sum = _mm256_add_epi32(sum, _mm256_madd_epi16(high, sixteens));
        }
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.data() + 8 * part), sum);
    }
}

template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::avx2 const&) noexcept {
    __m256i const counts = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    __m256i const mask = _mm256_set1_epi8(15), bytes = _mm256_set1_epi8(1), words = _mm256_set1_epi16(1);
    for (std::size_t part = 0; part < 4; ++part) {
        __m256i sum = _mm256_setzero_si256();
        for (std::size_t begin = 0; begin < groups; begin += 31) {  // 31 * 8 < 256
            __m256i some = _mm256_setzero_si256();
            for (std::size_t g = begin; g < std::min(groups, begin + 31); ++g) {
                __m256i const x = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(block + interleaved<1>::group_bytes * g + 32 * part)),
                                                   broadcast4<Arch>(query + 4 * g));
                some = _mm256_add_epi8(some, _mm256_add_epi8(_mm256_shuffle_epi8(counts, _mm256_and_si256(x, mask)),
                                                             _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(x, 4), mask))));
            }
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(some, bytes), words));
        }
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.data() + 8 * part), sum);
    }
}
#endif

// AVX-512 of the first processors: without VNNI or VPOPCNTDQ its forms gain nothing over these.
#if defined(__AVX512BW__) && !defined(__AVX512VNNI__)
template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::avx512bw const&) noexcept {
    interleaved_dots<Bits, Arch>(query, block, groups, out, xsimd::avx2{});
}
#endif
#if defined(__AVX512BW__) && !defined(__AVX512VPOPCNTDQ__)
template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::avx512bw const&) noexcept {
    interleaved_agreement<Arch>(query, block, groups, out, xsimd::avx2{});
}
#endif

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
template <class Arch>
[[nodiscard]] __m512i broadcast16(void const* p) noexcept {
    std::int32_t word;
    std::memcpy(&word, p, 4);
    return _mm512_set1_epi32(word);
}
template <unsigned Bits, class Arch, class Index>
[[nodiscard]] __m512i field(__m512i bytes, Index, __m512i mask) noexcept {
    if constexpr (Bits == 8) return bytes;
    else return _mm512_and_si512(_mm512_srli_epi32(bytes, static_cast<unsigned>(Index::value * Bits)), mask);
}

// Rows 0 .. 15 and 16 .. 31 for `Count` queries, whose groups of four dims lie side by side.
template <unsigned Bits, std::size_t Count, class Arch>
void interleaved_dots_tile(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots* out) noexcept {
    using layout = interleaved<Bits>;
    __m512i const mask = _mm512_set1_epi8(static_cast<char>(layout::mask));
    __m512i low[Count], high[Count];
    unrolled<Count>([&](auto i) { low[i] = high[i] = _mm512_setzero_si512(); });
    for (std::size_t g = 0; g < groups; ++g, block += layout::group_bytes) {
        __m512i const u0 = _mm512_loadu_si512(block), u1 = _mm512_loadu_si512(block + 64);
        unrolled<8 / Bits>([&](auto f) {
            __m512i const v0 = field<Bits, Arch>(u0, f, mask), v1 = field<Bits, Arch>(u1, f, mask);
            unrolled<Count>([&](auto i) {
                __m512i const q = broadcast16<Arch>(query + 4 * i);
                low[i] = _mm512_dpbusd_epi32(low[i], v0, q);
                high[i] = _mm512_dpbusd_epi32(high[i], v1, q);
            });
            query += 4 * Count;
        });
    }
    unrolled<Count>([&](auto i) {
        _mm512_storeu_si512(out[i].data(), low[i]);
        _mm512_storeu_si512(out[i].data() + 16, high[i]);
    });
}

// One query: a second pair of sums hides the latency of the first.
template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::avx512bw const&) noexcept {
    using layout = interleaved<Bits>;
    __m512i const mask = _mm512_set1_epi8(static_cast<char>(layout::mask));
    __m512i low = _mm512_setzero_si512(), high = low, low2 = low, high2 = low;
    auto const add = [&](__m512i& to_low, __m512i& to_high, std::uint8_t const* rows, std::int8_t const* q) {
        __m512i const u0 = _mm512_loadu_si512(rows), u1 = _mm512_loadu_si512(rows + 64);
        unrolled<8 / Bits>([&](auto f) {
            __m512i const values = broadcast16<Arch>(q + 4 * f);
            to_low = _mm512_dpbusd_epi32(to_low, field<Bits, Arch>(u0, f, mask), values);
            to_high = _mm512_dpbusd_epi32(to_high, field<Bits, Arch>(u1, f, mask), values);
        });
    };
    std::size_t g = 0;
    for (; g + 2 <= groups; g += 2, block += 2 * layout::group_bytes, query += 2 * layout::per_group) {
        add(low, high, block, query);
        add(low2, high2, block + layout::group_bytes, query + layout::per_group);
    }
    if (g < groups) add(low, high, block, query);
    _mm512_storeu_si512(out.data(), _mm512_add_epi32(low, low2));
    _mm512_storeu_si512(out.data() + 16, _mm512_add_epi32(high, high2));
}

template <unsigned Bits, class Arch>
void interleaved_dots_many(std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out, xsimd::avx512bw const&) noexcept {
    interleaved_dots_tile<Bits, query_tile, Arch>(queries, block, groups, out.data());
}
#endif

#if defined(__AVX512VPOPCNTDQ__) && defined(__AVX512BW__)
template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::avx512bw const&) noexcept {
    __m512i sums[2][2] = {};
    auto const step = [&](std::size_t g, auto c) {
        std::int32_t word;
        std::memcpy(&word, query + 4 * g, 4);
        __m512i const q = _mm512_set1_epi32(word);
        std::uint8_t const* const rows = block + interleaved<1>::group_bytes * g;
        unrolled<2>([&](auto half) {
            sums[half][c] = _mm512_add_epi32(sums[half][c], _mm512_popcnt_epi32(_mm512_xor_si512(_mm512_loadu_si512(rows + 64 * half), q)));
        });
    };
    std::size_t g = 0;
    for (; g + 2 <= groups; g += 2) {
        step(g, std::integral_constant<std::size_t, 0>{});
        step(g + 1, std::integral_constant<std::size_t, 1>{});
    }
    if (g < groups) step(g, std::integral_constant<std::size_t, 0>{});
    unrolled<2>([&](auto half) { _mm512_storeu_si512(out.data() + 16 * half, _mm512_add_epi32(sums[half][0], sums[half][1])); });
}
#endif

#if defined(__wasm_simd128__)
// Eight rows at a time: a pair of 32-bit sums a row, added up at the end.
template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::wasm const&) noexcept {
    using layout = interleaved<Bits>;
    v128_t const mask = wasm_u8x16_splat(layout::mask);
    for (std::size_t part = 0; part < 4; ++part) {
        v128_t sums[4] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0), wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
        std::uint8_t const* rows = block + 32 * part;
        std::int8_t const* q = query;
        for (std::size_t g = 0; g < groups; ++g, rows += layout::group_bytes)
            unrolled<8 / Bits>([&](auto f) {
                v128_t const wide = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(q));
                q += 4;
                unrolled<2>([&](auto half) {
                    v128_t u = wasm_v128_load(rows + 16 * half);
                    if constexpr (f > 0) u = wasm_u8x16_shr(u, f * Bits);
                    if constexpr (Bits < 8 && f + 1 < 8 / Bits) u = wasm_v128_and(u, mask);
                    sums[2 * half] = wasm_i32x4_add(sums[2 * half], wasm_i32x4_dot_i16x8(wasm_u16x8_extend_low_u8x16(u), wide));
                    sums[2 * half + 1] = wasm_i32x4_add(sums[2 * half + 1], wasm_i32x4_dot_i16x8(wasm_u16x8_extend_high_u8x16(u), wide));
                });
            });
        unrolled<2>([&](auto half) {
            v128_t const even = wasm_i32x4_shuffle(sums[2 * half], sums[2 * half + 1], 0, 2, 4, 6), odd = wasm_i32x4_shuffle(sums[2 * half], sums[2 * half + 1], 1, 3, 5, 7);
            wasm_v128_store(out.data() + 8 * part + 4 * half, wasm_i32x4_add(even, odd));
        });
    }
}

template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out, xsimd::wasm const&) noexcept {
    for (std::size_t part = 0; part < 4; ++part) {
        v128_t sums[2] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
        for (std::size_t begin = 0; begin < groups; begin += 31) {  // 31 * 8 < 256
            v128_t some[2] = {wasm_i8x16_splat(0), wasm_i8x16_splat(0)};
            for (std::size_t g = begin; g < std::min(groups, begin + 31); ++g) {
                v128_t const q = wasm_v128_load32_splat(query + 4 * g);
                std::uint8_t const* const rows = block + interleaved<1>::group_bytes * g + 32 * part;
                unrolled<2>([&](auto half) { some[half] = wasm_i8x16_add(some[half], wasm_i8x16_popcnt(wasm_v128_xor(wasm_v128_load(rows + 16 * half), q))); });
            }
            unrolled<2>([&](auto half) {
                sums[half] = wasm_i32x4_add(sums[half], wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(some[half])));
            });
        }
        unrolled<2>([&](auto half) { wasm_v128_store(out.data() + 8 * part + 4 * half, sums[half]); });
    }
}
#endif

#endif
}  // namespace kernel

/// out[r] = <u_r, q> for the 32 rows of a block, exact.
/// @param query  per_group * groups codes, zero beyond the dims
template <unsigned Bits, class Arch>
void interleaved_dots(Arch arch, std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out) noexcept {
    kernel::interleaved_dots<Bits, Arch>(query, block, groups, out, arch);
}
/// The same for eight queries at once: registers hold a tile of rows and queries, so a batch runs at the speed of multiplication, not of memory.
/// @param queries  as pack_query_tile leaves them
template <unsigned Bits, class Arch>
void interleaved_dots_many(Arch arch, std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out) noexcept {
    kernel::interleaved_dots_many<Bits, Arch>(queries, block, groups, out, arch);
}
/// Puts the groups of four dims of up to eight queries side by side; `tile` holds 8 * padded bytes, those of missing queries zero.
/// @param padded  a multiple of 4
inline void pack_query_tile(std::int8_t const* const* queries, std::size_t count, std::size_t padded, std::int8_t* tile) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t g = 0; g < padded / 4; ++g) std::memcpy(tile + 4 * (query_tile * g + i), queries[i] + 4 * g, 4);
}
/// out[r] = number of bits in which row r of interleaved<1> differs from `inverted`, exact: with the complement of a query's bits, and zeros beyond the
/// dims, that is the number in which it agrees with the query.
/// @param inverted  four bytes a group, in the layout of a row
template <class Arch>
void interleaved_agreement(Arch arch, std::uint8_t const* inverted, std::uint8_t const* block, std::size_t groups, block_dots& out) noexcept {
    kernel::interleaved_agreement<Arch>(inverted, block, groups, out, arch);
}

}  // namespace simile::simd
