// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/log_sum_exp.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace simile::score {

struct inverted_softmax_options {
    /// Inverse temperature. The default is that of cosines; for CLIP-like logits 1 / 1.99 was published.
    double beta = 20;
};

/// The bias that an item has by inverted softmax: ln of the mean over the bank of e^(beta s), in units of s. For beta -> 0 it is the item's mean score with
/// the bank, for a large beta its largest.
///
/// @param lse     ln(sum over the bank of e^(beta s))
/// @param weight  how many vectors the bank has (decayed ones count less); 0: an empty bank, bias 0
[[nodiscard]] inline double inverted_softmax_bias(double lse, double weight, double beta) noexcept {
    return weight > 0 ? (lse - std::log(weight)) / beta : 0.0;
}

/// ln of the ratio e^(beta s) / sum over the bank, which is what was published. Ranks as s - bias does. With an empty bank: beta s.
[[nodiscard]] inline double inverted_softmax_log(double s, double lse, double beta) noexcept {
    return beta * s - (std::isinf(lse) && lse < 0 ? 0.0 : lse);
}

/// One bias an item, to be taken away from every score: an item that is close to much of the bank (a hub) needs more to rank.
///
/// Shape     bank [NB][items]: the scores of each vector of the bank with each item; NB = 0 gives zeros
/// Unit      of the scores: s - bias stays comparable between queries
/// @throws error not_finite, dimension_mismatch, invalid_argument (beta not positive)
/// Source    Smith, Turban, Hamblin, Hammerla, "Offline bilingual word vectors, orthogonal transformations and the inverted softmax", ICLR 2017; beta 20 is
///           that of Bogolin et al., "Cross Modal Retrieval with Querybank Normalisation", CVPR 2022.
template <score_number T>
[[nodiscard]] std::vector<double> inverted_softmax(matrix_view<T> bank, std::size_t items, inverted_softmax_options const& options = {}) {
    auto out = bank_log_sum_exp(bank, items, options.beta);
    auto const weight = static_cast<double>(bank.rows());
    std::transform(out.begin(), out.end(), out.begin(), [&](double lse) { return inverted_softmax_bias(lse, weight, options.beta); });
    return out;
}

}  // namespace simile::score
