// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/executor.hpp>
#include <simile/core/hit.hpp>
#include <simile/core/progress.hpp>
#include <simile/core/rounded.hpp>
#include <simile/core/row_filter.hpp>
#include <simile/core/row_range.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/core/top_k.hpp>
#include <simile/quantize/codec.hpp>
#include <simile/simd/block_scores.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

namespace simile {

namespace score {
class relevance_model;
}

/// How to search. The defaults suit most programs.
struct search_options {
    /// Hits wanted, at least 1; cut to the number of rows.
    std::size_t k = 10;
    /// Rows that may be returned; all when null. Must be made for as many rows as the index has.
    row_filter const* filter = nullptr;
    /// Only these rows are looked at, which costs in proportion to their number: windows of a label that the rows are sorted by, or lists of a partition.
    /// In rising order, without overlap. Together with a filter both must allow a row. All rows when there is none.
    std::span<row_range const> ranges{};
    /// Taken off the score of every row, before hits are chosen: one number a row, such as a normalizer of score/ finds for hubs. Nothing when empty.
    /// Scores are then not brought into the range of the similarity, and `min_score` is compared with what is left. A row whose number is NaN is never found.
    std::span<float const> bias{};
    /// With a bias: the rows that are hubs for some query of the bank. Where the best row without the bias is none of them, nothing is taken off (Bogolin et al.,
    /// "Cross modal retrieval with querybank normalisation", CVPR 2022: dynamic inverted softmax). Always taken off when null.
    row_filter const* active = nullptr;
    /// Hits must score at least this. With k = size() that is a range search.
    float min_score = -std::numeric_limits<float>::infinity();
    /// Hits must be at least so relevant, in [0, 1], by `relevance` or the model of the index. With a bias, hits are chosen by what is left of their scores, and
    /// of these are dropped whose similarity tells too little relevance.
    double min_relevance = 0;
    /// Says what scores mean in the place of the index's own model.
    score::relevance_model const* relevance = nullptr;
    /// Runs parts of a search at the same time; the answer is the same.
    executor* threads = nullptr;
    /// progressive_index and refined_index only, in (0, 1]: how sure a stage of the cascade has to be that none of the k best is lost to the error of its estimates. From that
    /// follows how many candidates the next plane scores again. 1 scores every row with all planes.
    double recall = 0.99;
    /// search_many only: told after each part of up to 1,024 queries a thread.
    progress const* watch = nullptr;
};

/// Best first. `level` is how many planes the scores have seen: 1 for a flat index.
struct search_result {
    std::vector<hit> hits;
    unsigned level = 1;
    bool corrected = false;          ///< whether the bias was taken off: not without one, nor where search_options::active kept it
    std::vector<float> relevance{};  ///< of each hit, in [0, 1]; empty without a relevance model
};

/// From a codec's estimate to the score of the index. Codecs of directions know nothing of lengths: under dot and squared_l2 the index
/// keeps one norm a row.
struct score_rule {
    similarity_kind similarity = similarity_kind::cosine;
    float const* norms = nullptr;  ///< null: the estimate is the score
    float query_square = 0;
    float shift = 0;              ///< <q, mean> of a centred code space: added to every estimate
    float const* bias = nullptr;  ///< taken off the score of each row; null: nothing is

