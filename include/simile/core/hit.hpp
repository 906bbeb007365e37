// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace simile {

/// Position of a vector in an index, 0 .. size - 1.
using row_t = std::uint32_t;

/// One answer of a search. Larger scores are closer, whatever the similarity.
struct hit {
    row_t row;
    float score;

    friend bool operator==(hit const&, hit const&) = default;
};

/// The order of results: score falling, then row rising. Total, so every search has exactly one answer.
[[nodiscard]] constexpr bool ranks_before(hit const& a, hit const& b) noexcept {
    return a.score > b.score || (a.score == b.score && a.row < b.row);
}

/// Whether larger or smaller values of a similarity functor mean closer.
enum class ordering { larger_is_closer, smaller_is_closer };

/// Rows of a block: the unit of codes, filters and top-k tests.
inline constexpr std::size_t block_rows = 32;

/// Largest number of dimensions: int8 x int8 sums of this many products fit 32 bits.
inline constexpr std::size_t max_dims = 65536;

[[nodiscard]] constexpr std::size_t blocks_of(std::size_t rows) noexcept { return (rows + block_rows - 1) / block_rows; }

}  // namespace simile
