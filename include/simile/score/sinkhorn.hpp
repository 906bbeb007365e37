// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/checks.hpp>
#include <simile/score/log_sum_exp.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

/// Sinkhorn normalization: scales rows and columns of the bank's scores in turn until every item gets the same share. The item scales are one bias an item.
/// In log space throughout: a row far below the others makes nothing infinite. Needs the whole matrix, so there is no streaming form.
namespace simile::score {

namespace detail {

/// Scales of the rows and columns of e^((m - shift) / divisor) that make sums 1, in log space. Refers to the matrix.
template <score_number T>
class log_scaling {
public:
    log_scaling(matrix_view<T> matrix, double divisor, double shift = 0) : matrix_(matrix), divisor_(divisor), shift_(shift) {}

    /// -ln(sum over a row of the matrix times the scales of its columns).
    [[nodiscard]] std::vector<double> of_rows(std::vector<double> const& column_scales) const {
        std::vector<double> out(matrix_.rows());
        for (std::size_t i = 0; i < out.size(); ++i) {
            log_sum_exp sum;
            for (std::size_t j = 0; j < matrix_.dims(); ++j) sum.add(at(i, j) + column_scales[j]);
            out[i] = -sum.value();
        }
        return out;
    }
    [[nodiscard]] std::vector<double> of_columns(std::vector<double> const& row_scales) const {
        std::vector<log_sum_exp> sums(matrix_.dims());
        for (std::size_t i = 0; i < matrix_.rows(); ++i)
            for (std::size_t j = 0; j < sums.size(); ++j) sums[j].add(at(i, j) + row_scales[i]);
        std::vector<double> out(sums.size());
        std::transform(sums.begin(), sums.end(), out.begin(), [](log_sum_exp const& s) { return -s.value(); });
        return out;
    }

private:
    [[nodiscard]] double at(std::size_t i, std::size_t j) const noexcept {
        return (static_cast<double>(matrix_[i][j]) - shift_) / divisor_;
    }

    matrix_view<T> matrix_;
    double divisor_, shift_;
};

/// Takes ln(sum of e^x) away from all of them.
inline void log_softmax(std::vector<double>& x) {
    log_sum_exp sum;
    for (double const v : x) sum.add(v);
    for (double& v : x) v -= sum.value();
}

}  // namespace detail

struct sinkhorn_scales {
    std::vector<double> log_rows;     ///< [NB]: a, a log softmax
    std::vector<double> log_columns;  ///< [items]: b, a log softmax
};

/// The loop of UCoFiA: b = 1 / column sums, then `iterations` times a = 1 / (K b) and b = 1 / (a K), where K is e^(logits - their largest). The bias of an
/// item is -log_columns, in units of the logits.
///
/// Shape     logits [NB][items]; NB = 0: no rows, and 0 for every item
/// @throws error not_finite, dimension_mismatch, invalid_argument (no iterations)
/// Source    Wang, Sung, Cheng, Bertasius, Bansal, "Unified Coarse-to-Fine Alignment for Video-Text Retrieval", ICCV 2023: 4 iterations.
template <score_number T>
[[nodiscard]] sinkhorn_scales sinkhorn(matrix_view<T> logits, std::size_t items, std::size_t iterations = 4) {
    detail::require_some(iterations, "the number of iterations");
    detail::require_bank(logits, items);
    if (logits.rows() == 0 || items == 0) return {std::vector<double>(logits.rows(), 0.0), std::vector<double>(items, 0.0)};
    auto const largest = static_cast<double>(*std::max_element(logits.values().begin(), logits.values().end()));
    detail::log_scaling const scaling(logits, 1, largest);
    sinkhorn_scales out;
    out.log_columns = scaling.of_columns(std::vector<double>(logits.rows(), 0.0));
    for (std::size_t i = 0; i < iterations; ++i) {
        out.log_rows = scaling.of_rows(out.log_columns);
        out.log_columns = scaling.of_columns(out.log_rows);
    }
    detail::log_softmax(out.log_rows);
    detail::log_softmax(out.log_columns);
    return out;
}

struct sinkhorn_options {
    double temperature = 0.01;    ///< of cosines
    std::size_t iterations = 10;  ///< a warm start needs one or two
};

/// One bias an item in units of the scores, of mean 0: optimal transport between bank and items, each of which gets the same share.
///
/// Shape     bank [NB][items]; NB = 0 gives zeros
/// @param warm  the biases of a bank that was like this one, or nothing: what to start from
/// @throws error not_finite, dimension_mismatch, invalid_argument (a temperature that is not positive, no iterations)
/// Source    the form of DBSN (ACM MM 2025, github.com/ppanzx/DBSN): temperature 0.01, 10 iterations, uniform shares, the potentials of the items.
template <score_number T>
[[nodiscard]] std::vector<double> sinkhorn_bias(matrix_view<T> bank, std::size_t items, sinkhorn_options const& options = {},
                                                std::span<double const> warm = {}) {
    detail::require_positive(options.temperature, "the temperature");
    detail::require_some(options.iterations, "the number of iterations");
    detail::require_bank(bank, items);
    detail::require_finite(warm, "a bias to start from");
    if (!warm.empty()) detail::require_size(warm.size(), items, "the biases to start from");
    if (bank.rows() == 0 || items == 0) return std::vector<double>(items, 0.0);
    detail::log_scaling const scaling(bank, options.temperature);
    std::vector<double> log_columns(items), log_rows(bank.rows(), 0.0);
    if (!warm.empty()) {
        std::transform(warm.begin(), warm.end(), log_columns.begin(), [&](double bias) { return -bias / options.temperature; });
        log_rows = scaling.of_rows(log_columns);
    }
    for (std::size_t i = 0; i < options.iterations; ++i) {
        if (i > 0) log_rows = scaling.of_rows(log_columns);
        log_columns = scaling.of_columns(log_rows);
    }
    double const mean = std::accumulate(log_columns.begin(), log_columns.end(), 0.0) / static_cast<double>(items);
    for (double& v : log_columns) v = -options.temperature * (v - mean);
    return log_columns;
}

}  // namespace simile::score
