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
#include <limits>
#include <span>
#include <utility>
#include <vector>

/// Pairs of two sets that belong together, such as a sentence and its translation: a pair counts by how much closer it is than the neighbours of both
/// its ends are, which serves rows in dense regions and in thin ones alike. Everything here works on the k nearest of each side, from wherever they come.
/// Source  Artetxe, Schwenk, "Margin-based Parallel Corpus Mining with Multilingual Sentence Embeddings", ACL 2019.
namespace simile::mine {

/// The nearest rows of the other set for each row of one, best first; lists may be of different lengths, and empty.
class nearest_lists {
public:
    /// The list of the next row.
    /// @throws error not_finite for a score that is NaN or infinite, and nothing is added
    void add(std::span<hit const> nearest) {
        for (hit const& h : nearest) require(std::isfinite(h.score), error_code::not_finite, "the score of row ", h.row, " is ", h.score);
        hits_.insert(hits_.end(), nearest.begin(), nearest.end());
        ends_.push_back(hits_.size());
    }
    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    [[nodiscard]] std::span<hit const> operator[](std::size_t row) const noexcept {
        std::size_t const begin = row == 0 ? 0 : ends_[row - 1];
        return std::span(hits_).subspan(begin, ends_[row] - begin);
    }
    [[nodiscard]] std::span<hit const> hits() const noexcept { return hits_; }

private:
    std::vector<hit> hits_;
    std::vector<std::size_t> ends_;
};

/// Of each row of a matrix of scores the k best columns, ties by smaller column.
/// @param scores  [n, m], finite
/// @param k       at least 1; cut to m
/// @throws error invalid_argument, not_finite
[[nodiscard]] inline nearest_lists nearest_columns(matrix_view<float const> scores, std::size_t k) {
    require(k > 0, error_code::invalid_argument, "k is 0");
    require(all_finite(scores.values()), error_code::not_finite, "a score is NaN or infinite");
    nearest_lists out;
    std::vector<hit> row(scores.dims());
    auto const kept = static_cast<std::ptrdiff_t>(std::min(k, scores.dims()));
    for (std::size_t i = 0; i < scores.rows(); ++i) {
        for (std::size_t j = 0; j < row.size(); ++j) row[j] = {static_cast<row_t>(j), scores[i][j]};
        std::partial_sort(row.begin(), row.begin() + kept, row.end(), ranks_before);
        out.add(std::span(row).first(static_cast<std::size_t>(kept)));
    }
    return out;
}

/// The mean score of each list; 0 for an empty one.
[[nodiscard]] inline std::vector<double> neighbour_means(nearest_lists const& lists) {
    std::vector<double> out;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        double sum = 0;
        for (hit const& h : lists[i]) sum += double{h.score};
        out.push_back(lists[i].empty() ? 0 : sum / static_cast<double>(lists[i].size()));
    }
    return out;
}

enum class margin {
    absolute,  ///< the score itself
    distance,  ///< less the mean of both neighbourhoods (half of CSLS)
    ratio  ///< over that mean; where it is not above 1e-6, as in centred or unrelated data, the distance instead, since a quotient would turn the order
};

/// @param around  (mean of x's neighbours + mean of y's) / 2
[[nodiscard]] constexpr double margin_score(double score, double around, margin kind) noexcept {
    if (kind == margin::absolute) return score;
    return kind == margin::ratio && around > 1e-6 ? score / around : score - around;
}

struct mined_pair {
    row_t x, y;
    double score;
    friend bool operator==(mined_pair const&, mined_pair const&) = default;
};

/// Both directions of a search, and what the margins need of them: one number a row. Only pairs of which one is among the k nearest of the other are looked at.
class margin_miner {
public:
    /// @param forward   for each row of X its nearest of Y
    /// @param backward  for each row of Y its nearest of X
    /// @throws error out_of_range when a list names a row that the other set does not have
    margin_miner(nearest_lists forward, nearest_lists backward, margin kind = margin::ratio)
        : forward_(std::move(forward)),
          backward_(std::move(backward)),
          x_means_(neighbour_means(forward_)),
          y_means_(neighbour_means(backward_)),
          kind_(kind) {
        require_rows_below(forward_, backward_.size());
        require_rows_below(backward_, forward_.size());
    }

    [[nodiscard]] std::span<double const> x_means() const noexcept { return x_means_; }
    [[nodiscard]] std::span<double const> y_means() const noexcept { return y_means_; }

    /// The margin of a pair whose score is known.
    [[nodiscard]] double score(row_t x, row_t y, double raw) const noexcept {
        return margin_score(raw, (x_means_[x] + y_means_[y]) / 2, kind_);
    }

