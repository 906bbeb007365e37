// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/inverted_softmax.hpp>

#include <cstddef>
#include <vector>

/// Inverted softmax over two banks, one of queries and one of gallery items: the product of both ratios, as one bias an item.
///
/// Source    Wang, Jian, Xue, "Balance Act: Mitigating Hubness in Cross-Modal Retrieval with Query and Gallery Banks", EMNLP 2023. Its code gates by query;
///           dual_bias is simile's own form of the dynamic one: the published product of two scores reverses the order of negative ones when both gates
///           are shut, this one is then the raw score. With both gates open it ranks as the published one.
namespace simile::score {

struct dual_inverse_temperatures {
    double query = 1 / 1.99;  ///< of the bank of queries: the default of the published code, for logits; 20 for cosines
    double gallery = 3;       ///< of the bank of gallery items
};

/// ln of the product of both ratios: (beta_query + beta_gallery) s - lse_query - lse_gallery. An empty bank (minus infinity) takes nothing away.
[[nodiscard]] inline double dual_inverted_softmax_log(double s, double lse_query, double lse_gallery,
                                                      dual_inverse_temperatures const& beta) noexcept {
    return inverted_softmax_log(s, lse_query, beta.query) + inverted_softmax_log(s, lse_gallery, beta.gallery);
}

/// The bias of an item from its biases by either bank: their mean, weighted by the inverse temperatures, over the banks whose gate is open; 0 when both are
/// shut. In units of s.
[[nodiscard]] inline double dual_bias(double bias_query, double bias_gallery, dual_inverse_temperatures const& beta, bool open_query = true,
                                      bool open_gallery = true) noexcept {
    double const query = open_query ? beta.query : 0.0, gallery = open_gallery ? beta.gallery : 0.0;
    return query + gallery > 0 ? (query * bias_query + gallery * bias_gallery) / (query + gallery) : 0.0;
}

/// One bias an item from two banks.
///
/// Shape     queries [NB][items], gallery [NC][items]; both empty: zeros
/// @throws error not_finite, dimension_mismatch, invalid_argument (a beta not positive)
template <score_number T>
[[nodiscard]] std::vector<double> dual_inverted_softmax(matrix_view<T> queries, matrix_view<T> gallery, std::size_t items,
                                                        dual_inverse_temperatures const& beta = {}) {
    auto out = inverted_softmax(queries, items, {beta.query});
    auto const other = inverted_softmax(gallery, items, {beta.gallery});
    for (std::size_t g = 0; g < items; ++g) out[g] = dual_bias(out[g], other[g], beta);
    return out;
}

}  // namespace simile::score
