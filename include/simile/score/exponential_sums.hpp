// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/simd/arch.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>

namespace simile::score {

/// Up to this inverse temperature the sums of exponential_sums() neither over- nor underflow: e^(-2 * 300) is 1e-261.
inline constexpr double largest_shifted_beta = 300;

namespace detail {

/// 2^f = sum of (f ln 2)^k / k!: within 6e-9 for |f| <= 1/2.
inline constexpr std::array<float, 8> power_of_two_terms{1.0F,          0.69314718F,   0.24022651F,   0.055504109F,
                                                         0.0096181291F, 0.0013333558F, 1.5403530e-4F, 1.5252734e-5F};
/// Added and taken away again it rounds a float below 2^22 in magnitude to an integer, which stands in the lowest bits in between.
inline constexpr float rounding_shift = 0x1.8p23F;

/// 2^(factor * (score - 1)) as mantissa * 2^exponent for a few scores at once; `Lanes` is float or a register of floats.
template <class Lanes>
[[gnu::always_inline]] inline void split_power(Lanes const& score, Lanes const& factor, Lanes& mantissa, Lanes& shifted) noexcept {
    Lanes const x = rounded(Lanes(score * factor)) - factor;
    shifted = x + Lanes(rounding_shift);
    Lanes const f = x - (shifted - Lanes(rounding_shift));
    mantissa = Lanes(power_of_two_terms.back());
    for (std::size_t k = power_of_two_terms.size() - 1; k-- > 0;) mantissa = rounded(Lanes(mantissa * f)) + Lanes(power_of_two_terms[k]);
}

inline void split_powers(scalar_arch, float const* scores, float factor, float* mantissas, float* shifted) noexcept {
    for (std::size_t i = 0; i < block_rows; ++i) split_power(scores[i], factor, mantissas[i], shifted[i]);
}
#if !defined(SIMILE_SCALAR)
template <class Arch>
    requires(!std::derived_from<Arch, scalar_arch>)
void split_powers(Arch, float const* scores, float factor, float* mantissas, float* shifted) noexcept {
    using batch = xsimd::batch<float, Arch>;
    for (std::size_t i = 0; i < block_rows; i += batch::size) {
        batch mantissa, shift;
        split_power(batch::load_unaligned(scores + i), batch(factor), mantissa, shift);
        mantissa.store_unaligned(mantissas + i);
        shift.store_unaligned(shifted + i);
    }
}
#endif

}  // namespace detail

/// out[i] = e^(beta (s[i] - 1)) for a block of cosines. With this shift every term of every bank is in [e^(-2 beta), 1], so a sum of them needs no
/// maximum beside it: rows of a bank are added and taken away by + and -.
///
/// The same bits on every platform.
/// Error     relative, at most 2e-7 (beta + 2)
/// Requires  0 < beta <= largest_shifted_beta, s in [-1.1, 1.1]; asserted only
template <class Arch>
void shifted_exponentials(Arch arch, std::span<float const, block_rows> s, double beta, std::span<double, block_rows> out) noexcept {
    assert(beta > 0 && beta <= largest_shifted_beta);
    assert(std::all_of(s.begin(), s.end(), [](float v) { return v >= -1.1F && v <= 1.1F; }));
    float mantissas[block_rows], shifted[block_rows];
    detail::split_powers(arch, s.data(), static_cast<float>(beta * std::numbers::log2e), mantissas, shifted);
    constexpr auto zero = std::bit_cast<std::int32_t>(detail::rounding_shift);
    for (std::size_t i = 0; i < block_rows; ++i) {
        std::int64_t const exponent = std::bit_cast<std::int32_t>(shifted[i]) - zero;
        auto const bits = std::bit_cast<std::uint64_t>(double{mantissas[i]}) + (static_cast<std::uint64_t>(exponent) << 52);
        out[i] = std::bit_cast<double>(bits);
    }
}

/// sums[i] += e^(beta (s[i] - 1)), what a scan does with the scores of a bank vector.
inline void add_exponentials(std::span<float const, block_rows> s, double beta, std::span<double, block_rows> sums) noexcept {
    std::array<double, block_rows> terms;
    shifted_exponentials(compiled_arch{}, s, beta, terms);
    for (std::size_t i = 0; i < block_rows; ++i) sums[i] += terms[i];
}

}  // namespace simile::score
