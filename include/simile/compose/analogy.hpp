// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/compose/direction.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// "a is to b as c is to ?". Leave the three words themselves out of the answer: they nearly always come first.
/// Source  Levy, Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations", CoNLL 2014.
namespace simile::compose {

/// 3CosAdd as one vector: cos(x, b) - cos(x, a) + cos(x, c) = |sum| cos(x, out), so any index can search with it.
///
/// @param a, b, c  [dims], finite; their lengths mean nothing
/// @param out      [dims], of unit length; zeros when the three cancel out
/// @return         |sum|, 0 when they do
/// @throws error dimension_mismatch, invalid_argument, not_finite
inline double analogy_query(std::span<float const> a, std::span<float const> b, std::span<float const> c, std::span<float> out) {
    for (auto const x : {a, b, c}) detail::require_vector(x, out.size(), "a vector of the analogy");
    std::vector<double> sum(out.size());
    detail::add_direction(sum, b, 1);
    detail::add_direction(sum, a, -1);
    detail::add_direction(sum, c, 1);
    return detail::write_unit(sum, 3 * detail::cancelled, out);
}

/// 3CosAdd of one candidate from its three cosines.
[[nodiscard]] inline double three_cos_add(double cos_a, double cos_b, double cos_c) noexcept { return cos_b - cos_a + cos_c; }

/// 3CosMul of one candidate from its three cosines: b' c' / (a' + eps) with x' = (x + 1) / 2. No single large cosine outweighs the others, but it takes three
/// rows of scores instead of one search.
/// @param eps  > 0; keeps the quotient finite
[[nodiscard]] inline double three_cos_mul(double cos_a, double cos_b, double cos_c, double eps = 1e-3) noexcept {
    auto const positive = [](double cosine) { return (std::clamp(cosine, -1.0, 1.0) + 1) / 2; };
    return positive(cos_b) * positive(cos_c) / (positive(cos_a) + eps);
}

}  // namespace simile::compose
