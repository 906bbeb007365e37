// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/simd/interleaved_layout.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace simile::simd {

/// What the codes of up to four bits stand for, lowest code first.
using level_bytes = std::array<std::int8_t, 16>;

/// Layout of unsigned `Bits`-bit codes (1 .. 4) of 32 rows in groups of 32 dims: lines of 128 bytes, which are groups of simd::interleaved. Codes of three
/// bits have two lines of their upper two bits, for 16 dims each, and then one of their lowest.
template <unsigned Bits>
struct level_layout {
    static_assert(Bits >= 1 && Bits <= 4);
    static constexpr std::size_t per_group = 32;
    static constexpr std::size_t line_bytes = 4 * block_rows;
    static constexpr std::size_t group_bytes = Bits * line_bytes;

    [[nodiscard]] static constexpr std::size_t groups(std::size_t dims) noexcept { return (dims + per_group - 1) / per_group; }
    [[nodiscard]] static constexpr std::size_t block_bytes(std::size_t dims) noexcept { return group_bytes * groups(dims); }

    /// Adds value(i) for every dim to a slot that holds zeros.
    template <class Value>
    static void pack(std::size_t dims, std::uint8_t* block, std::size_t slot, Value value) noexcept {
        for (std::size_t first = 0; first < dims; first += per_group, block += group_bytes) {
            std::size_t const count = std::min(per_group, dims - first);
            if constexpr (Bits == 3) {
                upper::pack(count, block, slot, [&](std::size_t i) { return static_cast<unsigned>(value(first + i)) >> 1; });
                lower::pack(count, block + 2 * line_bytes, slot, [&](std::size_t i) { return value(first + i); });
            } else {
                upper::pack(count, block, slot, [&](std::size_t i) { return value(first + i); });
            }
        }
    }
    [[nodiscard]] static std::uint8_t at(std::uint8_t const* block, std::size_t slot, std::size_t i) noexcept {
        std::uint8_t const* const group = block + group_bytes * (i / per_group);
        std::uint8_t const first = upper::at(group, slot, i % per_group);
        if constexpr (Bits == 3)
            return static_cast<std::uint8_t>(first << 1 | lower::at(group + 2 * line_bytes, slot, i % per_group));
        else
            return first;
    }
    static void copy(std::size_t dims, std::uint8_t const* from, std::size_t from_slot, std::uint8_t* to, std::size_t to_slot) noexcept {
        for (std::size_t l = 0; l < Bits * groups(dims); ++l)
            std::memcpy(to + line_bytes * l + 4 * to_slot, from + line_bytes * l + 4 * from_slot, 4);
    }
    static void clear(std::size_t dims, std::uint8_t* block, std::size_t slot) noexcept {
        for (std::size_t l = 0; l < Bits * groups(dims); ++l) std::memset(block + line_bytes * l + 4 * slot, 0, 4);
    }

private:
    using upper = interleaved<Bits == 3 ? 2 : Bits>;
    using lower = interleaved<1>;
};

}  // namespace simile::simd
