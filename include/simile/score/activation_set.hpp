// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/score/checks.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace simile::score {

/// The items that are among the k best of at least one vector of the bank: the gate of dynamic inverted softmax. A query whose best item is none of them
/// looks like nothing of the bank, so the bank says nothing about it and its scores stay as they are.
///
/// Keeps the k best of every bank vector and counts for every item how many list it, so that items and bank vectors can come and go; equal scores by row,
/// as everywhere. Items are rows 0 .. items() - 1: removing one gives its row to the last.
/// Source    Bogolin, Croitoru, Jin, Liu, Albanie, "Cross Modal Retrieval with Querybank Normalisation", CVPR 2022: k = 1.
class activation_set {
public:
    /// @throws error invalid_argument (k = 0)
    explicit activation_set(std::size_t items = 0, std::size_t k = 1) : k_(k), counts_(items) {
        detail::require_some(k, "k of the activation set");
    }

    [[nodiscard]] std::size_t k() const noexcept { return k_; }
    [[nodiscard]] std::size_t items() const noexcept { return counts_.size(); }
    [[nodiscard]] std::size_t bank_rows() const noexcept { return lists_.size(); }
    [[nodiscard]] bool active(row_t item) const noexcept { return item < counts_.size() && counts_[item] != 0; }
    /// How many vectors of the bank have the item among their k best.
    [[nodiscard]] std::span<std::uint32_t const> counts() const noexcept { return counts_; }
    /// The k best items of a bank vector, best first; fewer where there are fewer.
    [[nodiscard]] std::span<hit const> best(std::size_t bank_row) const {
        require_row(bank_row);
        return lists_[bank_row];
    }

    /// A new vector of the bank, by its best items: at least the k best that there are, best first, as a search gives them.
    void add_row(std::span<hit const> best) {
        auto list = checked(best);
        lists_.push_back(std::move(list));
        count(lists_.back(), 1);
    }
    /// The same by its score with every item.
    void add_row_scores(std::span<float const> scores) { add_row(best_of(scores)); }
    /// For a bank vector that remove_item() named.
    void set_row(std::size_t bank_row, std::span<hit const> best) {
        require_row(bank_row);
        auto list = checked(best);
        count(lists_[bank_row], -1);
        lists_[bank_row] = std::move(list);
        count(lists_[bank_row], 1);
    }
    /// The last vector of the bank takes its place.
    void remove_row(std::size_t bank_row) {
        require_row(bank_row);
        count(lists_[bank_row], -1);
        if (bank_row + 1 != lists_.size()) lists_[bank_row] = std::move(lists_.back());
        lists_.pop_back();
    }

    /// A new item, by its score with every vector of the bank.
    void add_item(std::span<float const> scores) {
        check_scores(scores);
        counts_.push_back(0);
        offer(static_cast<row_t>(counts_.size() - 1), scores);
    }

    /// Takes an item out; the last one takes its row, and with a smaller row it may win where scores are equal.
    /// @param last_scores  of the last item with every vector of the bank; not looked at when `item` is the last
    /// @return  vectors of the bank that must be searched again, as one of their best is gone: give set_row() what is found before anything else is done
    [[nodiscard]] std::vector<std::size_t> remove_item(row_t item, std::span<float const> last_scores) {
        require(item < counts_.size(), error_code::out_of_range, "there is no item ", item, " among ", counts_.size());
        auto const last = static_cast<row_t>(counts_.size() - 1);
        if (item != last) check_scores(last_scores);
        bool const short_of_items = counts_.size() <= k_;  // then every list holds them all
        auto stale = drop(item);
        if (item != last) {
            drop(last);
            offer(item, last_scores);
        }
        counts_.pop_back();
        if (short_of_items) stale.clear();
        return stale;
    }

private:
    void require_row(std::size_t bank_row) const {
        require(bank_row < lists_.size(), error_code::out_of_range, "there is no row ", bank_row, " in a bank of ", lists_.size());
    }
    void check_scores(std::span<float const> scores) const {
        detail::require_size(scores.size(), lists_.size(), "an item");
        detail::require_finite(scores, "a score of the bank");
    }
    [[nodiscard]] std::vector<hit> checked(std::span<hit const> best) const {
        std::size_t const n = std::min(k_, counts_.size());
        require(best.size() >= n, error_code::invalid_argument, "a bank vector has ", best.size(), " best items instead of ", n);
        for (std::size_t i = 0; i < n; ++i) {
            require(best[i].row < counts_.size(), error_code::out_of_range, "there is no item ", best[i].row, " among ", counts_.size());
            require(std::isfinite(best[i].score), error_code::not_finite, "a score of the bank is ", best[i].score);
            require(i == 0 || ranks_before(best[i - 1], best[i]), error_code::invalid_argument, "the best items are not in order at place ",
                    i);
        }
        return {best.begin(), best.begin() + static_cast<std::ptrdiff_t>(n)};
    }
    [[nodiscard]] std::vector<hit> best_of(std::span<float const> scores) const {
        detail::require_size(scores.size(), counts_.size(), "a row of the bank");
        detail::require_finite(scores, "a score of the bank");
        std::vector<hit> all(scores.size());
        for (std::size_t g = 0; g < all.size(); ++g) all[g] = {static_cast<row_t>(g), scores[g]};
        auto const end = all.begin() + static_cast<std::ptrdiff_t>(std::min(k_, all.size()));
        std::partial_sort(all.begin(), end, all.end(), ranks_before);
        return {all.begin(), end};
    }

    void count(std::vector<hit> const& list, int change) noexcept {
        for (hit const& h : list) counts_[h.row] += static_cast<std::uint32_t>(change);
    }

    /// Puts the item into every list it belongs to.
    void offer(row_t item, std::span<float const> scores) {
        for (std::size_t b = 0; b < lists_.size(); ++b) {
            auto& list = lists_[b];
            hit const one{item, scores[b]};
            list.insert(std::upper_bound(list.begin(), list.end(), one, ranks_before), one);
            ++counts_[item];
            if (list.size() <= k_) continue;
            --counts_[list.back().row];
            list.pop_back();
        }
    }
    /// Takes the item out of every list; which ones they were.
    std::vector<std::size_t> drop(row_t item) {
        std::vector<std::size_t> from;
        for (std::size_t b = 0; b < lists_.size(); ++b)
            if (std::erase_if(lists_[b], [&](hit const& h) { return h.row == item; }) != 0) from.push_back(b);
        counts_[item] = 0;
        return from;
    }

    std::size_t k_;
    std::vector<std::uint32_t> counts_;
    std::vector<std::vector<hit>> lists_;
};

}  // namespace simile::score
