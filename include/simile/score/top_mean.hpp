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

/// The mean of the k largest values, k cut to how many there are; 0 for none. Reorders the values; the same whatever order they come in.
template <score_number T>
    requires(!std::is_const_v<T>)
[[nodiscard]] double top_mean_of(std::span<T> values, std::size_t k) {
    auto const n = static_cast<std::ptrdiff_t>(std::min(k, values.size()));
    if (n == 0) return 0;
    std::nth_element(values.begin(), values.begin() + (n - 1), values.end(), std::greater<>());
    std::sort(values.begin(), values.begin() + n, std::greater<>());  // a sum depends on its order
    double sum = 0;
    for (T const v : values.first(static_cast<std::size_t>(n))) sum += static_cast<double>(v);
    return sum / static_cast<double>(n);
}

/// The mean of the k largest scores of a query: r_T of CSLS. From a search, give the scores of its k best hits.
/// @throws error not_finite, invalid_argument (k = 0)
template <score_number T>
[[nodiscard]] double top_mean(std::span<T> scores, std::size_t k) {
    detail::require_some(k, "k");
    detail::require_finite(scores, "a score");
    std::vector<std::remove_const_t<T>> copy(scores.begin(), scores.end());
    return top_mean_of(std::span(copy), k);
}

/// For every item the mean of its k largest scores with the bank: the neighbourhood that CSLS and NNN correct by.
///
/// Shape     bank [NB][items]; NB = 0 gives zeros; k is cut to NB
/// @throws error not_finite, dimension_mismatch, invalid_argument (k = 0)
template <score_number T>
[[nodiscard]] std::vector<double> bank_top_means(matrix_view<T> bank, std::size_t items, std::size_t k) {
    detail::require_some(k, "k");
    detail::require_bank(bank, items);
    std::vector<double> out(items);
    std::vector<std::remove_const_t<T>> column(bank.rows());
    for (std::size_t g = 0; g < items; ++g) {
        for (std::size_t b = 0; b < bank.rows(); ++b) column[b] = bank[b][g];
        out[g] = top_mean_of(std::span(column), k);
    }
    return out;
}

}  // namespace simile::score
