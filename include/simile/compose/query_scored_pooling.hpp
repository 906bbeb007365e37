// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/compose/direction.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::compose {

/// An item of several parts (frames, chunks, patches) as the query sees it.
struct scored_parts {
    std::vector<double> weights;  ///< [n], their sum is 1
    std::vector<float> pooled;    ///< [dims], sum of the weights times the parts' directions; not of unit length
    double cosine;                ///< of the query with it; 0 when one of them is zero
};

/// Weights softmax(cos(query, part) / temperature): near the best part for a low temperature, near the mean for a high one. It is made anew for each query, so
/// it re-ranks what was found by the stored means, in O(n dims) an item. `similarity::query_weighted_pooling` is the same for parts whose lengths count.
///
/// @param query        [dims], finite; its length means nothing
/// @param parts        [n, dims], n >= 1, finite; their lengths mean nothing
/// @param temperature  > 0
/// @throws error dimension_mismatch, invalid_argument, not_finite
/// Source  Bain, Nagrani, Varol, Zisserman, "A CLIP-Hitchhiker's Guide to Long Video Retrieval", 2022.
[[nodiscard]] inline scored_parts query_scored_pooling(std::span<float const> query, matrix_view<float const> parts,
                                                       double temperature = 0.1) {
    detail::require_vector(query, query.size(), "the query");
    detail::require_rows(parts, query.size(), "the list of parts");
    require(std::isfinite(temperature), error_code::not_finite, "the temperature is ", temperature);
    require(temperature > 0, error_code::invalid_argument, "the temperature must be positive, is ", temperature);
    auto const q = detail::direction(query);
    scored_parts out{{}, std::vector<float>(query.size()), 0};
    for (std::size_t i = 0; i < parts.rows(); ++i) out.weights.push_back(detail::dot(q, detail::direction(parts[i])));
    double const largest = *std::max_element(out.weights.begin(), out.weights.end());
    double total = 0;
    for (double& w : out.weights) total += w = std::exp((w - largest) / temperature);
    std::vector<double> sum(query.size());
    for (std::size_t i = 0; i < parts.rows(); ++i) detail::add_direction(sum, parts[i], out.weights[i] /= total);
    std::transform(sum.begin(), sum.end(), out.pooled.begin(), [](double v) { return static_cast<float>(v); });
    double const length = std::sqrt(detail::dot(sum, sum));
    out.cosine = length > 0 ? std::clamp(detail::dot(q, sum) / length, -1.0, 1.0) : 0;
    return out;
}

}  // namespace simile::compose
