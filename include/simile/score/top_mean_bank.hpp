// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/score/top_mean.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace simile::score {

/// The means of bank_top_means() while bank and items come and go: keeps the k largest scores of every item, 4 k bytes each.
///
/// Items are rows 0 .. items() - 1 as in an index: removing one gives its row to the last.
/// Exact: what was added and removed in any order gives the bits of what remains.
class top_mean_bank {
public:
    /// @throws error invalid_argument (k = 0)
    explicit top_mean_bank(std::size_t items = 0, std::size_t k = 128) : k_(k), largest_(items) { detail::require_some(k, "k"); }

    [[nodiscard]] std::size_t k() const noexcept { return k_; }
    [[nodiscard]] std::size_t items() const noexcept { return largest_.size(); }
    [[nodiscard]] std::size_t bank_rows() const noexcept { return rows_; }

    /// A vector of the bank, by its score with every item.
    /// @throws error not_finite, dimension_mismatch
    void add_row(std::span<float const> scores) {
        check(scores, items(), "a row of the bank");
        for (std::size_t g = 0; g < scores.size(); ++g) push(largest_[g], scores[g]);
        ++rows_;
    }

    /// Takes a vector of the bank out, by the same scores.
    /// @return  the items that had it among their k largest and do not know what comes after: give set_item() their scores
    [[nodiscard]] std::vector<row_t> remove_row(std::span<float const> scores) {
        check(scores, items(), "a row of the bank");
        require(rows_ > 0, error_code::invalid_argument, "the bank has no row to remove");
        std::vector<row_t> stale;
        for (std::size_t g = 0; g < scores.size(); ++g)
            if (!remove(largest_[g], scores[g])) stale.push_back(static_cast<row_t>(g));
        --rows_;
        return stale;
    }

    /// A new item, by its score with every vector of the bank.
    void add_item(std::span<float const> scores) {
        check(scores, rows_, "a new item");
        largest_.push_back(largest_of(scores));
    }
    /// The same for an item that changed, or that remove_row() named.
    void set_item(row_t item, std::span<float const> scores) {
        require_item(item);
        check(scores, rows_, "an item");
        largest_[item] = largest_of(scores);
    }
    /// The last item takes its row.
    void remove_item(row_t item) {
        require_item(item);
        if (item + std::size_t{1} != items()) largest_[item] = std::move(largest_.back());
        largest_.pop_back();
    }

    /// 0 for an empty bank.
    [[nodiscard]] double mean(row_t item) const {
        require_item(item);
        auto copy = largest_[item];
        return top_mean_of(std::span(copy), k_);
    }
    /// `factor` times the means: the biases of NNN (alpha) and of CSLS (1/2).
    [[nodiscard]] std::vector<float> biases(double factor) const {
        std::vector<float> out(items());
        for (std::size_t g = 0; g < out.size(); ++g) out[g] = static_cast<float>(factor * mean(static_cast<row_t>(g)));
        return out;
    }

private:
    using heap = std::vector<float>;  // the smallest in front

    void require_item(row_t item) const {
        require(item < items(), error_code::out_of_range, "there is no item ", item, " among ", items());
    }
    static void check(std::span<float const> scores, std::size_t expected, std::string_view what) {
        detail::require_size(scores.size(), expected, what);
        detail::require_finite(scores, "a score of the bank");
    }

    void push(heap& values, float score) const {
        if (values.size() == k_) {
            if (score <= values.front()) return;
            std::pop_heap(values.begin(), values.end(), std::greater<>());
            values.pop_back();
        }
        values.push_back(score);
        std::push_heap(values.begin(), values.end(), std::greater<>());
    }
    /// Whether the values are still the k largest.
    [[nodiscard]] bool remove(heap& values, float score) const {
        if (rows_ > k_) return score < values.front();
        values.erase(std::find(values.begin(), values.end(), score));
        std::make_heap(values.begin(), values.end(), std::greater<>());
        return true;
    }
    [[nodiscard]] heap largest_of(std::span<float const> scores) const {
        heap out;
        for (float const s : scores) push(out, s);
        return out;
    }

    std::size_t k_;
    std::size_t rows_ = 0;
    std::vector<heap> largest_;
};

}  // namespace simile::score
