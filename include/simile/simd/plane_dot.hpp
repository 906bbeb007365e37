// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/unrolled.hpp>
#include <simile/simd/arch.hpp>
#include <simile/simd/bit_planes.hpp>
#include <simile/simd/byte_lanes.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
#include <wasm_simd128.h>
#endif

namespace simile::simd {

namespace kernel {

template <unsigned Bits, class Arch>
[[nodiscard]] std::int32_t plane_dot(std::uint8_t const* plane, std::int8_t const* query, std::size_t groups, scalar_arch const&) noexcept {
    std::int32_t sum = 0;
    for (std::size_t g = 0; g < groups; ++g)
        for (unsigned field = 0; field < 8 / Bits; ++field)
            for (std::size_t j = 0; j < 16; ++j)
                sum += static_cast<std::int32_t>(static_cast<unsigned>(plane[16 * g + j]) >> (field * Bits) & bit_plane<Bits>::mask) *
                       query[bit_plane<Bits>::per_group * g + 16 * field + j];
    return sum;
}

#if !defined(SIMILE_SCALAR)
// Values are at most 15, so pairs of products fit 16 bits: 2 * 15 * 127 = 3810, and eight of those too.
template <unsigned Bits, class V>
[[nodiscard]] std::int32_t plane_dot_of(std::uint8_t const* plane, std::int8_t const* query, std::size_t groups) noexcept {
    auto sum = V::zero();
    for (std::size_t g = 0; g < groups; ++g) {
        auto const bytes = V::load(plane + 16 * g);
        auto const multiplied = [&](auto f, auto multiply) {
            return multiply(V::template field<Bits, f>(bytes), V::load(query + bit_plane<Bits>::per_group * g + 16 * f));
        };
        if constexpr (V::direct) {
            unrolled<8 / Bits>([&](auto f) { sum = multiplied(f, [&](auto u, auto q) { return V::add_dots(sum, u, q); }); });
        } else {
            auto pairs = V::zero_words();
            unrolled<8 / Bits>(
                [&](auto f) { pairs = V::add_words(pairs, multiplied(f, [](auto u, auto q) { return V::multiply_pairs(u, q); })); });
            sum = V::add(sum, V::template widen<1>(pairs));
        }
    }
    return V::total(sum);
}

template <unsigned Bits, class Arch>
[[nodiscard]] std::int32_t plane_dot(std::uint8_t const* plane, std::int8_t const* query, std::size_t groups,
                                     xsimd::generic const&) noexcept {
    if constexpr (has_byte_lanes128<Arch>)
        return plane_dot_of<Bits, byte_lanes128<Arch>>(plane, query, groups);
    else
        return plane_dot<Bits, scalar_arch>(plane, query, groups, scalar_arch{});
}

#if defined(__wasm_simd128__)
template <unsigned Bits, class Arch>
[[nodiscard]] std::int32_t plane_dot(std::uint8_t const* plane, std::int8_t const* query, std::size_t groups, xsimd::wasm const&) noexcept {
    v128_t const mask = wasm_u8x16_splat(bit_plane<Bits>::mask);
    v128_t sum = wasm_i32x4_splat(0);
    for (std::size_t g = 0; g < groups; ++g) {
        v128_t const bytes = wasm_v128_load(plane + 16 * g);
        v128_t pairs = wasm_i16x8_splat(0);
        unrolled<8 / Bits>([&](auto f) {
            v128_t const value = wasm_v128_and(wasm_u8x16_shr(bytes, f * Bits), mask);
            v128_t const q = wasm_v128_load(query + bit_plane<Bits>::per_group * g + 16 * f);
            pairs = wasm_i16x8_add(pairs, wasm_i16x8_add(wasm_i16x8_extmul_low_i8x16(value, q), wasm_i16x8_extmul_high_i8x16(value, q)));
        });
        sum = wasm_i32x4_add(sum, wasm_i32x4_extadd_pairwise_i16x8(pairs));
    }
    return wasm_i32x4_extract_lane(sum, 0) + wasm_i32x4_extract_lane(sum, 1) + wasm_i32x4_extract_lane(sum, 2) +
           wasm_i32x4_extract_lane(sum, 3);
}
#endif
#endif
}  // namespace kernel

/// <v, q> of one row in bit_plane<Bits> layout (1, 2 or 4 bits), exact.
/// @param query  per_group * groups codes, zero beyond the dims
template <unsigned Bits, class Arch>
[[nodiscard]] std::int32_t plane_dot(Arch arch, std::uint8_t const* plane, std::int8_t const* query, std::size_t groups) noexcept {
    return kernel::plane_dot<Bits, Arch>(plane, query, groups, arch);
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
