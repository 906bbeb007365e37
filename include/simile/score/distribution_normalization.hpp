// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/checks.hpp>

#include <cstddef>
#include <span>

/// Distribution normalization: (q - lambda mean of queries) . (g - lambda mean of gallery). Multiplied out it is s - bias_g - offset_q: one bias an item, so
/// stored vectors stay as they are.
///
/// Source    Zhou et al., "Test-Time Distribution Normalization for Contrastively Learned Vision-language Models", NeurIPS 2023:
///           lambda 1/2.
namespace simile::score {

inline constexpr double distribution_published_lambda = 0.5;

namespace detail {
[[nodiscard]] inline double checked_inner(std::span<float const> x, std::span<float const> mean) {
    require_size(mean.size(), x.size(), "the mean");
    require_finite(x, "a component");
    require_finite(mean, "a component of the mean");
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * double{mean[i]};
    return sum;
}
}  // namespace detail

/// The bias of an item: lambda <g, mean of queries>.
/// @throws error dimension_mismatch, not_finite
[[nodiscard]] inline double distribution_bias(std::span<float const> item, std::span<float const> mean_query,
                                              double lambda = distribution_published_lambda) {
    detail::require_finite(lambda, "lambda");
    return lambda * detail::checked_inner(item, mean_query);
}

/// What all scores of a query lose: lambda <q, mean of gallery> - lambda^2 <mean of queries, mean of gallery>. Ranks nothing, but makes the value whole.
/// @throws error dimension_mismatch, not_finite
[[nodiscard]] inline double distribution_offset(std::span<float const> query, std::span<float const> mean_query,
                                                std::span<float const> mean_gallery, double lambda = distribution_published_lambda) {
    detail::require_finite(lambda, "lambda");
    return lambda * (detail::checked_inner(query, mean_gallery) - lambda * detail::checked_inner(mean_query, mean_gallery));
}

}  // namespace simile::score
