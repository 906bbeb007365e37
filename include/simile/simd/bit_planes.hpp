// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace simile::simd {

/// Layout of `Bits`-bit values (1, 2 or 4) in 16-byte groups: byte j of a group holds the values of dims j, j + 16, j + 32, ... of the
/// group, lowest bits first, so that unpacking is shifts and masks of whole registers.
template <unsigned Bits>
struct bit_plane {
    static_assert(Bits == 1 || Bits == 2 || Bits == 4);
    static constexpr std::size_t per_group = 128 / Bits;
    static constexpr unsigned mask = (1U << Bits) - 1;

    [[nodiscard]] static constexpr std::size_t groups(std::size_t dims) noexcept { return (dims + per_group - 1) / per_group; }
    [[nodiscard]] static constexpr std::size_t bytes(std::size_t dims) noexcept { return 16 * groups(dims); }
    /// Dims rounded up to whole groups.
    [[nodiscard]] static constexpr std::size_t padded(std::size_t dims) noexcept { return per_group * groups(dims); }

    /// Adds value(i) for every dim to a plane that holds zeros.
    template <class Value>
    static void pack(std::size_t dims, std::uint8_t* plane, Value value) noexcept {
        for (std::size_t i = 0; i < dims; ++i) {
            std::size_t const at = i % per_group;
            std::uint8_t& byte = plane[16 * (i / per_group) + at % 16];
            byte = static_cast<std::uint8_t>(byte | (static_cast<unsigned>(value(i)) & mask) << (at / 16 * Bits));
        }
    }

    [[nodiscard]] static unsigned at(std::uint8_t const* plane, std::size_t i) noexcept {
        return static_cast<unsigned>(plane[16 * (i / per_group) + i % 16]) >> (i % per_group / 16 * Bits) & mask;
    }
};

}  // namespace simile::simd
