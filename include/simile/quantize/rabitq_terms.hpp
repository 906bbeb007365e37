// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/quantize/rabitq.hpp>

#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile::quantize {

/// What RaBitQ stores for a vector x of a cluster with centroid c, as published; r = x - c. With <r, w> = 0 all terms but |r|^2 are 0.
///
/// estimate = add + g(q, c) + rescale * (<u, q> - (2^B - 1) / 2 * sum(q)), g = |q - c|^2 or -<q, c>; the exact value lies within
/// error * |q - c| of it, as often as epsilon says.
struct rabitq_terms {
    double add = 0;
    double rescale = 0;
    double error = 0;
};

/// Terms for both measures: |x - q|^2, and -<x, q> (without the 1 that one library adds to it).
struct rabitq_term_pair {
    rabitq_terms squared_l2;
    rabitq_terms negative_dot;
};

/// @param r      [d] x - c, rotated
/// @param c      [d] the centroid, rotated
/// @param codes  [d] of r
[[nodiscard]] inline rabitq_term_pair rabitq_terms_of(std::span<float const> r, std::span<float const> c,
                                                      std::span<std::uint8_t const> codes, unsigned bits,
                                                      double epsilon = rabitq_published_epsilon) noexcept {
    assert(r.size() == c.size() && r.size() == codes.size());
    auto const sums = sums_of(r, codes, bits);
    double const cw = sums_of(c, codes, bits).xw, scale = sums.xw > 0 ? sums.xx / sums.xw : 0.0;
    double const error = rabitq_error(r, codes, bits, epsilon);
    return {{sums.xx + 2 * scale * cw, -2 * scale, 2 * error}, {scale * cw - wide_dot(r, c), -scale, error}};
}

struct rabitq_estimate {
    double value = 0;
    double bound = 0;  ///< half the width of the confidence interval
};

/// @param g         |q - c|^2 or -<q, c>
/// @param distance  |q - c|
[[nodiscard]] inline rabitq_estimate rabitq_estimate_of(rabitq_terms const& terms, std::span<std::uint8_t const> codes, unsigned bits,
                                                        std::span<float const> q, double g, double distance) noexcept {
    return {terms.add + g + terms.rescale * sums_of(q, codes, bits).xw, terms.error * distance};
}

}  // namespace simile::quantize
