// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace simile::eval {

/// How unevenly the items of a gallery are found. N(g), the k-occurrence of item g, counts the queries that have g among their k nearest; the mean of
/// N is k queries / items whatever the similarity, and hubs are items far above it.
struct hubness_measures {
    double skewness = 0;            ///< third central moment over the power 1.5 of the second; above 1.2 there are hubs worth a look
    double robin_hood = 0;          ///< share of the occurrences that would have to move for all N to be equal
    double antihub_occurrence = 0;  ///< share of the items that no query finds
    double hub_occurrence = 0;      ///< share of the occurrences that go to items with N >= 2 k
    double gini = 0;                ///< 0 for equal N, towards 1 when one item has all
    double atkinson = 0;            ///< Atkinson's index at 0.5
    double max_share = 0;           ///< share of the occurrences that the largest hub has
};

namespace detail {

[[nodiscard]] inline double skewness_of(std::span<std::uint32_t const> n, double mean) {
    double second = 0, third = 0;
    for (std::uint32_t const v : n) {
        double const off = double(v) - mean;
        second += off * off;
        third += off * off * off;
    }
    double const count = static_cast<double>(n.size());
    return second == 0 ? 0 : third / count / std::pow(second / count, 1.5);
}

/// 2 sum i x_(i) / (n sum x) - (n + 1) / n over x rising, i from 1.
[[nodiscard]] inline double gini_of(std::span<std::uint32_t const> n, double total) {
    std::vector<std::uint32_t> rising(n.begin(), n.end());
    std::sort(rising.begin(), rising.end());
    double const count = static_cast<double>(n.size());
    double sum = 0;
    for (std::size_t i = 0; i < rising.size(); ++i) sum += (2 * static_cast<double>(i + 1) - count - 1) * double(rising[i]);
    return sum / (count * total);
}

/// 1 - (mean of roots)^2 / mean.
[[nodiscard]] inline double atkinson_of(std::span<std::uint32_t const> n, double mean) {
    double roots = 0;
    for (std::uint32_t const v : n) roots += std::sqrt(double(v));
    roots /= static_cast<double>(n.size());
    return 1 - roots * roots / mean;
}

}  // namespace detail

/// The measures of given counts. Without occurrences all are 0, but the share of antihubs is 1.
///
/// @param occurrence  [items], items >= 1
/// @param k           how many were counted a query
/// @throws error invalid_argument when there are no items or k is 0
/// Source  Radovanovic, Nanopoulos, Ivanovic, "Hubs in Space", JMLR 2010; Feldbauer, Leodolter, Plant, Flexer 2018 (Robin Hood, antihubs, hub
///         occurrence with a hub size of 2).
[[nodiscard]] inline hubness_measures measure_hubness(std::span<std::uint32_t const> occurrence, std::size_t k) {
    require(!occurrence.empty(), error_code::invalid_argument, "there are no items");
    require(k > 0, error_code::invalid_argument, "k is 0");
    double const items = static_cast<double>(occurrence.size());
    hubness_measures out;
    double total = 0, hubs = 0, moved = 0;
    for (std::uint32_t const v : occurrence) {
        total += double(v);
        if (v >= 2 * k) hubs += double(v);
    }
    out.antihub_occurrence = static_cast<double>(std::count(occurrence.begin(), occurrence.end(), 0U)) / items;
    if (total == 0) return out;
    double const mean = total / items;
    for (std::uint32_t const v : occurrence) moved += std::abs(double(v) - mean);
    out.skewness = detail::skewness_of(occurrence, mean);
    out.robin_hood = 0.5 * moved / total;
    out.hub_occurrence = hubs / total;
    out.gini = detail::gini_of(occurrence, total);
    out.atkinson = detail::atkinson_of(occurrence, mean);
    out.max_share = double(*std::max_element(occurrence.begin(), occurrence.end())) / total;
    return out;
}

/// Counts the answers of searches as they are served: one counter an item, so that it can watch a live index.
class occurrence_counter {
public:
    /// @throws error invalid_argument when items or k is 0
    occurrence_counter(std::size_t items, std::size_t k) : counts_(items), k_(std::min(k, items)) {
        require(items > 0 && k > 0, error_code::invalid_argument, items, " items, k of ", k);
    }

    /// The answer of one query, best first; only its first k are counted.
    /// @throws error out_of_range for a row that is none of the items, and nothing is counted
    void add(std::span<hit const> nearest) {
        auto const first = nearest.first(std::min(nearest.size(), k_));
        for (hit const& h : first)
            require(h.row < counts_.size(), error_code::out_of_range, "row ", h.row, " of ", counts_.size(), " items");
        for (hit const& h : first) ++counts_[h.row];
        ++queries_;
    }

    [[nodiscard]] std::span<std::uint32_t const> occurrence() const noexcept { return counts_; }
    [[nodiscard]] std::size_t queries() const noexcept { return queries_; }
    [[nodiscard]] std::size_t k() const noexcept { return k_; }
    [[nodiscard]] hubness_measures measures() const { return measure_hubness(counts_, k_); }

private:
    std::vector<std::uint32_t> counts_;
    std::size_t k_;
    std::size_t queries_ = 0;
};

/// The counter of a matrix of scores, larger is closer, ties by smaller column.
///
/// @param scores        [queries, items], finite; both at least 1
/// @param k             at least 1; cut to the items a query may find
/// @param exclude_self  whether query i must not find item i: for a set that searches itself, which makes the matrix square
/// @throws error invalid_argument, dimension_mismatch (not square, but self is excluded), not_finite
[[nodiscard]] inline occurrence_counter count_occurrences(matrix_view<float const> scores, std::size_t k, bool exclude_self) {
    require(scores.rows() > 0 && scores.dims() > 0 && k > 0, error_code::invalid_argument, scores.rows(), " queries, ", scores.dims(),
            " items, k of ", k);
    require(!exclude_self || scores.rows() == scores.dims(), error_code::dimension_mismatch, scores.rows(), " queries are not the same as ",
            scores.dims(), " items");
    require(!exclude_self || scores.dims() > 1, error_code::invalid_argument, "one item without itself has no neighbours");
    require(all_finite(scores.values()), error_code::not_finite, "a score is NaN or infinite");
    std::size_t const kept = std::min(k, scores.dims() - (exclude_self ? 1 : 0));
    occurrence_counter out(scores.dims(), kept);
    std::vector<hit> row;
    for (std::size_t q = 0; q < scores.rows(); ++q) {
        row.clear();
        for (std::size_t g = 0; g < scores.dims(); ++g)
            if (!exclude_self || g != q) row.push_back({static_cast<row_t>(g), scores[q][g]});
        std::partial_sort(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(kept), row.end(), ranks_before);
        out.add(row);
    }
    return out;
}

}  // namespace simile::eval