    [[nodiscard]] score_rule without_bias() const noexcept {
        score_rule out = *this;
        out.bias = nullptr;
        return out;
    }
    /// Ranks as the score does; squared_l2 lacks the same -|q|^2 everywhere until `finish`.
    /// e is <x / |x|, q>; 2 e is exact, so fusing cannot change n (2 e - n).
    [[nodiscard]] float operator()(float estimate, std::size_t row) const noexcept {
        estimate += shift;
        if (norms != nullptr)
            estimate = similarity == similarity_kind::dot ? estimate * norms[row] : norms[row] * (2 * estimate - norms[row]);
        return bias == nullptr ? estimate : rounded(estimate) - bias[row];
    }
    /// How much the score of a row changes with its estimate.
    [[nodiscard]] float slope(std::size_t row) const noexcept {
        if (norms == nullptr) return 1;
        return similarity == similarity_kind::dot ? norms[row] : 2 * norms[row];
    }
    /// Whether estimates are scores as they are.
    [[nodiscard]] bool is_plain() const noexcept { return norms == nullptr && shift == 0 && bias == nullptr; }
    /// A value of operator() that nothing with a final score of at least `score` lies below; `finish` sees to the rest.
    [[nodiscard]] float before_finish(float score) const noexcept {
        if (similarity == similarity_kind::cosine && bias == nullptr && score <= -1) return -std::numeric_limits<float>::infinity();
        if (similarity != similarity_kind::squared_l2 || norms == nullptr || !std::isfinite(score)) return score;
        double const square = static_cast<double>(query_square), value = static_cast<double>(score);
        constexpr double most = static_cast<double>(std::numeric_limits<float>::max());
        return static_cast<float>(std::clamp(value + square - (std::abs(value) + square) * 0x1p-22, -most, most));
    }
    void apply(quantize::block_scores& scores, std::size_t first_row, std::size_t rows) const noexcept {
        if (norms == nullptr && bias != nullptr && rows == block_rows) {
            for (std::size_t i = 0; i < block_rows; ++i) scores[i] = scores[i] + shift - bias[first_row + i];
        } else {
            for (std::size_t i = 0; i < rows; ++i) scores[i] = (*this)(scores[i], first_row + i);
        }
    }
    /// A score as users see it: of the similarity, and in its range unless there is a bias.
    [[nodiscard]] float finished(float score) const noexcept {
        if (similarity == similarity_kind::squared_l2 && norms != nullptr) score -= query_square;
        if (bias != nullptr) return score;
        if (similarity == similarity_kind::cosine) return std::clamp(score, -1.0F, 1.0F);
        return similarity == similarity_kind::squared_l2 ? std::min(score, 0.0F) + 0.0F : score;  // no -0
    }
    /// Finishes the scores, drops what is then below `least`, and keeps the order of hits.
    void finish(std::vector<hit>& hits, float least) const {
        for (hit& h : hits) h.score = finished(h.score);
        std::erase_if(hits, [&](hit const& h) { return h.score < least; });
        std::sort(hits.begin(), hits.end(), ranks_before);
    }
};

namespace detail {

inline void prefetch([[maybe_unused]] void const* address) noexcept {
#if defined(__GNUC__) && !defined(__wasm__)
    __builtin_prefetch(address);
#endif
}

/// The blocks that a search looks at, in order, each with the rows that take part. Without ranges these are all; a block in which two ranges meet comes twice.
class block_walk {
public:
    block_walk(std::size_t rows, search_options const& options) : rows_(rows), filter_(options.filter) {
        row_range const all{0, static_cast<row_t>(rows)};
        for (row_range const& r : options.ranges.empty() ? std::span(&all, 1) : options.ranges) {
            if (r.first >= r.last) continue;
            parts_.push_back({r, size_});
            size_ += (r.last - 1) / block_rows - r.first / block_rows + 1;
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// Calls f(block, mask) for the positions begin .. end - 1 whose mask is not empty.
    template <class F>
    void visit(std::size_t begin, std::size_t end, F f) const {
        auto part =
            std::upper_bound(parts_.begin(), parts_.end(), begin, [](std::size_t at, part_of_walk const& p) { return at < p.begin; });
        for (std::size_t at = begin; at < end; ++at) {
            while (part != parts_.end() && part->begin <= at) ++part;
            part_of_walk const& in = *std::prev(part);
            std::size_t const block = in.range.first / block_rows + (at - in.begin);
            if (std::uint32_t const mask = block_mask(block, rows_, filter_) & inside(in.range, block); mask != 0) f(block, mask);
        }
    }

private:
    struct part_of_walk {
        row_range range;
        std::size_t begin;
    };
    [[nodiscard]] static std::uint32_t inside(row_range const& r, std::size_t block) noexcept {
        std::size_t const first = block * block_rows;
        std::uint32_t mask = ~std::uint32_t{0};
        if (r.first > first) mask &= ~std::uint32_t{0} << (r.first - first);
        if (r.last < first + block_rows) mask &= ~std::uint32_t{0} >> (first + block_rows - r.last);
        return mask;
    }

    std::size_t rows_;
    row_filter const* filter_;
    std::vector<part_of_walk> parts_;
    std::size_t size_ = 0;
};

/// Cuts a walk into one task a thread and merges what they found into the first.
template <class Found, class SearchRange>
[[nodiscard]] Found over_blocks(std::size_t blocks, executor* threads, Found const& empty, SearchRange search_range) {
    std::size_t const tasks = threads == nullptr ? 1 : std::min(threads->concurrency(), std::max<std::size_t>(1, blocks / 64));
    std::vector<Found> parts(tasks, empty);
    auto const run = [&](std::size_t t) { search_range(blocks * t / tasks, blocks * (t + 1) / tasks, parts[t]); };
    if (tasks == 1)
        run(0);
    else
        threads->run(tasks, run);
    for (std::size_t t = 1; t < tasks; ++t) parts[0].merge(parts[t]);
    return std::move(parts[0]);
}

/// Scores every block with `scan(block, threshold, scores)`, which says which rows reach the threshold, and keeps the best k; blocks of which no row takes
/// part are not looked at.
template <class Scan>
[[nodiscard]] std::vector<hit> best_of_blocks(std::size_t rows, search_options const& options, score_rule const& rule, Scan scan) {
    block_walk const walk(rows, options);
    auto const search_range = [&](std::size_t begin, std::size_t end, top_k& best) {
        quantize::block_scores scores;
        walk.visit(begin, end, [&](std::size_t b, std::uint32_t mask) {
            auto const first = static_cast<row_t>(b * block_rows);
            if (rule.is_plain()) {
                if (std::uint32_t const found = mask & scan(b, best.threshold(), scores); found != 0) best.push_block(first, scores, found);
                return;
            }
            static_cast<void>(scan(b, 0.0F, scores));
            rule.apply(scores, first, std::min(block_rows, rows - first));
            best.push_block(first, scores, mask & simd::reaching(default_arch{}, scores.data(), best.threshold()));
        });
    };
    return over_blocks(walk.size(), options.threads, top_k(options.k, rule.before_finish(options.min_score)), search_range).take();
}

/// Whether the bias is to be taken off, given the hits without it.
[[nodiscard]] inline bool opens(row_filter const& active, std::vector<hit> const& hits) noexcept {
    return !hits.empty() && active.allows(hits.front().row);
}

/// The best k of both, with the bias and without, from one look at every block; then the one that `options.active` asks for.
template <class Scan>
[[nodiscard]] search_result best_of_two(std::size_t rows, search_options const& options, score_rule const& rule, Scan scan) {
    struct selections {
        void merge(selections const& other) {
            plain.merge(other.plain);
            corrected.merge(other.corrected);
        }
        top_k plain, corrected;
    };
    score_rule const raw = rule.without_bias();
    block_walk const walk(rows, options);
    auto const search_range = [&](std::size_t begin, std::size_t end, selections& best) {
        quantize::block_scores scores;
        walk.visit(begin, end, [&](std::size_t b, std::uint32_t mask) {
            auto const first = static_cast<row_t>(b * block_rows);
            std::size_t const count = std::min(block_rows, rows - first);
            std::uint32_t reaching = scan(b, raw.is_plain() ? best.plain.threshold() : 0.0F, scores);
            if (!raw.is_plain()) {
                raw.apply(scores, first, count);
                reaching = simd::reaching(default_arch{}, scores.data(), best.plain.threshold());
            }
            best.plain.push_block(first, scores, mask & reaching);
            for (std::size_t i = 0; i < count; ++i) scores[i] -= rule.bias[first + i];
            best.corrected.push_block(first, scores, mask & simd::reaching(default_arch{}, scores.data(), best.corrected.threshold()));
        });
    };
    // Without its least score, for it has to be known which row is the best.
    auto found = over_blocks(walk.size(), options.threads,
                             selections{top_k(options.k), top_k(options.k, rule.before_finish(options.min_score))}, search_range);
    auto plain = found.plain.take();
    if (!opens(*options.active, plain)) return {.hits = std::move(plain)};
    return {.hits = found.corrected.take(), .corrected = true};
}

/// `search(rule, options)` with the bias or without, as `options.active` asks for: up to two searches, for an index of stages.
template <class Search>
[[nodiscard]] search_result as_asked(search_options const& options, score_rule const& rule, Search search) {
    if (rule.bias != nullptr && options.active != nullptr) {
        search_options all =
            options;  // which row is the best has to be known whatever it scores; vector_index drops what scores too little
        all.min_score = -std::numeric_limits<float>::infinity();
        if (auto plain = search(rule.without_bias(), all); !opens(*options.active, plain.hits)) return plain;
    }
    auto out = search(rule, options);
    out.corrected = rule.bias != nullptr;
    return out;
}

}  // namespace detail
}  // namespace simile
