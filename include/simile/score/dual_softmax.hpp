// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/checks.hpp>
#include <simile/score/log_sum_exp.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

/// Dual softmax: a score times how much of the item's attention, over all queries, this query has. The published form needs all queries at once; the online
/// one has a bank in their place. The product turns the sense of negative scores around: give logits that are positive.
///
/// Source    Cheng, Lin, Wu, Yang, Shen, "Improving Video-Text Retrieval by Multi-Stream Corpus Alignment and Dual Softmax Loss", 2021: temperature 1000.
///           The online form is simile's own.
namespace simile::score {

inline constexpr double dual_softmax_published_temperature = 1000;

/// s softmax(s / temperature over the queries) n.
///
/// Shape     scores [n][items], a row for each query; n = 1 changes nothing
/// @throws error not_finite, invalid_argument (a temperature that is not positive)
template <score_number T>
[[nodiscard]] std::vector<double> dual_softmax(matrix_view<T> scores, double temperature = dual_softmax_published_temperature) {
    detail::require_positive(temperature, "the temperature");
    auto const lse = bank_log_sum_exp(scores, scores.dims(), 1 / temperature);
    auto const n = static_cast<double>(scores.rows());
    std::vector<double> out;
    out.reserve(scores.values().size());
    for (std::size_t q = 0; q < scores.rows(); ++q)
        for (std::size_t g = 0; g < scores.dims(); ++g) {
            auto const s = static_cast<double>(scores[q][g]);
            out.push_back(s * std::exp(s / temperature - lse[g]) * n);
        }
    return out;
}

/// The same for one query among a bank: s softmax(s / temperature over the query and the bank) (NB + 1).
///
/// @param lse   ln(sum over the bank of e^(s / temperature)) of the item, as bank_log_sum_exp and inverted_softmax_bank give it; minus infinity: no bank
/// @param rows  NB
[[nodiscard]] inline double online_dual_softmax(double s, double lse, double rows, double temperature) noexcept {
    log_sum_exp sum = log_sum_exp::of_value(lse);
    sum.add(s / temperature);
    return s * std::exp(s / temperature - sum.value()) * (rows + 1);
}

}  // namespace simile::score
