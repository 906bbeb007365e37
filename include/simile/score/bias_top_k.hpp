// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/score/checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace simile::score {

struct biased_hits {
    std::vector<hit> hits;    ///< of the raw list, by their new scores
    std::size_t certain = 0;  ///< so many of the first are those that a scan of all items with the bias would give
};

/// Takes the bias of each item away from a list of raw results, for an index that cannot do so while it searches. Items that are not in the list scored at
/// most `raw_floor`, so with their bias at most raw_floor - least_bias: what is above that is certain. For many certain results fetch more than are wanted.
///
/// @param raw        some of the best raw results, any order
/// @param bias       [items]
/// @param least_bias the smallest bias of any item
/// @param raw_floor  no item outside of the list scored higher; minus infinity when there are none outside
/// @throws error not_finite, out_of_range (a row beyond the biases)
[[nodiscard]] inline biased_hits bias_top_k(std::span<hit const> raw, std::span<float const> bias, float least_bias, float raw_floor) {
    require(std::isfinite(least_bias), error_code::not_finite, "the smallest bias is ", least_bias);
    require(raw_floor < std::numeric_limits<float>::infinity(), error_code::not_finite, "the floor of raw scores is ", raw_floor);
    biased_hits out;
    out.hits.reserve(raw.size());
    for (hit const& h : raw) {
        require(h.row < bias.size(), error_code::out_of_range, "there is no bias for row ", h.row, " among ", bias.size());
        require(std::isfinite(h.score) && std::isfinite(bias[h.row]), error_code::not_finite, "row ", h.row, " has score ", h.score,
                " and bias ", bias[h.row]);
        out.hits.push_back({h.row, h.score - bias[h.row]});
    }
    std::sort(out.hits.begin(), out.hits.end(), ranks_before);
    float const beyond = raw_floor - least_bias;
    auto const end = std::partition_point(out.hits.begin(), out.hits.end(), [beyond](hit const& h) { return h.score > beyond; });
    out.certain = static_cast<std::size_t>(end - out.hits.begin());
    return out;
}

/// The same for the k best results of a search, best first: the floor is the last of their scores, or none when they are all items.
[[nodiscard]] inline biased_hits bias_top_k(std::span<hit const> raw, std::span<float const> bias, float least_bias) {
    constexpr float none = -std::numeric_limits<float>::infinity();
    return bias_top_k(raw, bias, least_bias,
                      raw.size() >= bias.size() ? none
                      : raw.empty()             ? std::numeric_limits<float>::max()
                                                : raw.back().score);
}

}  // namespace simile::score
