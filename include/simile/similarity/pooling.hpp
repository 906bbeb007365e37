// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/similarity/checks.hpp>
#include <simile/similarity/dot.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// One vector for many: of the tokens of a text, the frames of a video, the patches of a picture.
/// Shapes    tokens [n][d], n >= 1; out [d], which must not be part of the tokens.
/// Error     sums in double, rounded to float once.
/// Throws    dimension_mismatch, invalid_argument (no tokens, a senseless parameter), not_finite.
/// Results are not brought to unit length.
namespace simile::similarity {

namespace detail {
template <class Weight>
void weighted_mean(matrix_view<float const> tokens, Weight weight, double total, std::span<float> out) {
    std::vector<double> sum(tokens.dims());
    for (std::size_t t = 0; t < tokens.rows(); ++t)
        for (std::size_t i = 0; i < tokens.dims(); ++i) sum[i] += rounded(weight(t) * double{tokens[t][i]});
    std::transform(sum.begin(), sum.end(), out.begin(), [total](double s) { return static_cast<float>(s / total); });
}
inline void require_pool(matrix_view<float const> tokens, std::span<float> out) {
    require_rows(tokens, "the matrix of tokens");
    require_dims(out.size(), tokens.dims(), "out");
}
}  // namespace detail

/// The mean of the tokens. Its inner product with a query is the mean of the tokens' inner products.
inline void mean_pooling(matrix_view<float const> tokens, std::span<float> out) {
    detail::require_pool(tokens, out);
    detail::weighted_mean(tokens, [](std::size_t) { return 1.0; }, static_cast<double>(tokens.rows()), out);
}

/// The weighted mean, sum w_t x_t / sum w_t: an attention mask of 0 and 1, or the frequency weights of SIF (Arora, Liang, Ma, ICLR 2017).
/// @param weights  [n], >= 0, one of them positive
inline void mean_pooling(matrix_view<float const> tokens, std::span<float const> weights, std::span<float> out) {
    detail::require_pool(tokens, out);
    require(weights.size() == tokens.rows(), error_code::dimension_mismatch, weights.size(), " weights for ", tokens.rows(), " tokens");
    detail::require_finite(weights, "the weights");
    detail::require_no_negative(weights, "weight");
    double total = 0;
    for (float const w : weights) total += double{w};
    require(total > 0, error_code::invalid_argument, "the weights of ", tokens.rows(), " tokens add up to 0");
    detail::weighted_mean(tokens, [&](std::size_t t) { return double{weights[t]}; }, total, out);
}

/// The mean weighted by likeness to the query, weights softmax(<query, x_t> / temperature): near the best token for a low temperature, near the mean for a
/// high one. It has to be made anew for each query, so it re-ranks.
/// @param query        [d]
/// @param temperature  > 0; 0.1 suits tokens and queries of unit length
/// Source  Bain, Nagrani, Varol, Zisserman, "A CLIP-Hitchhiker's Guide to Long Video Retrieval", 2022.
inline void query_weighted_pooling(matrix_view<float const> tokens, std::span<float const> query, std::span<float> out,
                                   double temperature = 0.1) {
    detail::require_pool(tokens, out);
    detail::require_dims(query.size(), tokens.dims(), "the query");
    detail::require_finite(query, "the query");
    detail::require_positive(temperature, "the temperature");
    std::vector<double> weights(tokens.rows());
    for (std::size_t t = 0; t < tokens.rows(); ++t) weights[t] = double{dot(reproducible, query, tokens[t])} / temperature;
    // Less their largest no exponential overflows, and one of them is 1.
    double const largest = *std::max_element(weights.begin(), weights.end());
    double total = 0;
    for (double& w : weights) total += w = std::exp(w - largest);
    detail::weighted_mean(tokens, [&](std::size_t t) { return weights[t]; }, total, out);
}

/// Generalised mean by component, (1/n sum max(x_t, floor)^p)^(1/p): p = 1 is the mean of positive features, and p to infinity their maximum.
/// @param p      > 0; trained models have about 3
/// @param floor  > 0; smaller features count as this
/// Source  Radenovic, Tolias, Chum, "Fine-tuning CNN Image Retrieval with No Human Annotation" (GeM), TPAMI 2018, equation 3.
inline void generalised_mean_pooling(matrix_view<float const> tokens, std::span<float> out, double p = 3, double floor = 1e-6) {
    detail::require_pool(tokens, out);
    detail::require_positive(p, "p");
    detail::require_positive(floor, "floor");
    for (std::size_t i = 0; i < tokens.dims(); ++i) {
        double largest = floor;
        for (std::size_t t = 0; t < tokens.rows(); ++t) largest = std::max(largest, double{tokens[t][i]});
        // Relative to the largest no power overflows.
        double sum = 0;
        for (std::size_t t = 0; t < tokens.rows(); ++t) sum += std::pow(std::max(double{tokens[t][i]}, floor) / largest, p);
        out[i] = static_cast<float>(largest * std::pow(sum / static_cast<double>(tokens.rows()), 1 / p));
    }
}

}  // namespace simile::similarity
