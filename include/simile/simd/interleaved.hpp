// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/simd/interleaved_kernels.hpp>
#include <simile/simd/interleaved_wasm.hpp>

namespace simile::simd {

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
/// out[r] = number of bits in which row r of interleaved<1> differs from `inverted`, exact: with the complement of a query's bits, and zeros beyond the
/// dims, that is the number in which it agrees with the query.
/// @param inverted  four bytes a group, in the layout of a row
template <class Arch>
void interleaved_agreement(Arch arch, std::uint8_t const* inverted, std::uint8_t const* block, std::size_t groups,
                           block_dots& out) noexcept {
    kernel::interleaved_agreement<Arch>(inverted, block, groups, out, arch);
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
