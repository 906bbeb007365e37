// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/unrolled.hpp>
#include <simile/simd/bit_lanes.hpp>
#include <simile/simd/byte_lanes.hpp>
#include <simile/simd/interleaved_layout.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace simile::simd::kernel {

// ---- <u, q> for the 32 rows of a block. `query` holds per_group * groups int8.

template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out,
                      scalar_arch const&) noexcept {
    using layout = interleaved<Bits>;
    out.fill(0);
    for (std::size_t g = 0; g < groups; ++g, block += layout::group_bytes, query += layout::per_group)
        for (std::size_t r = 0; r < block_rows; ++r) {
            std::int32_t sum = 0;
            for (unsigned f = 0; f < 8 / Bits; ++f)
                for (unsigned b = 0; b < 4; ++b)
                    sum +=
                        static_cast<std::int32_t>(static_cast<unsigned>(block[4 * r + b]) >> (f * Bits) & layout::mask) * query[4 * f + b];
            out[r] += sum;
        }
}

/// Bits that differ between each row and `query`, four bytes a group.
template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out,
                           scalar_arch const&) noexcept {
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
void interleaved_dots_many(std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out,
                           scalar_arch const&) noexcept {
    using layout = interleaved<Bits>;
    for (block_dots& sums : out) sums.fill(0);
    for (std::size_t g = 0; g < groups; ++g, block += layout::group_bytes)
        for (unsigned f = 0; f < 8 / Bits; ++f, queries += 4 * query_tile)
            for (std::size_t i = 0; i < query_tile; ++i)
                for (std::size_t r = 0; r < block_rows; ++r)
                    for (unsigned b = 0; b < 4; ++b)
                        out[i][r] += static_cast<std::int32_t>(static_cast<unsigned>(block[4 * r + b]) >> (f * Bits) & layout::mask) *
                                     queries[4 * i + b];
}

#if !defined(SIMILE_SCALAR)
// A pass takes `Registers` registers of rows past `Queries` queries, of which the first starts at `query` and the group of four dims after a group lies
// 4 * Stride bytes on.

/// Where four products are added to a lane by one instruction. `Sets` sums a register hide its latency. Lambdas that are called twice keep their
/// registers in memory with g++ 12 unless they are inlined by force.
template <class V, unsigned Bits, std::size_t Registers, std::size_t Queries, std::size_t Stride, std::size_t Sets>
void direct_pass(std::int8_t const* query, std::uint8_t const* rows, std::size_t groups, block_dots* out, std::size_t first) noexcept {
    constexpr unsigned fields = 8 / Bits;
    constexpr bool biased = Bits == 8 && V::biased;
    typename V::sums sums[Sets][Queries][Registers], bias[Queries];
    unrolled<Queries>([&](auto i) __attribute__((always_inline)) {
        bias[i] = V::zero();
        unrolled<Sets>([&](auto s) __attribute__((always_inline)) {
            unrolled<Registers>([&](auto r) __attribute__((always_inline)) { sums[s][i][r] = V::zero(); });
        });
    });
    auto const add = [&](auto set, std::size_t g) __attribute__((always_inline)) {
        typename V::reg bytes[Registers];
        unrolled<Registers>([&](auto r) __attribute__((always_inline)) {
            bytes[r] = V::load(rows + interleaved<Bits>::group_bytes * g + V::size * r);
            if constexpr (biased) bytes[r] = V::flipped(bytes[r], V::splat(0x80));
        });
        unrolled<fields>([&](auto f) __attribute__((always_inline)) {
            typename V::reg values[Registers];
            unrolled<Registers>([&](auto r) __attribute__((always_inline)) { values[r] = V::template field<Bits, f>(bytes[r]); });
            unrolled<Queries>([&](auto i) __attribute__((always_inline)) {
                auto const q = V::broadcast4(query + 4 * (Stride * (fields * g + f) + i));
                unrolled<Registers>([&](auto r)
                                        __attribute__((always_inline)) { sums[set][i][r] = V::add_dots(sums[set][i][r], values[r], q); });
                if constexpr (biased) bias[i] = V::add_dots(bias[i], V::splat(64), q);
            });
        });
    };
    std::size_t g = 0;
    for (; g + Sets <= groups; g += Sets) unrolled<Sets>([&](auto s) __attribute__((always_inline)) { add(s, g + s); });
    if constexpr (Sets > 1)
        for (; g < groups; ++g) add(std::integral_constant<std::size_t, 0>{}, g);
    unrolled<Queries>([&](auto i) __attribute__((always_inline)) {
        unrolled<Registers>([&](auto r) __attribute__((always_inline)) {
            auto sum = sums[0][i][r];
            if constexpr (Sets == 2) sum = V::add(sum, sums[1][i][r]);
            if constexpr (biased) sum = V::add(sum, V::add(bias[i], bias[i]));
            V::store(out[i].data() + first + V::size / 4 * r, sum);
        });
    });
}

/// Where two products are added in 16 bits first, which 8-bit values would overflow: <u, q> = 16 <u >> 4, q> + <u & 15, q>.
template <class V, unsigned Bits, std::size_t Registers, std::size_t Queries, std::size_t Stride>
void pairs_pass(std::int8_t const* query, std::uint8_t const* rows, std::size_t groups, block_dots* out, std::size_t first) noexcept {
    constexpr unsigned field_bits = Bits == 8 ? 4 : Bits, fields = 8 / field_bits;
    // Each group adds at most fields * 2 * (2^field_bits - 1) * 127 to a lane of 16 bits (Bits = 8: to each of two lanes half of it), and eight times
    // 2 * 15 * 127 fit.
    constexpr std::size_t together = Bits == 8 ? 8 : std::max<std::size_t>(1, 8 * 15 / ((1U << Bits) - 1) / fields);
    typename V::sums sums[Queries][Registers];
    unrolled<Queries>([&](auto i) { unrolled<Registers>([&](auto r) { sums[i][r] = V::zero(); }); });
    for (std::size_t begin = 0; begin < groups; begin += together) {
        typename V::words words[2][Queries][Registers];
        unrolled<Queries>([&](auto i) { unrolled<Registers>([&](auto r) { words[0][i][r] = words[1][i][r] = V::zero_words(); }); });
        std::size_t const end = begin + together < groups ? begin + together : groups;
        for (std::size_t g = begin; g < end; ++g) {
            typename V::reg bytes[Registers];
            unrolled<Registers>([&](auto r) { bytes[r] = V::load(rows + interleaved<Bits>::group_bytes * g + V::size * r); });
            unrolled<fields>([&](auto f) {
                constexpr std::size_t upper = Bits == 8 ? f : 0;
                unrolled<Queries>([&](auto i) {
                    auto const q = V::broadcast4(query + 4 * (Stride * (8 / Bits * g + (Bits == 8 ? 0 : f)) + i));
                    unrolled<Registers>([&](auto r) {
                        auto& to = words[upper][i][r];
                        to = V::add_words(to, V::multiply_pairs(V::template field<field_bits, f>(bytes[r]), q));
                    });
                });
            });
        }
        unrolled<Queries>([&](auto i) {
            unrolled<Registers>([&](auto r) {
                sums[i][r] = V::add(sums[i][r], V::template widen<1>(words[0][i][r]));
                if constexpr (Bits == 8) sums[i][r] = V::add(sums[i][r], V::template widen<16>(words[1][i][r]));
            });
        });
    }
    unrolled<Queries>([&](auto i) { unrolled<Registers>([&](auto r) { V::store(out[i].data() + first + V::size / 4 * r, sums[i][r]); }); });
}

/// All passes over a block. Tables of two 16-bit sums a register leave room for half as many.
template <class V, unsigned Bits>
void interleaved_dots_of(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out) noexcept {
    constexpr std::size_t registers = V::direct || Bits < 8 ? V::registers : V::registers / 2, step = registers * V::size / 4;
    for (std::size_t first = 0; first < block_rows; first += step) {
        if constexpr (V::direct)
            direct_pass<V, Bits, registers, 1, 1, V::sets>(query, block + 4 * first, groups, &out, first);
        else
            pairs_pass<V, Bits, registers, 1, 1>(query, block + 4 * first, groups, &out, first);
    }
}
template <class V, unsigned Bits>
void interleaved_dots_many_of(std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out) noexcept {
    constexpr std::size_t step = V::tile_registers * V::size / 4;
    for (std::size_t first = 0; first < block_rows; first += step)
        for (std::size_t i = 0; i < query_tile; i += V::tile_queries) {
            if constexpr (V::direct)
                direct_pass<V, Bits, V::tile_registers, V::tile_queries, query_tile, 1>(queries + 4 * i, block + 4 * first, groups,
                                                                                        out.data() + i, first);
            else
                pairs_pass<V, Bits, V::tile_registers, V::tile_queries, query_tile>(queries + 4 * i, block + 4 * first, groups,
                                                                                    out.data() + i, first);
        }
}

/// L is of bit_lanes.hpp, where a byte holds the counts of up to `most` steps.
template <class L>
void interleaved_agreement_of(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out) noexcept {
    constexpr std::size_t registers = 4, step = registers * L::size / 4;
    for (std::size_t first = 0; first < block_rows; first += step) {
        typename L::reg sums[registers];
        unrolled<registers>([&](auto r) { sums[r] = L::zero(); });
        for (std::size_t begin = 0; begin < groups; begin += L::most) {
            typename L::reg counts[registers];
            unrolled<registers>([&](auto r) { counts[r] = L::zero(); });
            std::size_t const end = begin + L::most < groups ? begin + L::most : groups;
            for (std::size_t g = begin; g < end; ++g) {
                std::uint32_t word;
                std::memcpy(&word, query + 4 * g, 4);
                auto const q = L::splat(std::uint64_t{word} << 32 | word);
                std::uint8_t const* const rows = block + interleaved<1>::group_bytes * g + 4 * first;
                unrolled<registers>(
                    [&](auto r) { counts[r] = L::add(counts[r], L::count(L::exclusive_or(L::load(rows + L::size * r), q))); });
            }
            unrolled<registers>([&](auto r) { sums[r] = L::add_lanes32(sums[r], L::widen_to_lanes32(counts[r])); });
        }
        unrolled<registers>([&](auto r) { L::store(out.data() + first + L::size / 4 * r, sums[r]); });
    }
}

template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out,
                      xsimd::generic const&) noexcept {
    if constexpr (std::is_void_v<byte_lanes_of<Arch>>)
        interleaved_dots<Bits, scalar_arch>(query, block, groups, out, scalar_arch{});
    else
        interleaved_dots_of<byte_lanes_of<Arch>, Bits>(query, block, groups, out);
}
template <unsigned Bits, class Arch>
void interleaved_dots_many(std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out,
                           xsimd::generic const&) noexcept {
    if constexpr (std::is_void_v<byte_lanes_of<Arch>>)
        interleaved_dots_many<Bits, scalar_arch>(queries, block, groups, out, scalar_arch{});
    else
        interleaved_dots_many_of<byte_lanes_of<Arch>, Bits>(queries, block, groups, out);
}
template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out,
                           xsimd::generic const&) noexcept {
    if constexpr (bits_of<Arch>::size == 8)
        interleaved_agreement<scalar_arch>(query, block, groups, out, scalar_arch{});
    else
        interleaved_agreement_of<bits_of<Arch>>(query, block, groups, out);
}

#if defined(__AVX512VPOPCNTDQ__) && defined(__AVX512BW__)
template <class Arch>
void interleaved_agreement(std::uint8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out,
                           xsimd::avx512bw const&) noexcept {
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

#endif

}  // namespace simile::simd::kernel