    /// The best y of each x, in the order of x; of equal ones the nearer. Rows without neighbours have none.
    [[nodiscard]] std::vector<mined_pair> forward() const {
        return best_of(forward_, [this](std::size_t x, hit const& h) { return pair_of(static_cast<row_t>(x), h.row, h); });
    }
    /// The best x of each y, in the order of y.
    [[nodiscard]] std::vector<mined_pair> backward() const {
        return best_of(backward_, [this](std::size_t y, hit const& h) { return pair_of(h.row, static_cast<row_t>(y), h); });
    }

    /// Pairs that are best in both directions, in the order of x: the surest.
    [[nodiscard]] std::vector<mined_pair> intersection() const {
        std::vector<row_t> best(backward_.size(), none);
        for (auto const& pair : backward()) best[pair.y] = pair.x;
        auto out = forward();
        std::erase_if(out, [&](mined_pair const& pair) { return best[pair.y] != pair.x; });
        return out;
    }

    /// Both directions together by falling score, ties by x and y; each row of either set is taken at most once. Most recall of those without repeats.
    [[nodiscard]] std::vector<mined_pair> max() const {
        auto all = forward();
        auto const back = backward();
        all.insert(all.end(), back.begin(), back.end());
        std::sort(all.begin(), all.end(), [](mined_pair const& a, mined_pair const& b) {
            return a.score > b.score || (a.score == b.score && (a.x < b.x || (a.x == b.x && a.y < b.y)));
        });
        std::vector<bool> x_used(forward_.size()), y_used(backward_.size());
        std::erase_if(all, [&](mined_pair const& pair) {
            if (x_used[pair.x] || y_used[pair.y]) return true;
            x_used[pair.x] = y_used[pair.y] = true;
            return false;
        });
        return all;
    }

private:
    static void require_rows_below(nearest_lists const& lists, std::size_t rows) {
        for (hit const& h : lists.hits()) require(h.row < rows, error_code::out_of_range, "a neighbour ", h.row, " of ", rows, " rows");
    }

    static constexpr row_t none = std::numeric_limits<row_t>::max();

    [[nodiscard]] mined_pair pair_of(row_t x, row_t y, hit const& h) const noexcept { return {x, y, score(x, y, double{h.score})}; }

    template <class Pair>
    [[nodiscard]] static std::vector<mined_pair> best_of(nearest_lists const& lists, Pair pair_of) {
        std::vector<mined_pair> out;
        for (std::size_t i = 0; i < lists.size(); ++i) {
            if (lists[i].empty()) continue;
            mined_pair best = pair_of(i, lists[i][0]);
            for (hit const& h : lists[i].subspan(1))
                if (mined_pair const other = pair_of(i, h); other.score > best.score) best = other;
            out.push_back(best);
        }
        return out;
    }

    nearest_lists forward_, backward_;
    std::vector<double> x_means_, y_means_;
    margin kind_;
};

struct mining_threshold {
    double threshold;  ///< keep pairs with a score of at least this
    double f1;         ///< of those with the gold pairs
};

/// The cut of mined pairs with the best F1: half way to the next score, or the last score when all are kept. Equal scores are kept or left together.
/// @param scores   [n], falling, finite
/// @param is_gold  [n]
/// @param gold     how many right pairs there are in all, at least those among the mined
/// @throws error dimension_mismatch, invalid_argument (no pairs, nothing gold, scores that rise), not_finite
[[nodiscard]] inline mining_threshold best_f1_threshold(std::span<double const> scores, std::span<std::uint8_t const> is_gold,
                                                        std::size_t gold) {
    require(scores.size() == is_gold.size(), error_code::dimension_mismatch, scores.size(), " scores, but ", is_gold.size(), " labels");
    auto const found = static_cast<std::size_t>(std::count_if(is_gold.begin(), is_gold.end(), [](std::uint8_t g) { return g != 0; }));
    require(!scores.empty() && gold > 0 && found <= gold, error_code::invalid_argument, found, " of ", gold, " right pairs among ",
            scores.size());
    mining_threshold best{scores[0], 0};
    std::size_t right = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        require(std::isfinite(scores[i]), error_code::not_finite, "score ", i, " is ", scores[i]);
        require(i == 0 || scores[i] <= scores[i - 1], error_code::invalid_argument, "score ", i, " is ", scores[i],
                ", above the one before");
        right += is_gold[i] != 0;
        bool const last = i + 1 == scores.size();
        if (!last && scores[i + 1] == scores[i]) continue;
        double const f1 = 2 * static_cast<double>(right) / static_cast<double>(i + 1 + gold);
        if (f1 > best.f1) best = {last ? scores[i] : scores[i] + (scores[i + 1] - scores[i]) / 2, f1};
    }
    return best;
}

}  // namespace simile::mine
