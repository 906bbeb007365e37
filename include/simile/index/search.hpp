// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/executor.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/progress.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/core/top_k.hpp>
#include <simile/quantize/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace simile {

/// How to search. The defaults suit most programs.
struct search_options {
    /// Hits wanted, at least 1; cut to the number of rows.
    std::size_t k = 10;
    /// Rows that may be returned; all when null. Must be made for as many rows as the index has.
    row_filter const* filter = nullptr;
    /// Runs parts of a search at the same time; the answer is the same.
    executor* threads = nullptr;
    /// progressive_index only: candidates that plane 1, then plane 2 score again. 0: 10 k but at least 100, and 2 k but at least 20.
    std::size_t keep_first = 0;
    std::size_t keep_second = 0;
    /// search_many only: told after each query.
    progress const* watch = nullptr;
};

/// Best first. `level` is how many planes the scores have seen: 1 for a flat index.
struct search_result {
    std::vector<hit> hits;
    unsigned level = 1;
};

/// From a codec's estimate to the score of the index. Codecs of directions know nothing of lengths: under dot and squared_l2 the index
/// keeps one norm a row.
struct score_rule {
    similarity_kind similarity = similarity_kind::cosine;
    float const* norms = nullptr;  ///< null: the estimate is the score
    float query_square = 0;

    /// Ranks as the score does; squared_l2 lacks the same -|q|^2 everywhere until `finish`.
    /// e is <x / |x|, q>; 2 e is exact, so fusing cannot change n (2 e - n).
    [[nodiscard]] float operator()(float estimate, std::size_t row) const noexcept {
        if (norms == nullptr) return estimate;
        return similarity == similarity_kind::dot ? estimate * norms[row] : norms[row] * (2 * estimate - norms[row]);
    }
    void apply(quantize::block_scores& scores, std::size_t first_row, std::size_t rows) const noexcept {
        if (norms == nullptr) return;
        for (std::size_t i = 0; i < rows; ++i) scores[i] = (*this)(scores[i], first_row + i);
    }
    /// Brings scores into their range and keeps the order of hits.
    void finish(std::vector<hit>& hits) const {
        for (hit& h : hits) {
            if (similarity == similarity_kind::cosine) h.score = std::clamp(h.score, -1.0F, 1.0F);
            if (similarity == similarity_kind::squared_l2) h.score = std::min(norms == nullptr ? h.score : h.score - query_square, 0.0F) + 0.0F;  // no -0
        }
        std::sort(hits.begin(), hits.end(), ranks_before);
    }
};

namespace detail {

/// Scores every block with `scan(block, scores)` and keeps the best k; blocks that the filter empties are not looked at.
template <class Scan>
[[nodiscard]] std::vector<hit> best_of_blocks(std::size_t rows, std::size_t k, search_options const& options, score_rule const& rule, Scan scan) {
    auto const search_range = [&](std::size_t first, std::size_t last) {
        top_k best(k);
        quantize::block_scores scores;
        for (std::size_t b = first; b < last; ++b) {
            std::uint32_t const mask = block_mask(b, rows, options.filter);
            if (mask == 0) continue;
            scan(b, scores);
            rule.apply(scores, b * block_rows, std::min(block_rows, rows - b * block_rows));
            best.push_block(static_cast<row_t>(b * block_rows), scores, mask);
        }
        return best;
    };
    std::size_t const blocks = blocks_of(rows);
    std::size_t const tasks = options.threads == nullptr ? 1 : std::min(options.threads->concurrency(), std::max<std::size_t>(1, blocks / 64));
    if (tasks == 1) return search_range(0, blocks).take();
    std::vector<top_k> parts(tasks, top_k(0));
    options.threads->run(tasks, [&](std::size_t t) { parts[t] = search_range(blocks * t / tasks, blocks * (t + 1) / tasks); });
    for (std::size_t t = 1; t < tasks; ++t) parts[0].merge(parts[t]);
    return parts[0].take();
}

}  // namespace detail
}  // namespace simile
