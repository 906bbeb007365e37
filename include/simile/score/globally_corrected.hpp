// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/score/checks.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

/// Globally corrected retrieval: an item ranks by the place that the query has among the bank's vectors, seen from the item; equal places by the score.
///
/// Source    Dinu, Lazaridou, Baroni, "Improving zero-shot learning by mitigating the hubness problem", ICLR workshop 2015.
namespace simile::score {

/// How many of the falling scores are larger than s: the query's place from 0 among the bank, equal scores not counted.
template <score_number T>
[[nodiscard]] std::size_t corrected_rank(std::span<T> falling, double s) noexcept {
    auto const first = std::partition_point(falling.begin(), falling.end(), [s](T v) { return static_cast<double>(v) > s; });
    return static_cast<std::size_t>(first - falling.begin());
}

/// As published: s - rank, larger first. A cosine spans 2, so items of neighbouring ranks change places when their scores differ by more than 1;
/// corrected_before does not let them.
[[nodiscard]] inline double corrected_score(double s, std::size_t rank) noexcept { return s - static_cast<double>(rank); }

/// Whether an item of this rank and score comes before another: rank first, then score.
[[nodiscard]] inline bool corrected_before(std::size_t rank_a, double a, std::size_t rank_b, double b) noexcept {
    return rank_a < rank_b || (rank_a == rank_b && a > b);
}

/// The scores of every item with the bank, sorted: 4 bytes a score. Bank vectors and items come and go exactly.
///
/// Items are rows 0 .. items() - 1 as in an index: removing one gives its row to the last.
class globally_corrected_bank {
public:
    explicit globally_corrected_bank(std::size_t items = 0) : falling_(items) {}

    [[nodiscard]] std::size_t items() const noexcept { return falling_.size(); }
    [[nodiscard]] std::size_t bank_rows() const noexcept { return rows_; }

    /// A vector of the bank, by its score with every item.
    /// @throws error not_finite, dimension_mismatch
    void add_row(std::span<float const> scores) {
        check(scores, items(), "a row of the bank");
        for (std::size_t g = 0; g < scores.size(); ++g) {
            auto& values = falling_[g];
            values.insert(std::upper_bound(values.begin(), values.end(), scores[g], std::greater<>()), scores[g]);
        }
        ++rows_;
    }
    /// Takes a vector of the bank out, by the same scores.
    /// @throws error as above, and invalid_argument when an item has no such score; nothing has changed then
    void remove_row(std::span<float const> scores) {
        check(scores, items(), "a row of the bank");
        require(rows_ > 0, error_code::invalid_argument, "the bank has no row to remove");
        for (std::size_t g = 0; g < scores.size(); ++g)
            require(std::binary_search(falling_[g].begin(), falling_[g].end(), scores[g], std::greater<>()), error_code::invalid_argument,
                    "the bank has no score ", scores[g], " with item ", g);
        for (std::size_t g = 0; g < scores.size(); ++g)
            falling_[g].erase(std::lower_bound(falling_[g].begin(), falling_[g].end(), scores[g], std::greater<>()));
        --rows_;
    }
    /// A new item, by its score with every vector of the bank.
    void add_item(std::span<float const> scores) {
        check(scores, rows_, "a new item");
        falling_.emplace_back(scores.begin(), scores.end());
        std::sort(falling_.back().begin(), falling_.back().end(), std::greater<>());
    }
    /// The last item takes its row.
    void remove_item(row_t item) {
        require_item(item);
        if (item + std::size_t{1} != items()) falling_[item] = std::move(falling_.back());
        falling_.pop_back();
    }

    /// How many vectors of the bank are closer to the item than a query with this score; O(log NB).
    [[nodiscard]] std::size_t rank(row_t item, float s) const {
        require_item(item);
        return corrected_rank(std::span<float const>(falling_[item]), double{s});
    }
    [[nodiscard]] std::span<float const> scores(row_t item) const {
        require_item(item);
        return falling_[item];
    }

private:
    void require_item(row_t item) const {
        require(item < items(), error_code::out_of_range, "there is no item ", item, " among ", items());
    }
    static void check(std::span<float const> scores, std::size_t expected, std::string_view what) {
        detail::require_size(scores.size(), expected, what);
        detail::require_finite(scores, "a score of the bank");
    }

    std::size_t rows_ = 0;
    std::vector<std::vector<float>> falling_;
};

/// Every item's scores with the bank in falling order, for corrected_rank().
///
/// Shape     bank [NB][items] to [items][NB]
/// @throws error not_finite, dimension_mismatch
template <score_number T>
[[nodiscard]] std::vector<std::vector<std::remove_const_t<T>>> falling_bank_scores(matrix_view<T> bank, std::size_t items) {
    detail::require_bank(bank, items);
    std::vector<std::vector<std::remove_const_t<T>>> out(items);
    for (std::size_t g = 0; g < items; ++g) {
        for (std::size_t b = 0; b < bank.rows(); ++b) out[g].push_back(bank[b][g]);
        std::sort(out[g].begin(), out[g].end(), std::greater<>());
    }
    return out;
}

}  // namespace simile::score
