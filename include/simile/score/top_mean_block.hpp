// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/hit.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace simile::score {

/// top_mean_of() for a block of items at once, which a scan calls with the block's scores for the whole bank. A few bisections, which look at all scores
/// a vector at a time, leave few candidates for each item's k-th largest; only those are sorted. For a bank of 1,000 several times as fast as item by item.
///
/// Owns the memory that it works in: keep one a thread.
/// Exact: the largest k of each item, summed in double: within 2 k 2^-53 of the sum of their magnitudes.
class top_mean_block {
public:
    /// @param scores  [rows][block_rows], finite, a row for each vector of the bank; no rows: zeros
    /// @param k       at least 1, cut to the rows
    void operator()(std::span<float const> scores, std::size_t k, std::span<double, block_rows> out) {
        assert(k > 0 && scores.size() % block_rows == 0);
        std::size_t const rows = scores.size() / block_rows;
        std::fill(out.begin(), out.end(), 0.0);
        if (rows == 0) return;
        wanted_ = static_cast<std::int32_t>(std::min(k, rows));
        bracket(scores);
        for (int step = 0; step < 12 && candidates(static_cast<std::int32_t>(rows)) > few; ++step) bisect(scores);
        gather(scores, out);
        for (std::size_t i = 0; i < block_rows; ++i)
            out[i] = (out[i] + best_of(lists_[i], wanted_ - above_[i])) / static_cast<double>(wanted_);
    }

private:
    using counts = std::array<std::int32_t, block_rows>;
    using values = std::array<float, block_rows>;

    static constexpr std::int32_t few = 12 * block_rows;

    /// Item i has above_[i] <= wanted_ scores above top_[i] and at least wanted_ above under_[i].
    void bracket(std::span<float const> scores) noexcept {
        values low, top;
        low.fill(std::numeric_limits<float>::infinity());
        top.fill(-std::numeric_limits<float>::infinity());
        for (std::size_t at = 0; at < scores.size(); at += block_rows)
            for (std::size_t i = 0; i < block_rows; ++i) {
                float const s = scores[at + i];
                low[i] = s < low[i] ? s : low[i];
                top[i] = s > top[i] ? s : top[i];
            }
        low_ = low;
        top_ = top;
        under_.fill(-std::numeric_limits<float>::infinity());
        above_.fill(0);
        over_.fill(static_cast<std::int32_t>(scores.size() / block_rows));
    }
    [[nodiscard]] std::int32_t candidates(std::int32_t rows) const noexcept {
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < block_rows; ++i) sum += above_[i] == wanted_ ? 0 : std::min(rows, over_[i] - above_[i]);
        return sum;
    }
    void bisect(std::span<float const> scores) noexcept {
        values middle;
        counts reached{};
        for (std::size_t i = 0; i < block_rows; ++i) middle[i] = low_[i] / 2 + top_[i] / 2;
        for (std::size_t at = 0; at < scores.size(); at += block_rows)
            for (std::size_t i = 0; i < block_rows; ++i) reached[i] += scores[at + i] > middle[i] ? 1 : 0;
        for (std::size_t i = 0; i < block_rows; ++i) {
            if (above_[i] == wanted_) continue;
            if (reached[i] > wanted_) {
                low_[i] = under_[i] = middle[i];
                over_[i] = reached[i];
            } else {
                top_[i] = middle[i];
                above_[i] = reached[i];
            }
        }
    }
    /// Sums up what is above top_ and lists what is between under_ and that.
    void gather(std::span<float const> scores, std::span<double, block_rows> sums) {
        for (auto& list : lists_) list.clear();
        for (std::size_t i = 0; i < block_rows; ++i)
            if (above_[i] == wanted_) under_[i] = top_[i];
        values const under = under_, top = top_;
        std::array<double, block_rows> total{};
        for (std::size_t at = 0; at < scores.size(); at += block_rows) {
            values above;
            counts between;
            for (std::size_t i = 0; i < block_rows; ++i) above[i] = scores[at + i] > top[i] ? scores[at + i] : 0.0F;
            for (std::size_t i = 0; i < block_rows; ++i) total[i] += double{above[i]};
            for (std::size_t i = 0; i < block_rows; ++i)
                between[i] = (scores[at + i] > under[i] ? 1 : 0) & (scores[at + i] <= top[i] ? 1 : 0);
            std::int32_t any = 0;
            for (std::size_t i = 0; i < block_rows; ++i) any |= between[i];
            if (any == 0) continue;
            for (std::size_t i = 0; i < block_rows; ++i)
                if (between[i] != 0) lists_[i].push_back(scores[at + i]);
        }
        std::copy(total.begin(), total.end(), sums.begin());
    }
    [[nodiscard]] static double best_of(std::vector<float>& list, std::int32_t n) {
        assert(n >= 0 && static_cast<std::size_t>(n) <= list.size());
        std::partial_sort(list.begin(), list.begin() + n, list.end(), std::greater<>());
        double sum = 0;
        for (std::int32_t i = 0; i < n; ++i) sum += double{list[static_cast<std::size_t>(i)]};
        return sum;
    }

    std::int32_t wanted_ = 0;
    values low_, top_, under_;  // low_: the smallest score until under_ is one
    counts above_, over_;       // how many scores are above top_ and under_
    std::array<std::vector<float>, block_rows> lists_;
};

}  // namespace simile::score
