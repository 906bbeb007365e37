// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/unrolled.hpp>
#include <simile/simd/popcount.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace simile::simd {

/// Bit strings of eight rows side by side: word w of rows 0 .. 7 is bytes 64 w .. 64 w + 63 of a block, so that a lane is a row, every load is a whole
/// cache line and no sum runs across a register. Rows one after the other whose size is not a multiple of 64 bytes (48 at 384 bits) are read
/// from memory at a fraction of its speed by kernels that mask their loads.
struct bit_block {
    static constexpr std::size_t rows = 8;

    [[nodiscard]] static constexpr std::size_t words(std::size_t bits) noexcept { return (bits + 63) / 64; }
    [[nodiscard]] static constexpr std::size_t bytes(std::size_t bits) noexcept { return rows * 8 * words(bits); }

    /// Writes a row of (bits + 7) / 8 bytes to its slot; bits beyond are zero when the row's last byte has none.
    static void put(std::size_t bits, std::byte const* row, std::byte* block, std::size_t slot) noexcept {
        for_each_word(bits, [&](std::size_t w, std::size_t n) {
            std::uint64_t word = 0;
            std::memcpy(&word, row + 8 * w, n);
            std::memcpy(block + 64 * w + 8 * slot, &word, 8);
        });
    }
    static void get(std::size_t bits, std::byte const* block, std::size_t slot, std::byte* row) noexcept {
        for_each_word(bits, [&](std::size_t w, std::size_t n) { std::memcpy(row + 8 * w, block + 64 * w + 8 * slot, n); });
    }
    /// A query as words, padded with zeros; `out` has words(bits) of them.
    static void query(std::size_t bits, std::byte const* from, std::uint64_t* out) noexcept {
        for_each_word(bits, [&](std::size_t w, std::size_t n) {
            out[w] = 0;
            std::memcpy(out + w, from + 8 * w, n);
        });
    }

private:
    template <class F>
    static void for_each_word(std::size_t bits, F f) noexcept {
        std::size_t const size = (bits + 7) / 8;
        for (std::size_t w = 0; w < words(bits); ++w) f(w, size - 8 * w < 8 ? size - 8 * w : 8);
    }
};

namespace detail {

/// out[r] for the eight rows of a block; `word(w)` gives word w of the query in every lane.
template <class L, class Join, class Word>
void count_block(std::size_t words, Word word, std::byte const* block, std::uint32_t* out) noexcept {
    constexpr std::size_t parts = 64 / L::size;
    typename L::reg sums[parts];
    unrolled<parts>([&](auto p) { sums[p] = L::zero(); });
    for (std::size_t w = 0; w < words;) {
        typename L::reg counts[parts];
        unrolled<parts>([&](auto p) { counts[p] = L::zero(); });
        for (std::size_t const end = words - w < L::most ? words : w + L::most; w < end; ++w) {
            auto const q = word(w);
            unrolled<parts>(
                [&](auto p) { counts[p] = L::add(counts[p], L::count(Join::template join<L>(q, L::load(block + 64 * w + p * L::size)))); });
        }
        unrolled<parts>([&](auto p) { sums[p] = L::add_wide(sums[p], L::widen(counts[p])); });
    }
    alignas(64) std::uint64_t lane[bit_block::rows];
    unrolled<parts>([&](auto p) { L::store(lane + p * L::size / 8, sums[p]); });
    for (std::size_t r = 0; r < bit_block::rows; ++r) out[r] = static_cast<std::uint32_t>(lane[r]);
}

/// With the words of the query in registers.
template <class L, class Join, std::size_t Words>
void count_blocks_of(std::uint64_t const* query, std::byte const* blocks, std::size_t count, std::uint32_t* out) noexcept {
    typename L::reg q[Words];
    unrolled<Words>([&](auto w) { q[w] = L::splat(query[w]); });
    for (std::size_t b = 0; b < count; ++b) {
        std::byte const* const block = blocks + 64 * Words * b;
        auto even = L::zero(), odd = L::zero();
        unrolled<Words>([&](auto w) {
            auto const counts = L::count(Join::template join<L>(q[w], L::load(block + 64 * w)));
            if constexpr (w % 2 == 0)
                even = L::add(even, counts);
            else
                odd = L::add(odd, counts);
        });
        alignas(64) std::uint64_t lane[bit_block::rows];
        L::store(lane, L::add(even, odd));
        for (std::size_t r = 0; r < bit_block::rows; ++r) out[bit_block::rows * b + r] = static_cast<std::uint32_t>(lane[r]);
    }
}

}  // namespace detail

/// out[8 b + r] = number of bits of Join(query, row r of block b) for `count` blocks one after the other. Exact.
/// @param words  at most 2^20
template <class Join, class Arch>
void count_bit_blocks(Arch, std::uint64_t const* query, std::size_t words, std::byte const* blocks, std::size_t count,
                      std::uint32_t* out) noexcept {
    using L = bits_of<Arch>;
    assert(words <= std::size_t{1} << 20);
    if constexpr (L::size == 64) {
        switch (words) {
            case 4: return detail::count_blocks_of<L, Join, 4>(query, blocks, count, out);
            case 6: return detail::count_blocks_of<L, Join, 6>(query, blocks, count, out);
            case 8: return detail::count_blocks_of<L, Join, 8>(query, blocks, count, out);
            case 12: return detail::count_blocks_of<L, Join, 12>(query, blocks, count, out);
            case 16: return detail::count_blocks_of<L, Join, 16>(query, blocks, count, out);
            case 24: return detail::count_blocks_of<L, Join, 24>(query, blocks, count, out);
            default: break;
        }
    }
    for (std::size_t b = 0; b < count; ++b)
        detail::count_block<L, Join>(
            words, [&](std::size_t w) noexcept { return L::splat(query[w]); }, blocks + 64 * words * b, out + bit_block::rows * b);
}

/// Hamming distances of a query to the rows of blocks.
template <class Arch>
void hamming_blocks(Arch arch, std::uint64_t const* query, std::size_t words, std::byte const* blocks, std::size_t count,
                    std::uint32_t* out) noexcept {
    count_bit_blocks<differing_bits>(arch, query, words, blocks, count, out);
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
