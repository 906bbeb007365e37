// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/top_mean.hpp>

#include <cstddef>
#include <vector>

namespace simile::score {

/// For a bank of other queries than those to come, alpha 0.25 to 0.5 and k 8 to 16 were found to be safer.
struct nnn_options {
    std::size_t k = 128;  ///< neighbours in the bank, cut to its size
    double alpha = 0.75;  ///< share of their mean that is taken away; 0 leaves scores as they are
};

/// Nearest neighbour normalization: one bias an item, alpha times the mean of its k largest scores with the bank.
///
/// Shape     bank [NB][items]; NB = 0 gives zeros
/// Unit      of the scores
/// @throws error not_finite, dimension_mismatch, invalid_argument (k = 0, a negative alpha)
/// Source    Chowdhury et al., "Nearest Neighbor Normalization Improves Multimodal Retrieval", EMNLP 2024.
template <score_number T>
[[nodiscard]] std::vector<double> nnn(matrix_view<T> bank, std::size_t items, nnn_options const& options = {}) {
    detail::require_finite(options.alpha, "alpha");
    require(options.alpha >= 0, error_code::invalid_argument, "alpha is ", options.alpha, ", less than 0");
    auto out = bank_top_means(bank, items, options.k);
    for (double& bias : out) bias *= options.alpha;
    return out;
}

}  // namespace simile::score
