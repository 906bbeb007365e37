// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/core/unrolled.hpp>
#include <simile/simd/arch.hpp>
#include <simile/simd/interleaved_layout.hpp>
#include <simile/simd/load_floats.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__wasm_simd128__) && !defined(SIMILE_SCALAR)
#include <wasm_simd128.h>
#endif

namespace simile::simd {

/// From the integers of a block to its scores: float(2 integer + plus) * (factor * scale), an exact integer, one conversion and two products.
struct score_form {
    std::int32_t plus = 0;
    float scale = 1;
};

using block_floats = std::array<float, block_rows>;

namespace kernel {

// Modulo 2^32: the sum fits even where 2 <u, q> alone does not.
[[nodiscard]] inline std::int32_t numerator(std::int32_t integer, score_form const& form) noexcept {
    return static_cast<std::int32_t>(2 * static_cast<std::uint32_t>(integer) + static_cast<std::uint32_t>(form.plus));
}
[[nodiscard]] inline float stored_factor(float const* f) noexcept { return *f; }
[[nodiscard]] inline float stored_factor(half const* f) noexcept { return to_float(*f); }

template <class Arch, class Factor>
[[nodiscard]] std::uint32_t score_block(block_dots const& dots, score_form const& form, Factor const* factors, float threshold,
                                        block_floats& out, scalar_arch const&) noexcept {
    std::uint32_t reaching = 0;
    for (std::size_t r = 0; r < block_rows; ++r)
        out[r] = static_cast<float>(numerator(dots[r], form)) * (stored_factor(factors + r) * form.scale);
    for (unsigned r = 0; r < block_rows; ++r) reaching |= static_cast<std::uint32_t>(out[r] >= threshold) << r;
    return reaching;
}

template <class Arch>
[[nodiscard]] std::uint32_t reaching(float const* scores, float threshold, scalar_arch const&) noexcept {
    std::uint32_t bits = 0;
    for (unsigned r = 0; r < block_rows; ++r) bits |= static_cast<std::uint32_t>(scores[r] >= threshold) << r;
    return bits;
}

#if !defined(SIMILE_SCALAR)
template <class Arch>
[[nodiscard]] std::uint32_t reaching(float const* scores, float threshold, xsimd::generic const&) noexcept {
    using batch = xsimd::batch<float, Arch>;
    std::uint32_t bits = 0;
    for (std::size_t r = 0; r < block_rows; r += batch::size)
        bits |= static_cast<std::uint32_t>((batch::load_unaligned(scores + r) >= batch(threshold)).mask()) << r;
    return bits;
}

template <class Arch, class Factor>
[[nodiscard]] std::uint32_t score_block(block_dots const& dots, score_form const& form, Factor const* factors, float threshold,
                                        block_floats& out, xsimd::generic const&) noexcept {
    using batch = xsimd::batch<float, Arch>;
    using integers = xsimd::batch<std::int32_t, Arch>;
    std::uint32_t reaching = 0;
    unrolled<block_rows / batch::size>([&](auto part) {
        constexpr std::size_t at = part * batch::size;
        integers const integer = integers::load_unaligned(dots.data() + at);
        batch const scores =
            xsimd::to_float(integer + integer + integers(form.plus)) * (load_floats<Arch>(factors + at) * batch(form.scale));
        scores.store_unaligned(out.data() + at);
        reaching |= static_cast<std::uint32_t>((scores >= batch(threshold)).mask()) << at;
    });
    return reaching;
}

#if defined(__wasm_simd128__)
[[nodiscard]] inline v128_t load_factors(float const* p) noexcept { return wasm_v128_load(p); }
// Factors are finite and mostly normal: 2^112 moves the exponent from bias 15 to 127 and normalises subnormals.
[[nodiscard]] inline v128_t load_factors(half const* p) noexcept {
    v128_t const bits = wasm_u32x4_load16x4(p);
    v128_t const magnitude = wasm_f32x4_mul(wasm_i32x4_shl(wasm_v128_and(bits, wasm_i32x4_splat(0x7FFF)), 13), wasm_f32x4_splat(0x1p112F));
    return wasm_v128_or(magnitude, wasm_i32x4_shl(wasm_v128_and(bits, wasm_i32x4_splat(0x8000)), 16));
}

template <class Arch, class Factor>
[[nodiscard]] std::uint32_t score_block(block_dots const& dots, score_form const& form, Factor const* factors, float threshold,
                                        block_floats& out, xsimd::wasm const&) noexcept {
    v128_t const plus = wasm_i32x4_splat(form.plus), scale = wasm_f32x4_splat(form.scale), limit = wasm_f32x4_splat(threshold);
    std::uint32_t reaching = 0;
    unrolled<block_rows / 4>([&](auto part) {
        v128_t const numerator = wasm_i32x4_add(wasm_i32x4_shl(wasm_v128_load(dots.data() + 4 * part), 1), plus);
        v128_t const scores = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(numerator), wasm_f32x4_mul(load_factors(factors + 4 * part), scale));
        wasm_v128_store(out.data() + 4 * part, scores);
        reaching |= static_cast<std::uint32_t>(wasm_i32x4_bitmask(wasm_f32x4_ge(scores, limit))) << (4 * part);
    });
    return reaching;
}
#endif
#endif
}  // namespace kernel

/// Bit r says whether score r of 32 reaches the threshold.
template <class Arch>
[[nodiscard]] std::uint32_t reaching(Arch arch, float const* scores, float threshold) noexcept {
    return kernel::reaching<Arch>(scores, threshold, arch);
}

/// Scores of the 32 rows of a block; bit r of the result says whether row r reaches `threshold`.
/// @param factors  32 of them, float or half, finite
template <class Arch, class Factor>
[[nodiscard]] std::uint32_t score_block(Arch arch, block_dots const& dots, score_form const& form, Factor const* factors, float threshold,
                                        block_floats& out) noexcept {
    return kernel::score_block<Arch>(dots, form, factors, threshold, out, arch);
}

}  // namespace simile::simd

#if defined(SIMILE_DISPATCH) && !defined(SIMILE_SCALAR)
#include <simile/simd/dispatch.hpp>
#endif
