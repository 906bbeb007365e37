// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

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
        for (std::size_t g = 0; g < groups(dims); ++g)
            std::memcpy(to + group_bytes * g + 4 * to_slot, from + group_bytes * g + 4 * from_slot, 4);
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

/// Puts the groups of four dims of up to eight queries side by side; `tile` holds 8 * padded bytes, those of missing queries zero.
/// @param padded  a multiple of 4
inline void pack_query_tile(std::int8_t const* const* queries, std::size_t count, std::size_t padded, std::int8_t* tile) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t g = 0; g < padded / 4; ++g) std::memcpy(tile + 4 * (query_tile * g + i), queries[i] + 4 * g, 4);
}

}  // namespace simile::simd
