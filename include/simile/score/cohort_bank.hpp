// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>
#include <simile/score/cohort.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace simile::score {

/// The item side of z- and s-norm over a whole cohort, while cohort and items come and go: two doubles an item.
///
/// Items are rows 0 .. items() - 1 as in an index: removing one gives its row to the last.
/// Error     after any additions and removals within 1e-6 of what remains gives at once, for scores of magnitude up to 1.
/// Source    Welford, "Note on a method for calculating corrected sums of squares and products", 1962, in both directions.
class cohort_bank {
public:
    explicit cohort_bank(std::size_t items = 0) : states_(items) {}

    [[nodiscard]] std::size_t items() const noexcept { return states_.size(); }
    [[nodiscard]] std::size_t cohort_size() const noexcept { return rows_; }

    /// One of the cohort, by its score with every item.
    /// @throws error not_finite, dimension_mismatch
    void add_row(std::span<float const> scores) {
        check(scores, items(), "a row of the cohort");
        ++rows_;
        for (std::size_t g = 0; g < scores.size(); ++g) states_[g].add(double{scores[g]}, rows_);
    }
    /// Takes one of the cohort out, by the same scores.
    void remove_row(std::span<float const> scores) {
        check(scores, items(), "a row of the cohort");
        require(rows_ > 0, error_code::invalid_argument, "the cohort has no row to remove");
        for (std::size_t g = 0; g < scores.size(); ++g) states_[g].remove(double{scores[g]}, rows_);
        --rows_;
    }
    /// A new item, by its score with every one of the cohort.
    void add_item(std::span<float const> scores) {
        check(scores, rows_, "a new item");
        state fresh;
        for (std::size_t c = 0; c < scores.size(); ++c) fresh.add(double{scores[c]}, c + 1);
        states_.push_back(fresh);
    }
    /// The last item takes its row.
    void remove_item(row_t item) {
        require_item(item);
        states_[item] = states_.back();
        states_.pop_back();
    }

    /// An empty cohort leaves scores as they are.
    [[nodiscard]] cohort_moments moments(row_t item, double floor = smallest_cohort_deviation) const {
        require_item(item);
        detail::require_positive(floor, "the smallest deviation");
        if (rows_ == 0) return {};
        return {states_[item].mean, std::max(floor, std::sqrt(states_[item].squares / static_cast<double>(rows_)))};
    }

private:
    struct state {
        double mean = 0, squares = 0;

        /// @param n  how many there are then
        void add(double s, std::size_t n) noexcept {
            double const before = s - mean;
            mean += before / static_cast<double>(n);
            squares += before * (s - mean);
        }
        /// @param n  how many there were
        void remove(double s, std::size_t n) noexcept {
            if (n == 1) return void(*this = {});
            double const now = s - mean;
            mean -= now / static_cast<double>(n - 1);
            squares = std::max(0.0, squares - now * (s - mean));
        }
    };

    void require_item(row_t item) const {
        require(item < items(), error_code::out_of_range, "there is no item ", item, " among ", items());
    }
    static void check(std::span<float const> scores, std::size_t expected, std::string_view what) {
        detail::require_size(scores.size(), expected, what);
        detail::require_finite(scores, "a score with the cohort");
    }

    std::size_t rows_ = 0;
    std::vector<state> states_;
};

}  // namespace simile::score
