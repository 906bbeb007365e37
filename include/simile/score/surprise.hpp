// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/score/checks.hpp>
#include <simile/score/gallery_moments.hpp>

#include <cmath>
#include <cstddef>
#include <numbers>

/// Relevance without any label: how surprising a score would be if nothing in the gallery had to do with the query.
namespace simile::score {

/// The share of normal values above z, without cancelling: 1e-23 at z = 10.
[[nodiscard]] inline double normal_tail(double z) noexcept { return std::erfc(z / std::numbers::sqrt2) / 2; }

/// The chance that the best of `items` scores of unrelated rows stays below one that lies z standard deviations above their mean, were these normal:
/// about 0.5 where one such score in a gallery of this size is to be expected, and near 1 where none is.
///
/// This says how far a score stands out, not how often people find such a hit right: with labels, fit one of calibration.hpp instead. Scores of real
/// embeddings have heavier tails than normal ones, so it is rather too sure.
///
/// @param z      of the score among those of the whole gallery, as gallery_moments::of_scores gives it
/// @param items  at least 1
/// @returns      in [0, 1], rising with z
/// @throws error invalid_argument (no items), not_finite
/// Source        simile's own; the law of the largest of n, (1 - Q(z))^n.
[[nodiscard]] inline double surprise(double z, std::size_t items) {
    detail::require_finite(z, "z");
    detail::require_some(items, "the number of items");
    return std::exp(static_cast<double>(items) * std::log1p(-normal_tail(z)));
}

/// The score at which surprise() is `relevance`: what search_options::min_score must be for an honest "nothing relevant".
///
/// @param moments    of the query's scores over the whole gallery
/// @param relevance  in (0, 1)
/// @throws error invalid_argument (relevance not inside, no items), not_finite
[[nodiscard]] inline double surprising_score(gallery_moments::moments const& moments, std::size_t items, double relevance) {
    detail::require_finite(relevance, "the relevance");
    require(relevance > 0 && relevance < 1, error_code::invalid_argument, "the relevance is ", relevance, ", not between 0 and 1");
    detail::require_some(items, "the number of items");
    // Bisection: the tail has no inverse in the standard library, and 60 steps are nothing beside a search.
    double low = -40, high = 40;
    for (int step = 0; step < 60; ++step) {
        double const middle = low / 2 + high / 2;
        (surprise(middle, items) < relevance ? low : high) = middle;
    }
    return moments.mean + high * moments.deviation;
}

}  // namespace simile::score
