// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::similarity {

/// HarMax: the probabilities that models trained with the harmonic loss give their candidates,  p_i = d_i^-n / sum_j d_j^-n  for distances d.
///
/// Unlike softmax it does not change when all distances are multiplied by the same number.
///
/// Shape     distances [m] >= 0, m >= 1, Euclidean in the paper; out [m], may be the same memory.
/// Unit      probabilities that add up to 1. A distance of 0 takes all; several of them share.
/// Error     in logarithms and double, so no power under- or overflows; rounded to float once.
/// Index     falls with the distance: candidates come from an index under similarity_kind::squared_l2, d = sqrt(-score).
/// Source    Baek, Liu, Tyagi, Tegmark, "Harmonic Loss Trains Interpretable AI Models", 2025.
/// @param exponent  n > 0, the one of the training
/// @throws error dimension_mismatch, invalid_argument (no distances, a negative one, an exponent that is not positive), not_finite
inline void harmonic_max(std::span<float const> distances, double exponent, std::span<float> out) {
    require(!distances.empty(), error_code::invalid_argument, "there are no distances");
    require(out.size() == distances.size(), error_code::dimension_mismatch, "out has ", out.size(), " places for ", distances.size(),
            " distances");
    detail::require_finite(distances, "the distances");
    detail::require_no_negative(distances, "distance");
    detail::require_positive(exponent, "the exponent");
    double const nearest = *std::min_element(distances.begin(), distances.end());
    std::vector<double> share(distances.size());
    std::transform(distances.begin(), distances.end(), share.begin(), [&](float d) {
        if (nearest == 0) return d == 0 ? 1.0 : 0.0;
        return std::exp(-exponent * std::log(double{d} / nearest));
    });
    double sum = 0;
    for (double const s : share) sum += s;
    std::transform(share.begin(), share.end(), out.begin(), [sum](double s) { return static_cast<float>(s / sum); });
}

}  // namespace simile::similarity
