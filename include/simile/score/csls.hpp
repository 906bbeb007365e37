// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/top_mean.hpp>

#include <cstddef>
#include <vector>

/// Cross-domain similarity local scaling: 2 s(q, g) - r_T(q) - r_S(g), where r_T is the mean of the query's k largest scores over the gallery and r_S that
/// of the item's over a bank of queries. As half of it is s - r_T / 2 - r_S / 2, a bias an item and a constant a query.
///
/// Source    Conneau, Lample, Ranzato, Denoyer, Jegou, "Word Translation Without Parallel Data", ICLR 2018: k = 10.
namespace simile::score {

inline constexpr std::size_t csls_published_k = 10;

/// As published, in twice the unit of s.
/// @param r_query  top_mean() of the query; only scores that are compared between queries need it
/// @param r_item   bank_top_means() of the item
[[nodiscard]] inline double csls_score(double s, double r_query, double r_item) noexcept { return 2 * s - r_query - r_item; }

/// One bias an item, in the unit of s: half of bank_top_means(). The order within a query is that of csls_score.
/// @throws error not_finite, dimension_mismatch, invalid_argument (k = 0)
template <score_number T>
[[nodiscard]] std::vector<double> csls(matrix_view<T> bank, std::size_t items, std::size_t k = csls_published_k) {
    auto out = bank_top_means(bank, items, k);
    for (double& bias : out) bias /= 2;
    return out;
}

}  // namespace simile::score
