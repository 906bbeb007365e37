// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/quantize/code_factors.hpp>
#include <simile/quantize/stored_factor.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

/// Locally-adaptive vector quantization (Aguerrebere et al., "Similarity search in the blink of an eye with compressed indices", VLDB 2023): the
/// range of each vector, after the mean has been taken off, is cut into 2^B - 1 equal steps. LVQ-B1xB2 keeps B2 more bits of what is left.
namespace simile::quantize {

namespace detail {

struct value_range {
    float low = 0;
    float high = 0;
};

[[nodiscard]] inline value_range range_of(std::span<float const> x) noexcept {
    value_range range{x[0], x[0]};
    for (float const v : x) {
        range.low = std::min(range.low, v);
        range.high = std::max(range.high, v);
    }
    return range;
}

}  // namespace detail

/// The B-bit code of a vector, u = floor((x - low) / step + 1/2) with step = (high - low) / (2^B - 1). Its value is low + step u, within half a
/// step of x (and 2^B roundings of float). A constant vector has scale 0 and is exact.
///
/// @param x      [d], d >= 1, finite, of magnitudes below half of the largest float
/// @param bits   1 .. 8
/// @param codes  [d]
/// @returns      scale = step, offset = the middle of the range
inline code_factors lvq_encode(std::span<float const> x, unsigned bits, std::span<std::uint8_t> codes) noexcept {
    assert(!x.empty() && x.size() == codes.size() && bits >= 1 && bits <= 8);
    auto const [low, high] = detail::range_of(x);
    auto const largest = static_cast<std::int32_t>((1U << bits) - 1U);
    double const step = (double{high} - double{low}) / largest;
    // Half a step is taken off the low end instead of added to the product, which could be fused with it.
    float const inverse = safe_ratio(1, step), begin = static_cast<float>(double{low} - step / 2);
    for (std::size_t i = 0; i < x.size(); ++i) {
        auto const level = static_cast<std::int32_t>((x[i] - begin) * inverse);
        codes[i] = static_cast<std::uint8_t>(std::min(std::max(level, 0), largest));
    }
    return {static_cast<float>(step), static_cast<float>((double{low} + double{high}) / 2)};
}

/// The second level: the residual x - value lies in a step of the first level, which is cut into 2^B2 parts; the code is the part.
/// Its factors have offset 0 and need not be stored: scale = first.scale / 2^B2. The estimates of the two levels add up.
///
/// @param x       [d], what `first_codes` and `first` were made of with `first_bits`
/// @param codes   [d]
inline code_factors lvq_encode_residual(std::span<float const> x, unsigned first_bits, std::span<std::uint8_t const> first_codes,
                                        code_factors first, unsigned bits, std::span<std::uint8_t> codes) noexcept {
    assert(x.size() == first_codes.size() && x.size() == codes.size() && bits >= 1 && bits <= 8);
    auto const parts = static_cast<float>(1U << bits);
    auto const largest = static_cast<std::int32_t>((1U << bits) - 1U);
    double const low = double{first.offset} - double{first.scale} * (double{code_centre(first_bits)} + 0.5);
    double const inverse = first.scale > 0 ? double{parts} / double{first.scale} : 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        // Both products are exact or rounded alone: scale * code has 32 bits, and the other is only converted.
        double const begin = low + double{first.scale} * double(first_codes[i]);
        auto const part = static_cast<std::int32_t>((double{x[i]} - begin) * inverse);
        codes[i] = static_cast<std::uint8_t>(std::min(std::max(part, 0), largest));
    }
    return {first.scale / parts, 0};
}

/// The second level alone, for a first one whose factors are kept as stored_factor.hpp keeps them: their rounding goes into the residual.
///
/// @param codes  [d], of the second level
inline code_factors lvq_encode_second(std::span<float const> x, unsigned first_bits, unsigned bits,
                                      std::span<std::uint8_t> codes) noexcept {
    code_factors first = lvq_encode(x, first_bits, codes);
    first = {as_stored(first.scale, first_bits), as_stored(first.offset, first_bits)};
    // In place: each residual code needs the first code of its own coordinate alone.
    for (std::size_t i = 0; i < x.size(); ++i) {
        std::uint8_t const upper = codes[i];
        lvq_encode_residual(x.subspan(i, 1), first_bits, {&upper, 1}, first, bits, codes.subspan(i, 1));
    }
    return {first.scale / static_cast<float>(1U << bits), 0};
}

/// Both levels as one code of first_bits + second_bits <= 8 bits: u = 2^B2 u1 + u2, with scale = first.scale / 2^B2 and the offset of the first.
/// That is again a code of the common form, so one kernel scores either level.
///
/// @throws error invalid_argument when the bits are more than 8, or one of the numbers is 0
inline code_factors lvq_encode_two_level(std::span<float const> x, unsigned first_bits, unsigned second_bits,
                                         std::span<std::uint8_t> codes) {
    require(first_bits >= 1 && second_bits >= 1 && first_bits + second_bits <= 8, error_code::invalid_argument, "two levels of ",
            first_bits, " and ", second_bits, " bits are not 2 .. 8 bits together");
    require(!x.empty() && x.size() == codes.size(), error_code::dimension_mismatch, x.size(), " coordinates, ", codes.size(), " codes");
    auto const first = lvq_encode(x, first_bits, codes);
    // In place: each residual code needs the first code of its own coordinate alone.
    for (std::size_t i = 0; i < x.size(); ++i) {
        std::uint8_t const upper = codes[i];
        std::uint8_t lower = 0;
        lvq_encode_residual(x.subspan(i, 1), first_bits, {&upper, 1}, first, second_bits, {&lower, 1});
        codes[i] = static_cast<std::uint8_t>(upper << second_bits | lower);
    }
    return {first.scale / static_cast<float>(1U << second_bits), first.offset};
}

}  // namespace simile::quantize
