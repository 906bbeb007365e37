// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/checks.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <vector>

namespace simile::score {

/// Which of a query's neighbours in a background set count: those of rank first .. first + k - 1, from 0.
struct background_options {
    double beta = 1;
    std::size_t k = 1;      ///< the VSC22 form: the nearest one; the SSCD form: a few
    std::size_t first = 0;  ///< those before it are left out, for example copies of the query
};

/// What all scores of one query lose: beta times the mean of its scores with its nearest neighbours in a set of vectors that it has nothing to do with. It
/// changes no ranking of one query but makes scores of different queries comparable, for one threshold over all.
///
/// Shape     background [n], any order; ranks beyond n do not count, and without any left the bias is 0
/// @throws error not_finite, invalid_argument (k = 0, a negative beta)
/// Source    Douze et al., "The 2021 Image Similarity Dataset and Challenge"; Pizzi et al., "A Self-Supervised Descriptor for Image Copy Detection", CVPR
///           2022 (mean of several ranks); Pizzi et al., "The 2023 Video Similarity Dataset and Challenge", 2023 (the nearest one, beta 1).
template <score_number T>
[[nodiscard]] double background_bias(std::span<T> background, background_options const& options = {}) {
    detail::require_some(options.k, "k of the background");
    detail::require_finite(options.beta, "beta of the background");
    require(options.beta >= 0, error_code::invalid_argument, "beta of the background is ", options.beta, ", less than 0");
    detail::require_finite(background, "a score with the background");
    std::size_t const n = background.size(), first = std::min(options.first, n), last = first + std::min(options.k, n - first);
    if (first == last) return 0;
    std::vector<std::remove_const_t<T>> falling(background.begin(), background.end());
    auto const at = [&](std::size_t i) { return falling.begin() + static_cast<std::ptrdiff_t>(i); };
    std::partial_sort(falling.begin(), at(last), falling.end(), std::greater<>());
    double sum = 0;
    std::for_each(at(first), at(last), [&](auto v) { sum += static_cast<double>(v); });
    return options.beta * sum / static_cast<double>(last - first);
}

}  // namespace simile::score
