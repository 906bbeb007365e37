// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/unrolled.hpp>
#include <simile/simd/interleaved_kernels.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
#include <wasm_simd128.h>

namespace simile::simd::kernel {

/// Eight rows at a time: a pair of 32-bit sums a row, added up at the end. The next four dims of the query lie 4 * stride bytes on.
template <unsigned Bits, class Arch>
void wasm_pass(std::int8_t const* query, std::size_t stride, std::uint8_t const* block, std::size_t groups, block_dots& out) noexcept {
    using layout = interleaved<Bits>;
    v128_t const mask = wasm_u8x16_splat(layout::mask);
    for (std::size_t part = 0; part < 4; ++part) {
        v128_t sums[4] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0), wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
        std::uint8_t const* rows = block + 32 * part;
        std::int8_t const* q = query;
        for (std::size_t g = 0; g < groups; ++g, rows += layout::group_bytes)
            unrolled<8 / Bits>([&](auto f) {
                v128_t const wide = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(q));
                q += 4 * stride;
                unrolled<2>([&](auto half) {
                    v128_t u = wasm_v128_load(rows + 16 * half);
                    if constexpr (f > 0) u = wasm_u8x16_shr(u, f * Bits);
                    if constexpr (Bits < 8 && f + 1 < 8 / Bits) u = wasm_v128_and(u, mask);
                    sums[2 * half] = wasm_i32x4_add(sums[2 * half], wasm_i32x4_dot_i16x8(wasm_u16x8_extend_low_u8x16(u), wide));
                    sums[2 * half + 1] = wasm_i32x4_add(sums[2 * half + 1], wasm_i32x4_dot_i16x8(wasm_u16x8_extend_high_u8x16(u), wide));
                });
            });
        unrolled<2>([&](auto half) {
            v128_t const even = wasm_i32x4_shuffle(sums[2 * half], sums[2 * half + 1], 0, 2, 4, 6),
                         odd = wasm_i32x4_shuffle(sums[2 * half], sums[2 * half + 1], 1, 3, 5, 7);
            wasm_v128_store(out.data() + 8 * part + 4 * half, wasm_i32x4_add(even, odd));
        });
    }
}

template <unsigned Bits, class Arch>
void interleaved_dots(std::int8_t const* query, std::uint8_t const* block, std::size_t groups, block_dots& out,
                      xsimd::wasm const&) noexcept {
    wasm_pass<Bits, Arch>(query, 1, block, groups, out);
}
template <unsigned Bits, class Arch>
void interleaved_dots_many(std::int8_t const* queries, std::uint8_t const* block, std::size_t groups, tile_dots& out,
                           xsimd::wasm const&) noexcept {
    for (std::size_t i = 0; i < query_tile; ++i) wasm_pass<Bits, Arch>(queries + 4 * i, query_tile, block, groups, out[i]);
}

}  // namespace simile::simd::kernel
#endif
