// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

/// Scores with a label each: 0 for what does not belong together, anything else for what does.
namespace simile {

struct class_counts {
    std::size_t positive = 0;
    std::size_t negative = 0;
};

/// @throws error dimension_mismatch when the lengths differ, not_finite
inline class_counts count_classes(std::span<float const> scores, std::span<std::uint8_t const> labels) {
    require(scores.size() == labels.size(), error_code::dimension_mismatch, scores.size(), " scores, but ", labels.size(), " labels");
    for (std::size_t i = 0; i < scores.size(); ++i)
        require(std::isfinite(scores[i]), error_code::not_finite, "score ", i, " is ", scores[i]);
    auto const negative = static_cast<std::size_t>(std::count(labels.begin(), labels.end(), std::uint8_t{0}));
    return {labels.size() - negative, negative};
}

/// The same for what needs both classes.
/// @throws error invalid_argument when one of them is empty
inline class_counts count_both_classes(std::span<float const> scores, std::span<std::uint8_t const> labels) {
    class_counts const counts = count_classes(scores, labels);
    require(counts.positive > 0 && counts.negative > 0, error_code::invalid_argument, "both classes are needed, there are ",
            counts.positive, " positive and ", counts.negative, " negative labels");
    return counts;
}

/// Positions by falling score, equal scores by position.
[[nodiscard]] inline std::vector<std::uint32_t> falling_order(std::span<float const> scores) {
    std::vector<std::uint32_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(),
              [scores](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
    return order;
}

}  // namespace simile
